// SPDX-License-Identifier: MIT
#include "nebula/threading/detail/caught.hpp"

#include "nebula/threading/detail/panic.hpp"
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

void report_lost_error(WorkerPool& pool, std::exception_ptr error, const char* task_name) noexcept {
    // A task that fails with it: the pool knows its handler and its workers' names. It gets the one
    // reference there is, so that the exception ends on its thread.
    struct Fail {
        void operator()() const { std::rethrow_exception(error); }
        std::exception_ptr error;
    } fail{std::move(error)};
    try {
        pool.spawn(std::move(fail), {.name = task_name});
    } catch (...) {
        // No memory for the task, and so nothing was moved.
        const std::string message = describe(fail.error);  // NOLINT(bugprone-use-after-move)
        log_panic({message, fail.error, "caller", task_name != nullptr ? task_name : "unnamed"});
    }
}

}  // namespace nebula::detail
