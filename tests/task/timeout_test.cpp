// SPDX-License-Identifier: MIT
#include "nebula/task/timeout.hpp"

#include "fake_loop.hpp"
#include "nebula/task/event.hpp"
#include "nebula/task/fallible.hpp"
#include "nebula/task/next_frame.hpp"
#include "nebula/task/runtime.hpp"
#include "nebula/task/task_channel.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nebula {
namespace {

using test::Counted;
using test::FakeLoop;

constexpr double kFrame = FakeLoop::kDelta;

task<int> waits(Event& event, int& live) {
    const Counted local(live);
    co_await event.wait();
    co_return 1;
}

class TimeoutTest : public testing::Test {
protected:
    Event event_;
    FakeLoop loop_;
};

TEST_F(TimeoutTest, ThrowsTimedOutWhenTheTimeHasComeAndTheAwaitedIsGone) {
    int live = 0;
    std::string said;
    loop_.runtime.spawn(
        [&]() -> task<> {
            try {
                co_await timeout(waits(event_, live), 2 * kFrame);
            } catch (const TimedOut& error) {
                EXPECT_EQ(live, 0);
                said = error.what();
            }
        },
        {.name = "waiter"});
    loop_.settled_frames(1);
    EXPECT_EQ(live, 1);
    EXPECT_TRUE(said.empty());
    loop_.settled_frames(1);
    EXPECT_EQ(said, "the time ran out: waiter");
    EXPECT_EQ(loop_.runtime.live_count(), 0U);
}

TEST_F(TimeoutTest, GivesTheValueAndTheTimerIsReleased) {
    int live = 0;
    int got = 0;
    loop_.runtime.spawn([&]() -> task<> {
        got = co_await timeout(waits(event_, live), 2 * kFrame);
        EXPECT_EQ(loop_.runtime.live_count(), 1U);
    });
    event_.set();
    loop_.settled_frames(1);
    EXPECT_EQ(got, 1);
    loop_.settled_frames(3);
    EXPECT_EQ(loop_.runtime.live_count(), 0U);
}

// The rule, from all sides: before the frame, in it before the limit, in it after the limit.
TEST_F(TimeoutTest, WhenBothEndInTheSameFrameTheAwaitedWins) {
    int live = 0;
    int won = 0;
    const auto race = [&]() -> task<> {
        (void)co_await timeout(waits(event_, live), kFrame);
        ++won;
    };
    loop_.runtime.spawn(race());
    event_.set();
    loop_.settled_frames(1);
    EXPECT_EQ(won, 1) << "woken before the frame";
    event_.reset();

    const TaskHandle<> early = loop_.runtime.spawn([&]() -> task<> {
        co_await next_frame();
        event_.set();
    });
    loop_.runtime.spawn(race());
    loop_.settled_frames(1);
    EXPECT_EQ(won, 2) << "woken in the frame, by a task before the limit";
    event_.reset();

    loop_.runtime.spawn(race());
    const TaskHandle<> late = loop_.runtime.spawn([&]() -> task<> {
        co_await sleep_for(kFrame);
        event_.set();
    });
    loop_.settled_frames(1);
    EXPECT_EQ(won, 3) << "woken in the frame, by a task after the limit";
    event_.reset();

    loop_.runtime.spawn([&]() -> task<> {
        co_await timeout(sleep_for(kFrame), kFrame);
        ++won;
    });
    loop_.settled_frames(1);
    EXPECT_EQ(won, 4) << "both of them sleeps";
}

TEST_F(TimeoutTest, WhatIsReadyNeedsNoTimer) {
    int won = 0;
    event_.set();
    loop_.runtime.spawn([&]() -> task<> {
        co_await timeout(event_.wait(), 0.0);
        ++won;
    });
    EXPECT_EQ(won, 1);
}

TEST_F(TimeoutTest, ATaskWithATurnInEveryPumpTimesOutAllTheSame) {
    bool timed_out = false;
    const auto yields = []() -> task<> {
        for (;;) co_await yield_now();
    };
    loop_.runtime.spawn([&]() -> task<> {
        const Outcome<void> end = co_await fallible(timeout(yields(), kFrame));
        timed_out = !end && end.error() == AsyncErrorCode::TimedOut;
    });
    loop_.settled_frames(1);
    EXPECT_TRUE(timed_out);
}

TEST_F(TimeoutTest, FallibleGivesTheValueOrTheCodeAndLetsOtherExceptionsPass) {
    int live = 0;
    int reached = 0;
    auto dies = std::make_unique<Event>();
    loop_.runtime.spawn([&]() -> task<> {
        const Outcome<int> late = co_await fallible(timeout(waits(event_, live), kFrame));
        EXPECT_EQ(late.error(), AsyncErrorCode::TimedOut);
        const Outcome<void> freed = co_await fallible(timeout(dies->wait(), 9.0));
        EXPECT_EQ(freed.error(), AsyncErrorCode::EmitterFreed);
        event_.set();
        const Outcome<int> value = co_await fallible(timeout(waits(event_, live), kFrame));
        EXPECT_EQ(value.value(), 1);
        const auto fails = []() -> task<> {
            co_await next_frame();
            throw std::runtime_error("no code");
        };
        try {
            (void)co_await fallible(timeout(fails(), 9.0));
        } catch (const std::runtime_error&) {
            ++reached;
        }
    });
    loop_.settled_frames(1);
    dies.reset();
    loop_.settled_frames(2);
    EXPECT_EQ(reached, 1);
}

TEST_F(TimeoutTest, AnythingThatEndsMayBeTheLimit) {
    Event button;
    int live = 0;
    bool timed_out = false;
    loop_.runtime.spawn([&]() -> task<> {
        const Outcome<int> end = co_await fallible(timeout(waits(event_, live), button.wait()));
        timed_out = end == tl::unexpected(AsyncErrorCode::TimedOut);
    });
    loop_.settled_frames(5);
    EXPECT_FALSE(timed_out);
    button.set();
    loop_.settle();
    EXPECT_TRUE(timed_out);
    EXPECT_EQ(live, 0);
}

TEST_F(TimeoutTest, ANamedHandleOutlivesTheLimitAndCanBeAwaitedAgain) {
    int got = 0;
    int timeouts = 0;
    const TaskHandle<int> handle = loop_.runtime.spawn([]() -> task<int> {
        co_await sleep_for(3.5 * kFrame);
        co_return 8;
    });
    loop_.runtime.spawn([&]() -> task<> {
        for (;;) {
            try {
                got = co_await timeout(handle, kFrame);
                co_return;
            } catch (const TimedOut&) {
                ++timeouts;
            }
        }
    });
    loop_.settled_frames(5);
    EXPECT_EQ(got, 8);
    EXPECT_GE(timeouts, 2);
}

// The report at exit, the "stuck" warning and the unhandled error name this place: the line that
// somebody wrote, not one of the coroutines that stand between.
TEST_F(TimeoutTest, ItsWaitsAreToldToStandWhereItIsAwaited) {
    unsigned line = 0;
    loop_.runtime.spawn([&]() -> task<> {
        co_await next_frame();
        line = __LINE__ + 1;
        (void)co_await fallible(timeout(event_.wait(), 9.0));
    });
    loop_.frame();
    const std::vector<TaskInfo> rows = loop_.runtime.live_tasks();
    ASSERT_EQ(rows.size(), 3U);  // the task, the awaited, the limit
    for (const TaskInfo& row : rows) {
        EXPECT_TRUE(std::string_view(row.site.file_name()).ends_with("timeout_test.cpp"))
            << row.name << ": " << row.site.file_name();
        EXPECT_EQ(row.site.line(), line) << row.name;
    }
    loop_.runtime.spawn([&]() -> task<> {
        co_await next_frame();
        line = __LINE__ + 1;
        (void)co_await fallible(event_.wait());
    });
    loop_.frame();
    EXPECT_EQ(loop_.runtime.live_tasks().back().site.line(), line);
}

TEST_F(TimeoutTest, ANamedSendThatTimesOutIsNotMadeLaterButMayBeMadeAgain) {
    TaskChannel<int> channel(1);
    EXPECT_EQ(channel.try_send(1), SendResult::Sent);
    bool timed_out = false;
    bool sent = false;
    loop_.runtime.spawn([&]() -> task<> {
        auto send = channel.send(2);
        try {
            co_await timeout(send, FakeLoop::kDelta);
        } catch (const TimedOut&) {
            timed_out = true;
        }
        co_await frames(2);
        sent = co_await send;
    });
    loop_.settled_frames(1);
    EXPECT_TRUE(timed_out);
    EXPECT_EQ(channel.try_recv(), 1);
    EXPECT_TRUE(channel.empty()) << "the value of a send that has ended stays with it";
    loop_.settled_frames(2);
    EXPECT_TRUE(sent);
    EXPECT_EQ(channel.try_recv(), 2);
}

TEST_F(TimeoutTest, CancellingTheTaskEndsBoth) {
    int live = 0;
    TaskHandle<> handle =
        loop_.runtime.spawn([&]() -> task<> { (void)co_await timeout(waits(event_, live), 9.0); });
    EXPECT_EQ(loop_.runtime.live_count(), 3U);
    handle.cancel();
    EXPECT_EQ(loop_.runtime.live_count(), 0U);
    EXPECT_EQ(live, 0);
}

}  // namespace
}  // namespace nebula
