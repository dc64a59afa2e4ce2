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
    try {
        // A task that fails with it: the pool knows its handler and its workers' names.
        pool.spawn([error] { std::rethrow_exception(error); }, {.name = task_name});
    } catch (...) {
        const std::string message = describe(error);
        log_panic({message, error, "caller", task_name != nullptr ? task_name : "unnamed"});
    }
}

}  // namespace nebula::detail
