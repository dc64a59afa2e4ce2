// SPDX-License-Identifier: MIT
// A flag that tasks of one thread wait for.
#pragma once

#include "nebula/task/detail/waiter.hpp"
#include "nebula/task/wait.hpp"

#include <coroutine>

namespace nebula {

/// A flag that tasks can wait for. wait() returns at once while it is set.
///
///     Event edited;
///     task<> remesh() { for (;;) { co_await edited.wait(); edited.reset(); mesh_marked(); } }
///     …
///     edited.set();   // remesh() continues in the next pump
///
/// Threads:   owner thread of the tasks that wait.
/// Cost:      wait: two links. set: one wake per waiter. Nothing allocates.
/// Lifetime:  may be destroyed while tasks wait: their wait throws EmitterFreed.
class Event {
public:
    class EventWait : public Wait {
    public:
        explicit EventWait(Event& event) noexcept : Wait("event"), event_(event) {}
        EventWait(const EventWait& other) noexcept : EventWait(other.event_) {}
        bool await_ready() const noexcept { return event_.is_set(); }
        template <TaskPromise P>
        void await_suspend(std::coroutine_handle<P> h) noexcept {
            waiter_.waker = suspend(h);
            event_.waiters_.push_back(waiter_);
        }
        /// \throws EmitterFreed if the event was destroyed first.
        void await_resume() const { waiter_.require_source("an Event"); }
        void stop_waiting() noexcept { waiter_.unlink(); }

    private:
        Event& event_;
        task_detail::Waiter waiter_;
    };

    Event() noexcept = default;
    Event(const Event&) = delete;
    Event& operator=(const Event&) = delete;
    ~Event() = default;

    void set() noexcept {
        set_ = true;
        waiters_.end_all(task_detail::Waiter::End::None);
    }
    void reset() noexcept { set_ = false; }
    [[nodiscard]] bool is_set() const noexcept { return set_; }
    [[nodiscard]] EventWait wait() noexcept { return EventWait(*this); }

private:
    bool set_ = false;
    task_detail::WaiterQueue waiters_;
};

}  // namespace nebula
