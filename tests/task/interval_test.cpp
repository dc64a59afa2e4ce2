// SPDX-License-Identifier: MIT
#include "nebula/task/interval.hpp"

#include "fake_loop.hpp"
#include "nebula/task/next_frame.hpp"
#include "nebula/task/runtime.hpp"
#include "nebula/task/when_any.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <vector>

namespace nebula {
namespace {

using test::FakeLoop;

task<> count_ticks(Interval every, int& ticks) {
    for (;;) {
        co_await every.next();
        ++ticks;
    }
}
task<> count_times(double period, int& times) {
    double next = (co_await this_runtime()).now_seconds();
    for (;;) {
        next += period;
        co_await sleep_until(next);
        ++times;
    }
}

void frames_of(Runtime& runtime, double delta, int count) {
    for (int i = 0; i < count; ++i) runtime.begin_frame({delta, static_cast<std::uint64_t>(i)});
}

// A loop of sleep_for(0.1) ticks 857 times in these 100 seconds, since each sleep ends up to a frame
// late and the next begins there.
TEST(Intervals, AThousandWakesInAThousandPeriodsAtEveryFrameRate) {
    for (const double rate : {10.0, 30.0, 59.94, 60.0, 72.0, 144.0, 240.0}) {
        FakeLoop loop;
        int ticks = 0;
        int times = 0;
        loop.runtime.spawn(count_ticks(interval(0.1), ticks));
        loop.runtime.spawn(count_times(0.1, times));
        frames_of(loop.runtime, 1.0 / rate, static_cast<int>(std::ceil(100.0 * rate)));
        EXPECT_EQ(ticks, 1000) << "at " << rate << " frames a second";
        EXPECT_NEAR(times, 1000, 1) << "the sum of the times is the caller's";
        loop.runtime.shutdown();
    }
}

TEST(Intervals, AMillionFramesLoseNoTick) {
    FakeLoop loop;
    int ticks = 0;
    loop.runtime.spawn(count_ticks(interval(0.1), ticks));
    frames_of(loop.runtime, 1.0 / 60.0, 1'000'020);
    EXPECT_EQ(ticks, 166'670);
}

TEST(Intervals, FramesLongerThanThePeriodAreMadeUpOrCounted) {
    FakeLoop loop;
    int all = 0;
    std::vector<std::uint64_t> skipped;
    loop.runtime.spawn(count_ticks(interval(0.125), all));
    loop.runtime.spawn([](std::vector<std::uint64_t>& counts) -> task<> {
        Interval every = interval(0.125, TaskClock::Game, MissedTicks::Skip);
        for (;;) counts.push_back(co_await every);
    }(skipped));
    frames_of(loop.runtime, 1.0, 3);
    EXPECT_EQ(all, 24) << "8 in each of 3 frames";
    EXPECT_EQ(skipped, (std::vector<std::uint64_t>{8, 8, 8}));
    frames_of(loop.runtime, 0.0625, 2);
    EXPECT_EQ(all, 25);
    EXPECT_EQ(skipped.back(), 1U) << "back on the beat";
}

TEST(Intervals, ATaskThatIsBusyMeanwhileMissesNoTick) {
    FakeLoop loop;
    int ticks = 0;
    loop.runtime.spawn([](int& count) -> task<> {
        Interval every = interval(0.25);
        for (;;) {
            co_await every;
            ++count;
            if (count == 1) co_await sleep_for(2.0);
        }
    }(ticks));
    loop.frames_pass(8);
    EXPECT_EQ(ticks, 1);
    loop.frames_pass(1);
    EXPECT_EQ(ticks, 9) << "those of the two seconds come at once";
}

TEST(Intervals, EachClockTicksByItsOwnTime) {
    FakeLoop loop;
    int game = 0;
    int pausable = 0;
    int real = 0;
    int physics = 0;
    loop.runtime.spawn(count_ticks(interval(1.0), game));
    loop.runtime.spawn(count_ticks(interval(1.0, TaskClock::Pausable), pausable));
    loop.runtime.spawn(count_ticks(interval(1.0, TaskClock::Real), real));
    loop.runtime.spawn(count_ticks(interval(1.0, TaskClock::Physics), physics));
    // Ten seconds at half the speed, the last four of them paused.
    for (int i = 0; i < 10; ++i)
        loop.runtime.begin_frame(
            {.delta_seconds = 0.5, .real_delta_seconds = 1.0, .paused = i >= 6});
    EXPECT_EQ(game, 5);
    EXPECT_EQ(pausable, 3);
    EXPECT_EQ(real, 10);
    EXPECT_EQ(physics, 0);
    for (int i = 0; i < 60; ++i) loop.runtime.begin_physics({1.0 / 60.0});
    EXPECT_EQ(physics, 1);
}

TEST(Intervals, AWaitThatIsCancelledTakesNoTick) {
    FakeLoop loop;
    Interval every = interval(1.0);
    TaskHandle<> waits = loop.runtime.spawn(
        [](Interval& beat) -> task<> { co_await when_any(beat.next(), sleep_for(99.0)); }(every));
    loop.frames_pass(2);
    waits.cancel();
    EXPECT_EQ(every.ticks(), 0U);
    loop.frames_pass(8);
    int ticks = 0;
    loop.runtime.spawn(count_ticks(every, ticks));
    EXPECT_EQ(ticks, 2) << "due since the first wait, 2.5 seconds ago";
}

TEST(Intervals, APeriodThatIsNoneIsRefused) {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    const double infinite = std::numeric_limits<double>::infinity();
    for (const double period : {0.0, -0.0, -1.0, 1e-300, nan, infinite, -infinite})
        EXPECT_THROW((void)interval(period), std::invalid_argument) << period;
}

TEST(SleepUntil, ATimeThatHasComeDoesNotWait) {
    FakeLoop loop;
    loop.frames_pass(4);
    const TaskHandle<> past = loop.runtime.spawn([]() -> task<> {
        co_await sleep_until(0.5);
        co_await sleep_until(1.0);
        co_await sleep_until(-std::numeric_limits<double>::infinity());
    }());
    EXPECT_TRUE(past.done());
    const TaskHandle<> later = loop.runtime.spawn([]() -> task<> { co_await sleep_until(1.5); }());
    loop.frames_pass(1);
    EXPECT_FALSE(later.done());
    loop.frames_pass(1);
    EXPECT_TRUE(later.done());
}

TEST(SleepUntil, ATimeThatIsNotANumberIsRefused) {
    FakeLoop loop;
    const TaskHandle<> task = loop.runtime.spawn([]() -> nebula::task<> {
        co_await sleep_until(std::numeric_limits<double>::quiet_NaN());
    }());
    EXPECT_THROW((void)task.result(), std::invalid_argument);
}

}  // namespace
}  // namespace nebula
