// SPDX-License-Identifier: MIT
// Waits that the main loop itself ends: for a phase of a frame, the next turn, or a time.
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

/// Waits until a phase has begun a number of times.
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
/// Waits for the next begin_physics(): one physics tick, however many a frame has.
[[nodiscard]] inline NextPhase next_physics() noexcept { return {"next physics", Phase::Physics}; }
/// Waits for the next end_of_frame(), which may still be that of this frame.
[[nodiscard]] inline NextPhase end_of_frame() noexcept { return {"frame end", Phase::FrameEnd}; }

/// Made by frames() and physics_frames().
class Phases : public task_detail::PhaseWait {
public:
    Phases(const char* reason, Phase phase, std::uint64_t times) noexcept
        : PhaseWait(reason, phase, times) {}
    void await_resume() const noexcept {}
};

/// Waits for this many calls of begin_frame(); zero does not wait. The task is resumed only at the
/// last one.
[[nodiscard]] inline Phases frames(std::uint64_t count) noexcept {
    return {"frames", Phase::Process, count};
}
/// The same for begin_physics().
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

/// Lets others run: the task continues in the next pump, at the latest in the next frame. It does
/// not request that pump, so a task that yields forever runs once per pump and holds up no frame.
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
    /// The clock's time. \throws std::invalid_argument if there is no such clock.
    double look_at_clock(PromiseBase& leaf);
    /// The same, later in this wait.
    [[nodiscard]] double now() const noexcept;
    /// False if the time has already come.
    bool begin_unless_come(PromiseBase& leaf, double time);
    /// Ends not before the next frame.
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
        // NaN: no time at all.
        begin(h.promise(), look_at_clock(h.promise()) + (seconds_ > 0.0 ? seconds_ : 0.0));
    }
    void await_resume() const noexcept {}

private:
    double seconds_;
};

/// Waits until the clock has advanced by this much. Ends in the first begin_frame() that reaches
/// the time; with the Physics clock, in the first begin_physics(). Sleeps that end at the same time
/// wake in the order in which they began. Zero, a negative number and NaN wait for the next frame.
///
///     co_await sleep_for(0.5);                     // of the game's time
///     co_await sleep_for(0.5, TaskClock::Real);    // however slow the game runs
///
/// A loop of sleeps drifts, because each sleep begins in the frame that ended the previous one,
/// slightly late. Use interval() (interval.hpp) or sleep_until() for a steady beat.
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

/// Waits until the clock reaches `time`, on the scale of Runtime::now_seconds(clock). Continues at
/// once if it has passed.
///
///     double next = runtime.now_seconds();
///     for (;;) {
///         next += 0.1;
///         co_await sleep_until(next);     // ten times a second, without drift
///         beat();
///     }
///
/// If the clock (TaskClock) stops or runs at another speed, so does the wait.
///
/// Cost:      as sleep_for().
/// Throws:    at the co_await: std::invalid_argument if `time` is NaN.
[[nodiscard]] inline SleepUntil sleep_until(double time,
                                            TaskClock clock = TaskClock::Game) noexcept {
    return {time, clock};
}

}  // namespace nebula
