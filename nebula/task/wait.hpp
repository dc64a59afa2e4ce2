// SPDX-License-Identifier: MIT
// The base of every awaiter that suspends a whole task. README.md: "How to write a wait".
#pragma once

#include "nebula/task/detail/promise.hpp"
#include "nebula/task/waker.hpp"

#include <concepts>
#include <coroutine>
#include <string>

namespace nebula {

class Runtime;

/// Any coroutine of a task.
template <class P>
concept TaskPromise = std::derived_from<P, task_detail::PromiseBase>;

/// Derive from it, take a waker in await_suspend, and unregister in the destructor:
///
///     class DoorOpens : public Wait {
///     public:
///         explicit DoorOpens(Door& door) : Wait("door"), door_(door) {}
///         ~DoorOpens() { door_.forget(seat_); }
///         bool await_ready() const { return door_.is_open(); }
///         template <TaskPromise P>
///         void await_suspend(std::coroutine_handle<P> h) {
///             seat_ = door_.on_open([waker = suspend(h)] { waker.wake(); });
///         }
///         void await_resume() const {}
///     private:
///         Door& door_;
///         Door::Seat seat_{};
///     };
///
/// The awaiter lies in the task's frame. Its destructor runs whenever the wait ends: when the task
/// is resumed or cancelled, or the runtime shuts down. It must leave nothing behind that points to
/// the awaiter. Code on another thread gets a copy of the waker and shared state, never the
/// awaiter. await_suspend may throw: the task then continues with the exception. There are no
/// spurious wakes: the task resumes only after wake() on a waker from this very suspend().
///
/// Threads:   owner thread.
class Wait {
public:
    Wait(const Wait&) = delete;
    Wait& operator=(const Wait&) = delete;

protected:
    /// What this particular wait waits for, shown after its reason: "'hit' of Node3D 'Door'".
    using Detail = std::string (*)(const Wait&);

    /// \param reason  shown by Runtime::live_tasks(); must live forever (a string literal).
    /// \param detail  if not null, called on the owner thread while the task waits, by live_tasks()
    ///                and by the search for stuck waits.
    explicit Wait(const char* reason, Detail detail = nullptr) noexcept
        : reason_(reason), detail_(detail) {}
    ~Wait() = default;
    [[nodiscard]] const char* reason() const noexcept { return reason_; }
    /// Call it after suspend() of a wait that is part of this one: the task then waits for this
    /// one.
    template <TaskPromise P>
    void stand_for_wait_of(std::coroutine_handle<P> h) const noexcept {
        task_detail::TaskRecord& record = h.promise().record();
        record.reason = reason_;
        if (detail_ != nullptr) record.detailed_wait = this;
    }

    /// Begins the wait. Call it in await_suspend, before anything can call wake().
    template <TaskPromise P>
    [[nodiscard]] Waker suspend(std::coroutine_handle<P> h) noexcept {
        return suspend_leaf(h.promise());
    }

    /// The runtime that runs the task; valid in await_suspend and afterwards.
    template <TaskPromise P>
    [[nodiscard]] static Runtime& runtime_of(std::coroutine_handle<P> h) noexcept {
        return runtime_of_leaf(h.promise());
    }

    // For waits that end only on the owner thread: they need no waker, the scheduler finds the
    // record.
    task_detail::TaskRecord& suspend_here(task_detail::PromiseBase& leaf) noexcept;

private:
    Waker suspend_leaf(task_detail::PromiseBase& leaf) noexcept;
    static Runtime& runtime_of_leaf(task_detail::PromiseBase& leaf) noexcept;

    friend class task_detail::TaskRecord;

    const char* reason_;
    Detail detail_;
};

}  // namespace nebula
