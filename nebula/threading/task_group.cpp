// SPDX-License-Identifier: MIT
#include "nebula/threading/task_group.hpp"

#include "nebula/base/assert.hpp"
#include "nebula/threading/detail/pool_core.hpp"
#include "nebula/threading/nesting.hpp"
#include "nebula/threading/worker_pool.hpp"

namespace nebula {
namespace {

// A closure that could not be queued is destroyed uncalled.
template <class Queue>
void queue_or_drop(detail::TaskSlot& closure, Queue&& queue) {
    try {
        queue();
    } catch (...) {
        closure.drop();
        throw;
    }
}

}  // namespace

TaskGroup::TaskGroup(WorkerPool& pool, Band band, OnError on_error)
    : state_((detail::require_stack(), &pool.core_->open_group(band))) {
    state_->cancel_on_error(on_error == OnError::CancelRest);
}

TaskGroup::~TaskGroup() {
    wait();
    const detail::TaskError error = state_->take_error();
    if (error.exception != nullptr) state_->pool().report(error);
    state_->pool().close_group(*state_);
}

void TaskGroup::spawn_elsewhere(detail::TaskSlot& task, bool for_owner) {
    queue_or_drop(task, [&] { state_->spawn_elsewhere(task, for_owner); });
}

void TaskGroup::spawn_run(detail::TaskSlot& closure, detail::TaskChunk::BatchCall call,
                          std::size_t begin, std::uint32_t size) {
    queue_or_drop(closure, [&] { state_->spawn_batch(closure, call, begin, size); });
}

std::size_t TaskGroup::helper_count() const noexcept { return state_->pool().size(); }

bool TaskGroup::wait_until(Clock::time_point deadline, Help help) noexcept {
    NEBULA_ASSERT(state_->is_owner_thread(),
                  "only the thread that created a TaskGroup may wait for it");
    const detail::NestedWait nested;
    return state_->pool().wait_for_group(*state_, deadline, help);
}

void TaskGroup::wait(Help help) noexcept { (void)wait_until(Clock::time_point::max(), help); }

std::exception_ptr TaskGroup::take_exception() noexcept { return state_->take_error().exception; }

void TaskGroup::rethrow_first() {
    if (const std::exception_ptr exception = take_exception()) std::rethrow_exception(exception);
}

}  // namespace nebula
