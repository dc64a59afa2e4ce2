// SPDX-License-Identifier: MIT
#include "nebula/threading/detail/panic.hpp"

#include "nebula/base/exception_text.hpp"
#include "nebula/base/log.hpp"

#include <string>

namespace nebula::detail {
namespace {

void log_panic(const PanicInfo& info) {
    std::string line(info.worker_name);
    line.append(": task \"").append(info.task_name).append("\" failed: ").append(info.message);
    log(LogLevel::Error, line);
}

}  // namespace

void tell_panic(const PanicHandler& handler, const std::exception_ptr& exception,
                std::string_view worker_name, const char* task_name) {
    const std::string message = exception_text(exception);
    const PanicInfo info{message, exception, worker_name,
                         task_name != nullptr ? task_name : "unnamed"};
    handler ? handler(info) : log_panic(info);
}

}  // namespace nebula::detail
