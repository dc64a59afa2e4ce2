// SPDX-License-Identifier: MIT
// A place in a queue of waiting tasks of one thread.
#pragma once

#include "nebula/base/assert.hpp"
#include "nebula/task/detail/intrusive_list.hpp"
#include "nebula/task/errors.hpp"
#include "nebula/task/waker.hpp"

#include <cstdint>
#include <string_view>
#include <thread>

namespace nebula::task_detail {

struct WaiterTag {};

/// Lies in the awaiter, and leaves the queue when the awaiter is destroyed. What it has been
/// granted, in await_ready() or in the queue, the awaiter takes over in await_resume() or gives
/// back: with a wrapper (resume_in), a pump may pass between the two.
///
/// Threads:   owner thread.
class Waiter : public ListHook<WaiterTag> {
public:
    enum class End : std::uint8_t { None, Granted, Closed, SourceFreed };

    Waiter() noexcept = default;

    void end(End how) noexcept {
        how_ = how;
        waker.wake();
    }
    [[nodiscard]] bool granted() const noexcept { return how_ == End::Granted; }
    /// The source was destroyed after it had closed.
    [[nodiscard]] bool closed_and_freed() const noexcept {
        return how_ == End::Closed && !linked();
    }
    /// Call it when what was granted has been taken over or given back.
    void settle() noexcept {
        how_ = End::None;
        unlink();
    }
    /// \throws EmitterFreed if the source was destroyed first.
    void require_source(std::string_view name) const {
        if (how_ == End::SourceFreed) throw_async_error(AsyncErrorCode::EmitterFreed, name);
    }

    Waker waker;

private:
    End how_ = End::None;
};

/// Waiters in order of arrival, and those that have been granted what they wait for, or told that
/// the source has closed, and have not continued yet.
class WaiterQueue {
public:
    WaiterQueue() noexcept = default;
    WaiterQueue(const WaiterQueue&) = delete;
    WaiterQueue& operator=(const WaiterQueue&) = delete;
    ~WaiterQueue() {
        end_all(Waiter::End::SourceFreed);
        // What they were granted is gone, too, and they must not use us any more.
        while (!told_.empty()) {
            Waiter& waiter = told_.pop_front();
            if (waiter.granted()) waiter.end(Waiter::End::SourceFreed);
        }
    }

    [[nodiscard]] bool empty() const noexcept { return waiting_.empty(); }
    [[nodiscard]] Waiter& front() noexcept { return waiting_.front(); }
    void push_back(Waiter& waiter) noexcept {
        NEBULA_ASSERT(on_its_thread(), "only tasks of one thread may wait here");
        waiting_.push_back(waiter);
    }
    Waiter& pop_front() noexcept { return waiting_.pop_front(); }
    /// The task that has waited longest continues.
    void grant_front() noexcept { tell(waiting_.pop_front(), Waiter::End::Granted); }
    /// For a waiter that is not in the queue: Granted or Closed.
    void tell(Waiter& waiter, Waiter::End how) noexcept {
        NEBULA_ASSERT(on_its_thread(), "only tasks of one thread may wait here");
        told_.push_back(waiter);
        waiter.end(how);
    }
    void close() noexcept {
        while (!waiting_.empty()) tell(waiting_.pop_front(), Waiter::End::Closed);
    }
    template <class F>
    void for_each(F f) {
        waiting_.for_each(f);
    }
    void end_all(Waiter::End how) noexcept {
        while (!waiting_.empty()) waiting_.pop_front().end(how);
    }

    /// For assertions: the first use decides whose thread it is.
    [[nodiscard]] bool on_its_thread() noexcept {
        if (thread_ == std::thread::id()) thread_ = std::this_thread::get_id();
        return thread_ == std::this_thread::get_id();
    }

private:
    IntrusiveList<Waiter, WaiterTag> waiting_;
    IntrusiveList<Waiter, WaiterTag> told_;
    std::thread::id thread_;
};

}  // namespace nebula::task_detail
