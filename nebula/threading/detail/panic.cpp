// SPDX-License-Identifier: MIT
#include "nebula/threading/detail/panic.hpp"

#include "nebula/base/log.hpp"

#include <cxxabi.h>

#include <cstdlib>
#include <memory>
#include <string>

namespace nebula::detail {
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

std::string describe(const std::exception_ptr& exception) {
    try {
        std::rethrow_exception(exception);
    } catch (const std::exception& e) {
        return e.what();
    } catch (const std::string& text) {
        return text;
    } catch (const char* text) {
        return text != nullptr ? text : "a null string";
    } catch (...) {
        return "an exception of type " + current_type_name();
    }
}

void log_panic(const PanicInfo& info) {
    std::string line(info.worker_name);
    line.append(": task \"").append(info.task_name).append("\" failed: ").append(info.message);
    log(LogLevel::Error, line);
}

}  // namespace

void tell_panic(const PanicHandler& handler, const std::exception_ptr& exception,
                std::string_view worker_name, const char* task_name) {
    const std::string message = describe(exception);
    const PanicInfo info{message, exception, worker_name,
                         task_name != nullptr ? task_name : "unnamed"};
    handler ? handler(info) : log_panic(info);
}

}  // namespace nebula::detail
