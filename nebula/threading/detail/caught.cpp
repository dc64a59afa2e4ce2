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

namespace {

// A task that fails with it: the pool knows its handler and its workers' names.
struct FailsWith {
    std::exception_ptr error;
    void operator()() const { std::rethrow_exception(error); }
};

}  // namespace

void report_lost_error(WorkerPool& pool, std::exception_ptr error, const char* task_name) noexcept {
    // Handed over whole: the count of an exception is kept in the standard library, where the
    // thread sanitizer does not see who was last.
    FailsWith task{std::move(error)};
    try {
        pool.spawn(std::move(task), {.name = task_name});
    } catch (...) {
        // No memory for the task; nothing was moved out of this one.
        const std::string message = describe(task.error);  // NOLINT(bugprone-use-after-move)
        log_panic({message, task.error, "caller", task_name != nullptr ? task_name : "unnamed"});
    }
}

}  // namespace nebula::detail
