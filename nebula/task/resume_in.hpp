// SPDX-License-Identifier: MIT
// Chooses the phase of a frame in which a task continues.
#pragma once

#include "nebula/task/await_as.hpp"
#include "nebula/task/detail/awaiter_of.hpp"
#include "nebula/task/next_frame.hpp"
#include "nebula/task/phase.hpp"
#include "nebula/task/wait.hpp"

#include <coroutine>
#include <type_traits>
#include <utility>

namespace nebula {

/// Made by enter_phase().
class EnterPhase : public Wait {
public:
    explicit EnterPhase(Phase phase) noexcept : Wait("phase"), phase_(phase) {}
    bool await_ready() const noexcept { return false; }
    template <TaskPromise P>
    bool await_suspend(std::coroutine_handle<P> h) noexcept {
        return begin(h.promise());
    }
    void await_resume() const noexcept {}
    void stop_waiting() noexcept { waiter_.unlink(); }

private:
    bool begin(task_detail::PromiseBase& leaf) noexcept;

    Phase phase_;
    task_detail::FrameWaiter waiter_;
};

/// Continues in the next such phase, or at once if the task is already running in one.
[[nodiscard]] inline EnterPhase enter_phase(Phase phase) noexcept { return EnterPhase(phase); }

namespace task_detail {

template <class A>
class ResumeInWait {
    using Inner = decltype(awaiter_of(std::declval<A>()));

public:
    ResumeInWait(Phase phase, A&& awaited)
        : phase_(phase), enter_(phase), inner_(awaiter_of(std::forward<A>(awaited))) {}
    ResumeInWait(const ResumeInWait&) = delete;
    ResumeInWait& operator=(const ResumeInWait&) = delete;
    ~ResumeInWait() { stop_waiting(); }

    bool await_ready() const noexcept { return false; }
    template <TaskPromise P>
    bool await_suspend(std::coroutine_handle<P> h) {
        using Suspended = decltype(inner_.await_suspend(h));
        static_assert(!AwaitableOnWorker<std::remove_cvref_t<Inner>>,
                      "resume_in cannot be used on a child or a hop: await it, then call "
                      "enter_phase()");
        static_assert(std::is_void_v<Suspended> || std::is_same_v<Suspended, bool>,
                      "resume_in cannot delay an awaiter that resumes another coroutine itself");
        waits_ = true;
        if (inner_.await_ready()) return enter_.await_suspend(h);
        if constexpr (std::is_void_v<Suspended>) {
            inner_.await_suspend(h);
        } else if (!inner_.await_suspend(h)) {
            return enter_.await_suspend(h);
        }
        h.promise().record().resume_in = phase_;
        return true;
    }
    decltype(auto) await_resume() {
        waits_ = false;
        return inner_.await_resume();
    }
    /// Only for a named awaiter; any other stops waiting in its destructor.
    void stop_waiting() noexcept {
        if constexpr (std::is_lvalue_reference_v<Inner> && StopsWaiting<Inner>)
            if (waits_) inner_.stop_waiting();
        waits_ = false;
    }

private:
    Phase phase_;
    EnterPhase enter_;
    Inner inner_;  // a reference if the awaited object is its own awaiter
    bool waits_ = false;
};

}  // namespace task_detail

/// Made by resume_in(); refers to the awaited object.
template <class A>
class [[nodiscard]] ResumeIn {
public:
    ResumeIn(Phase where, A&& what) noexcept : phase(where), awaited(std::forward<A>(what)) {}
    Phase phase;
    A&& awaited;
};

/// Awaits anything, and continues in the given phase instead of in the pump that sees the wait end:
///
///     auto [body, at] = co_await resume_in(Phase::Physics, signal<Object, Vector3>(area, "hit"));
///     body_state.apply_impulse(…);    // inside a physics tick
///
/// If there is nothing to wait for, it still waits for the phase, unless the task is already
/// running in that phase. Await it in the expression that makes it.
///
/// Threads, Throws: as for the awaited object.
template <class A>
ResumeIn<A> resume_in(Phase phase, A&& awaited) noexcept {
    return {phase, std::forward<A>(awaited)};
}

template <class A>
struct AwaitAs<ResumeIn<A>> {
    static task_detail::ResumeInWait<A> make(ResumeIn<A>&& wait) {
        static_assert(task_detail::kIsSafeInOneLine<A>,
                      "g++ 12 destroys an aggregate temporary inside a co_await expression twice: "
                      "give the awaiter a constructor, or name it first");
        return {wait.phase, std::forward<A>(wait.awaited)};
    }
};

}  // namespace nebula
