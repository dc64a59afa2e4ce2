// SPDX-License-Identifier: MIT
// The part of a TaskGroup that tickets share. The protocol: README.md, "Groups, tickets and the
// latch".
#pragma once

#include "nebula/base/clock.hpp"
#include "nebula/base/mutex.hpp"
#include "nebula/threading/detail/latch.hpp"
#include "nebula/threading/detail/task_node.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <string>

namespace nebula::detail {

class PoolCore;

/// The first exception of a group, and where it came from.
struct GroupError {
    std::exception_ptr exception;
    std::string worker_name;
    const char* task_name = nullptr;
};

/// Queue, count and latch of one group. As an Item it is a ticket.
///
/// Threads:   any thread, but one waiter at a time.
/// Lifetime:  counted: the TaskGroup and each ticket hold one reference.
class GroupState : public Item {
public:
    /// With one reference, the owner's.
    GroupState(PoolCore& pool, Band its_band, std::size_t max_tickets) noexcept
        : Item(Kind::Ticket, its_band), pool_(pool), max_tickets_(max_tickets) {}
    GroupState(const GroupState&) = delete;
    GroupState& operator=(const GroupState&) = delete;

    [[nodiscard]] PoolCore& pool() const noexcept { return pool_; }

    void release() noexcept;

    /// Queues a task. True: the caller has to publish a ticket, whose reference is counted.
    [[nodiscard]] bool add(TaskNode* task) noexcept NEBULA_EXCLUDES(mutex_);

    // For a worker that holds a ticket. Null (or false) means that the ticket is void: release().

    [[nodiscard]] TaskNode* take_by_ticket() noexcept NEBULA_EXCLUDES(mutex_);
    [[nodiscard]] TaskNode* finish_and_take(GroupError&& error) noexcept NEBULA_EXCLUDES(mutex_);
    /// Ends a task and keeps the ticket, to be published again: something else is due first.
    [[nodiscard]] bool finish_and_keep_ticket(GroupError&& error) noexcept NEBULA_EXCLUDES(mutex_);

    // For the owner.

    /// One turn of the owner's wait.
    struct Turn {
        bool all_ended;
        TaskNode* task;       // to be run now; null: sleep on the latch
        std::uint32_t epoch;  // to sleep on
    };
    /// `finished`: the owner has just run a task of the group, with that error if any.
    [[nodiscard]] Turn next_turn(bool finished, GroupError&& error, bool may_start) noexcept
        NEBULA_EXCLUDES(mutex_);
    void stop_waiting() noexcept NEBULA_EXCLUDES(mutex_);
    void sleep(std::uint32_t epoch, Clock::time_point deadline) const noexcept {
        latch_.wait(epoch, deadline);
    }

    [[nodiscard]] std::size_t pending() const noexcept {
        // Acquire pairs with the release in end(): who sees zero sees what the tasks wrote.
        return pending_.load(std::memory_order_acquire);
    }
    [[nodiscard]] GroupError take_error() noexcept NEBULA_EXCLUDES(mutex_);

private:
    ~GroupState() = default;

    [[nodiscard]] TaskNode* pop() noexcept NEBULA_REQUIRES(mutex_);
    void end(GroupError&& error) noexcept NEBULA_REQUIRES(mutex_);
    // True: wake the latch after unlocking.
    [[nodiscard]] bool last_one_must_wake() noexcept NEBULA_REQUIRES(mutex_);

    PoolCore& pool_;
    const std::size_t max_tickets_;
    std::atomic<std::size_t> references_{1};
    std::atomic<std::size_t> pending_{0};  // written under the lock, read by anybody
    Latch latch_;                          // moved under the lock

    Mutex mutex_;
    TaskNode* oldest_ NEBULA_GUARDED_BY(mutex_) = nullptr;
    TaskNode* youngest_ NEBULA_GUARDED_BY(mutex_) = nullptr;
    std::size_t tickets_ NEBULA_GUARDED_BY(mutex_) = 0;
    bool waiting_ NEBULA_GUARDED_BY(mutex_) = false;
    GroupError error_ NEBULA_GUARDED_BY(mutex_);
};

}  // namespace nebula::detail
