// SPDX-License-Identifier: MIT
#include "nebula/base/exception_text.hpp"

#include <cxxabi.h>

#include <cstdlib>
#include <memory>
#include <typeinfo>

namespace nebula {
namespace {

// Of the exception being handled.
std::string current_type_name() {
    const std::type_info* const type = abi::__cxa_current_exception_type();
    if (type == nullptr) return "unknown";
    int status = 0;
    const std::unique_ptr<char, void (*)(void*)> readable(
        abi::__cxa_demangle(type->name(), nullptr, nullptr, &status), std::free);
    return readable != nullptr ? readable.get() : type->name();
}

// The same.
std::string words_or_type(const char* words) {
    if (words != nullptr && *words != '\0') return words;
    return "an exception of type " + current_type_name();
}

}  // namespace

std::string exception_text(const std::exception_ptr& exception) {
    try {
        std::rethrow_exception(exception);
    } catch (const std::exception& e) {
        return words_or_type(e.what());
    } catch (const std::string& text) {
        return words_or_type(text.c_str());
    } catch (const char* text) {
        return words_or_type(text);
    } catch (...) {
        return words_or_type(nullptr);
    }
}

}  // namespace nebula
