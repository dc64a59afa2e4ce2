// SPDX-License-Identifier: MIT
#include "nebula/threading/detail/task_trace.hpp"

#include "nebula/threading/worker_pool.hpp"

namespace nebula::detail {

void TaskTrace::begin() const noexcept {
    hooks_->task_begin(name_, WorkerPool::current_worker_index());
}

void TaskTrace::end() const noexcept {
    hooks_->task_end(name_, WorkerPool::current_worker_index());
}

}  // namespace nebula::detail
