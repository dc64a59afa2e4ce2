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

namespace task_detail {

/// Waits until a clock has reached a time.
class TimeWait : public Wait {
public:
    void stop_waiting() noexcept;

protected:
    explicit TimeWait(TaskClock clock) noexcept : Wait("sleep"), clock_(clock) {}
    ~TimeWait() { stop_waiting(); }

    [[nodiscard]] TaskClock clock() const noexcept { return clock_; }
    /// What the clock shows. \throws std::invalid_argument if there is no such clock.
    double look_at_clock(PromiseBase& leaf);
    /// The same later in this wait.
    [[nodiscard]] double now() const noexcept;
    /// False if the time has come already.
    bool begin_unless_come(PromiseBase& leaf, double time);
    /// Not before the next frame.
    void begin(PromiseBase& leaf, double time);

private:
    TaskClock clock_;
    Scheduler* scheduler_ = nullptr;
    Timer timer_;
};

}  // namespace task_detail

/// Made by sleep_for().
class Sleep : public task_detail::TimeWait {
public:
    Sleep(double seconds, TaskClock clock) noexcept : TimeWait(clock), seconds_(seconds) {}
    Sleep(const Sleep& other) noexcept
        : Sleep(other.seconds_, other.clock()) {}  // from its start on
    bool await_ready() const noexcept { return false; }
    template <TaskPromise P>
    void await_suspend(std::coroutine_handle<P> h) {
        // Not a number: now.
        begin(h.promise(), look_at_clock(h.promise()) + (seconds_ > 0.0 ? seconds_ : 0.0));
    }
    void await_resume() const noexcept {}

private:
    double seconds_;
};

/// Waits until the clock has advanced by this much. Ends in the first begin_frame(), for the
/// Physics clock begin_physics(), that reaches it. Sleeps that end at the same time wake in the
/// order in which they began. Zero, less than zero and not-a-number wait for the next frame.
///
///     co_await sleep_for(0.5);                     // of the game's time
///     co_await sleep_for(0.5, TaskClock::Real);    // however slow the game runs
///
/// A loop of sleeps drifts: each begins in the frame that ended the one before, a little late. Use
/// interval() (interval.hpp) or sleep_until() for a steady beat.
///
/// Cost:      O(log n) in the number of sleepers.
[[nodiscard]] inline Sleep sleep_for(double seconds, TaskClock clock = TaskClock::Game) noexcept {
    return {seconds, clock};
}

/// Made by sleep_until().
class SleepUntil : public task_detail::TimeWait {
public:
    SleepUntil(double time, TaskClock clock) noexcept : TimeWait(clock), time_(time) {}
    SleepUntil(const SleepUntil& other) noexcept : SleepUntil(other.time_, other.clock()) {}
    bool await_ready() const noexcept { return false; }
    template <TaskPromise P>
    bool await_suspend(std::coroutine_handle<P> h) {
        return begin_unless_come(h.promise(), time_);
    }
    void await_resume() const noexcept {}

private:
    double time_;
};

/// Waits until the clock shows `time`, on the scale of Runtime::now_seconds(clock). Goes on at once
/// if it has passed.
///
///     double next = runtime.now_seconds();
///     for (;;) {
///         next += 0.1;
///         co_await sleep_until(next);     // ten a second, for ever
///         beat();
///     }
///
/// What stops or bends the clock (TaskClock) does so to the wait.
///
/// Cost:      as sleep_for().
/// Throws:    at the co_await: std::invalid_argument if `time` is not a number.
[[nodiscard]] inline SleepUntil sleep_until(double time,
                                            TaskClock clock = TaskClock::Game) noexcept {
    return {time, clock};
}

}  // namespace nebula
