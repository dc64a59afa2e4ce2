// SPDX-License-Identifier: MIT
#include "nebula/threading/detail/caught.hpp"

#include "nebula/base/exception_text.hpp"
#include "nebula/base/log.hpp"
#include "nebula/threading/detail/pool_core.hpp"
#include "nebula/threading/worker_pool.hpp"

#include <string>
#include <utility>

namespace nebula::detail {

std::exception_ptr run_caught(void (*call)(void*), void* context) noexcept {
    try {
        call(context);
        return nullptr;
    } catch (...) {
        return std::current_exception();
    }
}

void log_destructor_error(const std::exception_ptr& error, const char* task_name) noexcept {
    if (error == nullptr) return;
    try {
        log(LogLevel::Error, std::string("task \"") +
                                 (task_name != nullptr ? task_name : "unnamed") +
                                 "\" was dropped before it ran, and the destructor of something "
                                 "that its closure captures threw: " +
                                 exception_text(error));
    } catch (...) {  // no memory for a message about an error
    }
}

void report_lost_error(WorkerPool& pool, std::exception_ptr error, const char* task_name) noexcept {
    pool.core_->report({std::move(error), PoolCore::this_thread_name(), task_name});
}

}  // namespace nebula::detail
