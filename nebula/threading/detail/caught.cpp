// SPDX-License-Identifier: MIT
#include "nebula/threading/detail/caught.hpp"

#include "nebula/threading/detail/pool_core.hpp"
#include "nebula/threading/worker_pool.hpp"

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
    pool.core_->report({std::move(error), PoolCore::this_thread_name(), task_name});
}

}  // namespace nebula::detail
