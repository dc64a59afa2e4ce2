// SPDX-License-Identifier: MIT
// Waits that the main loop itself ends: a phase of a frame, the next turn, a time.
#pragma once

#include "nebula/task/detail/intrusive_list.hpp"
#include "nebula/task/detail/timer_heap.hpp"
#include "nebula/task/phase.hpp"
#include "nebula/task/runtime.hpp"
#include "nebula/task/wait.hpp"

#include <coroutine>
#include <cstdint>

namespace nebula {

namespace task_detail {

struct FrameTag {};

/// A place in the runtime's list of waits for a phase.
class FrameWaiter : public ListHook<FrameTag> {
public:
    TaskRecord* record = nullptr;
    std::uint64_t left = 1;  // how many times the phase still has to begin
};

/// Waits until a phase has begun so many times.
class PhaseWait : public Wait {
public:
    bool await_ready() const noexcept { return times_ == 0; }
    template <TaskPromise P>
    void await_suspend(std::coroutine_handle<P> h) noexcept {
        begin(h.promise());
    }
    void stop_waiting() noexcept { waiter_.unlink(); }

protected:
    PhaseWait(const char* reason, Phase phase, std::uint64_t times) noexcept
        : Wait(reason), phase_(phase), times_(times) {}
    PhaseWait(const PhaseWait& other) noexcept  // another wait of the same kind
        : PhaseWait(other.reason(), other.phase_, other.times_) {}
    ~PhaseWait() = default;
    [[nodiscard]] FrameTime time() const noexcept;

private:
    void begin(PromiseBase& leaf) noexcept;

    Phase phase_;
    std::uint64_t times_;
    FrameWaiter waiter_;
};

}  // namespace task_detail

/// Made by next_frame(), next_physics() and end_of_frame().
class NextPhase : public task_detail::PhaseWait {
public:
    NextPhase(const char* reason, Phase phase) noexcept : PhaseWait(reason, phase, 1) {}
    FrameTime await_resume() const noexcept { return time(); }
};

/// `const FrameTime frame = co_await next_frame();` waits for the next begin_frame().
///
/// Cost:      two links of a list; nothing allocates.
[[nodiscard]] inline NextPhase next_frame() noexcept { return {"next frame", Phase::Process}; }
/// For the next begin_physics(): exactly one physics tick a turn, however many a frame has.
[[nodiscard]] inline NextPhase next_physics() noexcept { return {"next physics", Phase::Physics}; }
/// For the next end_of_frame(): this frame's, before it has come.
[[nodiscard]] inline NextPhase end_of_frame() noexcept { return {"frame end", Phase::FrameEnd}; }

/// Made by frames() and physics_frames().
class Phases : public task_detail::PhaseWait {
public:
    Phases(const char* reason, Phase phase, std::uint64_t times) noexcept
        : PhaseWait(reason, phase, times) {}
    void await_resume() const noexcept {}
};

/// Waits for so many begin_frame()s; zero does not wait. The task is resumed once, at the last.
[[nodiscard]] inline Phases frames(std::uint64_t count) noexcept {
    return {"frames", Phase::Process, count};
}
/// For so many begin_physics().
[[nodiscard]] inline Phases physics_frames(std::uint64_t count) noexcept {
    return {"physics frames", Phase::Physics, count};
}

/// Made by yield_now().
class YieldNow : public Wait {
public:
    YieldNow() noexcept : Wait("yield") {}
    YieldNow(const YieldNow&) noexcept : YieldNow() {}
    bool await_ready() const noexcept { return false; }
    template <TaskPromise P>
    void await_suspend(std::coroutine_handle<P> h) noexcept {
        suspend_here(h.promise()).turn_again = true;
    }
    void await_resume() const noexcept {}
};

/// Lets others run: the task goes on in the next pump, at the latest in the next frame. It does
/// not ask for that pump, so a task that yields for ever has one turn per pump and no frame waits.
[[nodiscard]] inline YieldNow yield_now() noexcept { return {}; }

/// Made by sleep_for().
class Sleep : public Wait {
public:
    Sleep(double seconds, TaskClock clock) noexcept
        : Wait("sleep"), seconds_(seconds), clock_(clock) {}
    Sleep(const Sleep& other) noexcept
        : Sleep(other.seconds_, other.clock_) {}  // from its start on
    ~Sleep() { stop_waiting(); }
    bool await_ready() const noexcept { return false; }
    template <TaskPromise P>
    void await_suspend(std::coroutine_handle<P> h) {
        begin(h.promise());
    }
    void await_resume() const noexcept {}
    void stop_waiting() noexcept;

private:
    void begin(task_detail::PromiseBase& leaf);
    double seconds_;
    TaskClock clock_;
    task_detail::Timer timer_;
};

/// Waits until the clock has advanced by so much; ends in the first begin_frame(), on the Physics
/// clock begin_physics(), that reaches it. Sleeps of equal end wake in the order they began. Zero,
/// less, and not-a-number wait for the next frame.
///
///     co_await sleep_for(0.5);                     // of the game's time
///     co_await sleep_for(0.5, TaskClock::Real);    // however slow the game runs
///
/// Cost:      O(log n) in the number of sleepers.
[[nodiscard]] inline Sleep sleep_for(double seconds, TaskClock clock = TaskClock::Game) noexcept {
    return {seconds, clock};
}

}  // namespace nebula
