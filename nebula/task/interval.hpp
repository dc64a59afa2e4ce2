// SPDX-License-Identifier: MIT
// A steady beat: ticks at a fixed period, however long the frames are.
#pragma once

#include "nebula/task/next_frame.hpp"
#include "nebula/task/phase.hpp"
#include "nebula/task/wait.hpp"

#include <coroutine>
#include <cstdint>

namespace nebula {

/// What an interval does with ticks whose time has passed before a task waited for them: in a long
/// frame, or while the task did something else.
enum class MissedTicks : std::uint8_t {
    CatchUp,  ///< Delivers each, one after the other, in the same frame; none is lost.
    Skip,     ///< Delivers all that are due as one tick, with their number.
};

/// Ticks that do not drift. Tick n is due exactly n periods after the first wait began.
///
///     Interval every = interval(0.1);
///     for (;;) {
///         co_await every.next();      // or: co_await every;
///         spawn_enemy();              // 1000 times in 100 seconds
///     }
///
/// A tick ends its wait in the first frame that reaches its time, so it may be late by up to a
/// frame; the next one is on time again. If a frame spans several periods, or the task was busy
/// with another wait, see MissedTicks.
///
/// The clock decides what counts. Game follows the game's time scale and continues while the game
/// is paused. Pausable stops during a pause, so no tick comes then and none has to be caught up.
/// Real follows neither. Physics counts physics ticks and ends its waits in the physics phase.
///
/// Threads:   owner thread. One task at a time may wait for it.
/// Cost:      next(): as sleep_for(). Nothing allocates.
/// Lifetime:  must outlive its waits. A copy continues independently from the same state.
/// Throws:    interval(): std::invalid_argument for a period that is below a microsecond, infinite
///            or NaN.
class Interval {
public:
    Interval(double period_seconds, TaskClock clock, MissedTicks missed);

    class Next : public task_detail::TimeWait {
    public:
        explicit Next(Interval& every) noexcept : TimeWait(every.clock_), every_(every) {}
        Next(const Next& other) noexcept : Next(other.every_) {}
        bool await_ready() const noexcept { return false; }
        template <TaskPromise P>
        bool await_suspend(std::coroutine_handle<P> h) {
            every_.start(look_at_clock(h.promise()));
            return begin_unless_come(h.promise(), every_.due());
        }
        /// How many periods have ended since the previous tick: 1, or more with MissedTicks::Skip.
        std::uint64_t await_resume() noexcept { return every_.take(now()); }

    private:
        Interval& every_;
    };
    /// `co_await` it: waits for the next tick.
    [[nodiscard]] Next next() noexcept { return Next(*this); }
    Next operator co_await() & noexcept { return Next(*this); }

    [[nodiscard]] double period_seconds() const noexcept { return period_; }
    [[nodiscard]] std::uint64_t ticks() const noexcept { return ticks_; }  ///< Ended so far.

private:
    void start(double now) noexcept {
        if (started_) return;
        started_ = true;
        start_ = now;
    }
    /// Multiplied, not added up: the error of a sum would grow with the number of ticks.
    [[nodiscard]] double due() const noexcept {
        return start_ + static_cast<double>(ticks_ + 1) * period_;
    }
    std::uint64_t take(double now) noexcept;

    double period_;
    double start_ = 0.0;
    std::uint64_t ticks_ = 0;
    TaskClock clock_;
    MissedTicks missed_;
    bool started_ = false;
};

[[nodiscard]] inline Interval interval(double period_seconds, TaskClock clock = TaskClock::Game,
                                       MissedTicks missed = MissedTicks::CatchUp) {
    return {period_seconds, clock, missed};
}

}  // namespace nebula
