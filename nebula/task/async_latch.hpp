// SPDX-License-Identifier: MIT
// Waits until a number of things have happened.
#pragma once

#include "nebula/base/assert.hpp"
#include "nebula/task/detail/waiter.hpp"
#include "nebula/task/wait.hpp"

#include <coroutine>
#include <cstddef>

namespace nebula {

/// Counts down to zero, once. From then on, wait() returns at once.
///
///     AsyncLatch players_ready(players.size());
///     …
///     players_ready.count_down();
///     co_await players_ready.wait();
///
/// Threads:   owner thread.
/// Cost:      two links to wait; no atomics; nothing allocates.
/// Lifetime:  may be destroyed while tasks wait: they get EmitterFreed.
class AsyncLatch {
public:
    class Reached : public Wait {
    public:
        explicit Reached(AsyncLatch& latch) noexcept : Wait("latch"), latch_(latch) {}
        Reached(const Reached& other) noexcept : Reached(other.latch_) {}
        bool await_ready() const noexcept { return latch_.reached(); }
        template <TaskPromise P>
        void await_suspend(std::coroutine_handle<P> h) noexcept {
            waiter_.waker = suspend(h);
            latch_.waiters_.push_back(waiter_);
        }
        void await_resume() const { waiter_.require_source("an AsyncLatch"); }
        void stop_waiting() noexcept { waiter_.unlink(); }

    private:
        AsyncLatch& latch_;
        task_detail::Waiter waiter_;
    };

    explicit AsyncLatch(std::size_t count) noexcept : left_(count) {}
    AsyncLatch(const AsyncLatch&) = delete;
    AsyncLatch& operator=(const AsyncLatch&) = delete;
    ~AsyncLatch() = default;

    void count_down(std::size_t by = 1) noexcept {
        NEBULA_ASSERT(by <= left_, "a latch was counted down below zero");
        left_ -= by;
        if (left_ == 0) waiters_.end_all(task_detail::Waiter::End::None);
    }
    [[nodiscard]] Reached wait() noexcept { return Reached(*this); }
    [[nodiscard]] Reached arrive_and_wait() noexcept {
        count_down();
        return Reached(*this);
    }
    [[nodiscard]] bool reached() const noexcept { return left_ == 0; }
    [[nodiscard]] std::size_t left() const noexcept { return left_; }

private:
    std::size_t left_;
    task_detail::WaiterQueue waiters_;
};

}  // namespace nebula
