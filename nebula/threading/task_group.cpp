// SPDX-License-Identifier: MIT
#include "nebula/threading/task_group.hpp"

#include "nebula/threading/detail/pool_core.hpp"
#include "nebula/threading/worker_pool.hpp"

namespace nebula {

TaskGroup::TaskGroup(WorkerPool& pool, Band band)
    : state_(new detail::GroupState(*pool.core_, band, pool.core_->size())), band_(band) {}

TaskGroup::~TaskGroup() {
    wait();
    const detail::GroupError error = state_->take_error();
    if (error.exception != nullptr) state_->pool().report(error);
    state_->release();
}

void TaskGroup::spawn_task(detail::TaskNode* task) noexcept {
    state_->pool().spawn_in_group(*state_, task);
}

bool TaskGroup::wait_until(Clock::time_point deadline) noexcept {
    return state_->pool().wait_for_group(*state_, deadline);
}

void TaskGroup::wait() noexcept { (void)wait_until(Clock::time_point::max()); }

std::size_t TaskGroup::pending() const noexcept { return state_->pending(); }

std::exception_ptr TaskGroup::take_exception() noexcept { return state_->take_error().exception; }

void TaskGroup::rethrow_first() {
    if (const std::exception_ptr exception = take_exception()) std::rethrow_exception(exception);
}

}  // namespace nebula
