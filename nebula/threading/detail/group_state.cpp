// SPDX-License-Identifier: MIT
#include "nebula/threading/detail/group_state.hpp"

#include "nebula/base/assert.hpp"
#include "nebula/base/yield_point.hpp"

#include <utility>

namespace nebula::detail {

void GroupState::release() noexcept {
    // acq_rel: each release pairs with the last one, which deletes after all others' accesses.
    if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
}

bool GroupState::add(TaskNode* task) noexcept {
    bool wants_ticket = false;
    bool wake = false;
    {
        const MutexLock lock(mutex_);
        (youngest_ != nullptr ? youngest_->next : oldest_) = task;
        youngest_ = task;
        // Relaxed: written under the lock; only its zero, stored in end(), tells others anything.
        pending_.store(pending_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
        wants_ticket = tickets_ < max_tickets_;
        if (wants_ticket) {
            ++tickets_;
            // Relaxed: we hold a reference ourselves, so the count cannot reach zero meanwhile.
            references_.fetch_add(1, std::memory_order_relaxed);
        }
        wake = std::exchange(waiting_, false);
        if (wake) latch_.advance();
    }
    NEBULA_YIELD_POINT();
    if (wake) latch_.wake();
    return wants_ticket;
}

TaskNode* GroupState::take_by_ticket() noexcept {
    const MutexLock lock(mutex_);
    TaskNode* const task = pop();
    if (task == nullptr) --tickets_;
    return task;
}

TaskNode* GroupState::finish_and_take(GroupError&& error) noexcept {
    TaskNode* task = nullptr;
    bool wake = false;
    {
        const MutexLock lock(mutex_);
        end(std::move(error));
        wake = last_one_must_wake();
        task = pop();
        if (task == nullptr) --tickets_;
    }
    NEBULA_YIELD_POINT();
    if (wake) latch_.wake();  // our ticket's reference keeps the latch
    return task;
}

bool GroupState::finish_and_keep_ticket(GroupError&& error) noexcept {
    bool keep = false;
    bool wake = false;
    {
        const MutexLock lock(mutex_);
        end(std::move(error));
        wake = last_one_must_wake();
        keep = oldest_ != nullptr;
        if (!keep) --tickets_;
    }
    NEBULA_YIELD_POINT();
    if (wake) latch_.wake();
    return keep;
}

GroupState::Turn GroupState::next_turn(bool finished, GroupError&& error, bool may_start) noexcept {
    const MutexLock lock(mutex_);
    if (finished) end(std::move(error));
    Turn turn{pending_.load(std::memory_order_relaxed) == 0, nullptr, 0};  // under the lock
    if (turn.all_ended) return turn;
    if (may_start) turn.task = pop();
    if (turn.task == nullptr) {
        waiting_ = true;
        turn.epoch = latch_.epoch();
    }
    return turn;
}

void GroupState::stop_waiting() noexcept {
    const MutexLock lock(mutex_);
    waiting_ = false;
}

GroupError GroupState::take_error() noexcept {
    const MutexLock lock(mutex_);
    return std::exchange(error_, {});
}

TaskNode* GroupState::pop() noexcept {
    TaskNode* const task = oldest_;
    if (task == nullptr) return nullptr;
    oldest_ = task->next;
    if (oldest_ == nullptr) youngest_ = nullptr;
    task->next = nullptr;
    return task;
}

void GroupState::end(GroupError&& error) noexcept {
    if (error.exception != nullptr && error_.exception == nullptr) error_ = std::move(error);
    // Release pairs with the acquire in pending(). (The load: under the lock.)
    pending_.store(pending_.load(std::memory_order_relaxed) - 1, std::memory_order_release);
}

bool GroupState::last_one_must_wake() noexcept {
    if (pending_.load(std::memory_order_relaxed) != 0 || !waiting_) return false;  // under the lock
    waiting_ = false;
    latch_.advance();
    return true;
}

}  // namespace nebula::detail
