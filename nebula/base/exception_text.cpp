// SPDX-License-Identifier: MIT
#include "nebula/base/exception_text.hpp"

#include <cxxabi.h>

#include <cstdlib>
#include <memory>
#include <string_view>
#include <typeinfo>

namespace nebula {
namespace {

// For the current exception.
std::string current_type_name() {
    const std::type_info* const type = abi::__cxa_current_exception_type();
    if (type == nullptr) return "unknown";
    int status = 0;
    const std::unique_ptr<char, void (*)(void*)> readable(
        abi::__cxa_demangle(type->name(), nullptr, nullptr, &status), std::free);
    return readable != nullptr ? readable.get() : type->name();
}

// For the current exception.
std::string words_or_type(std::string_view words) {
    return words.empty() ? "an exception of type " + current_type_name() : std::string(words);
}
// An empty text counts as null.
std::string_view view_of(const char* words) { return words != nullptr ? words : ""; }

}  // namespace

std::string exception_text(const std::exception_ptr& exception) {
    try {
        std::rethrow_exception(exception);
    } catch (const std::exception& e) {
        return words_or_type(view_of(e.what()));
    } catch (const std::string& text) {
        return words_or_type(text);
    } catch (const char* text) {
        return words_or_type(view_of(text));
    } catch (...) {
        return words_or_type({});
    }
}

}  // namespace nebula
