// SPDX-License-Identifier: MIT
// What a caller gets wrong ends in an exception that says what, and nothing else is harmed.
#include "fake_loop.hpp"
#include "nebula/task/errors.hpp"
#include "nebula/task/next_frame.hpp"
#include "nebula/task/par_await.hpp"
#include "nebula/task/pool_bridge.hpp"
#include "nebula/task/runtime.hpp"
#include "nebula/task/task_scope.hpp"
#include "nebula/task/when_all.hpp"
#include "nebula/task/worker_channel.hpp"
#include "nebula/threading/job.hpp"
#include "nebula/threading/worker_pool.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

namespace nebula {
namespace {

using test::FakeLoop;

task<> nothing() { co_return; }

// Spawns a task that awaits what make() gives, and returns what it was told.
template <class Error, class Make>
std::string told_by_awaiting(FakeLoop& loop, Make make) {
    std::string told = "nothing was told";
    loop.runtime.spawn([&]() -> task<> {
        try {
            co_await make();
        } catch (const Error& error) {
            told = error.what();
        }
    });
    loop.settle();
    return told;
}

TEST(TaskMisuse, AnEmptyTaskIsNotSpawned) {
    FakeLoop loop;
    task<> first = nothing();
    const task<> taken = std::move(first);
    EXPECT_THROW(loop.runtime.spawn(std::move(first)), std::invalid_argument);
    TaskScope scope(loop.runtime);
    EXPECT_THROW(scope.spawn(task<>(std::move(first))), std::invalid_argument);
    EXPECT_EQ(loop.runtime.live_count(), 0U);
}

TEST(TaskMisuse, AnEmptyTaskIsNotAwaited) {
    FakeLoop loop;
    task<> first = nothing();
    const task<> taken = std::move(first);
    EXPECT_EQ(told_by_awaiting<std::logic_error>(loop, [&] { return std::move(first); }),
              "an empty task was awaited: it was moved from");
    bool unharmed = false;
    const auto other = [](bool& done) -> task<> {
        co_await next_frame();
        done = true;
    };
    EXPECT_EQ(told_by_awaiting<std::logic_error>(
                  loop, [&] { return when_all(other(unharmed), std::move(first)); }),
              "an empty task was awaited: it was moved from");
    EXPECT_FALSE(unharmed) << "the other branch goes with it";
    EXPECT_EQ(loop.runtime.live_count(), 0U);
}

TEST(TaskMisuse, ATaskThatWaitsForItselfIsToldSoAndGoesOn) {
    FakeLoop loop;
    TaskHandle<> self;
    bool went_on = false;
    self = loop.runtime.spawn([&]() -> task<> {
        co_await next_frame();
        try {
            co_await self;
        } catch (const std::logic_error& error) {
            EXPECT_STREQ(error.what(), "task 'task' (#1) would wait for ever: it joins itself");
        }
        co_await next_frame();
        went_on = true;
    });
    loop.settle();
    loop.frame();
    loop.frame();
    EXPECT_TRUE(went_on);
}

TEST(TaskMisuse, AHandleOfNoTaskHasNoResultAndNoEnd) {
    FakeLoop loop;
    const TaskHandle<int> none;
    EXPECT_THROW((void)none.result(), std::logic_error);
    EXPECT_EQ(told_by_awaiting<std::logic_error>(loop, [&] { return none.operator co_await(); }),
              "an empty TaskHandle was awaited");
}

TEST(TaskMisuse, AJobWhoseResultWasTakenIsNotAwaited) {
    FakeLoop loop;
    WorkerPool pool({.thread_count_override = 1});
    Job<int> job = spawn_job(pool, [] { return 7; });
    EXPECT_EQ(job.get(), 7);
    EXPECT_EQ(
        told_by_awaiting<std::logic_error>(loop, [&]() -> task<int> { co_return co_await job; }),
        "an empty Job was awaited: its result was taken before, or it was detached or "
        "moved from");
}

TEST(TaskMisuse, ALoopWithAGrainOf0IsRefused) {
    FakeLoop loop;
    WorkerPool pool({.thread_count_override = 1});
    EXPECT_THROW((void)pool_for(pool, 10, 0, [](std::size_t) {}), std::invalid_argument);
    EXPECT_THROW((void)pool_map(pool, 10, 0, [](std::size_t i) { return i; }),
                 std::invalid_argument);
}

TEST(TaskMisuse, ASecondReceiverIsRefusedAndTheFirstGoesOn) {
    WorkerChannel<int> channel;
    FakeLoop loop;
    std::optional<int> got;
    loop.runtime.spawn([&]() -> task<> { got = co_await channel.recv(); });
    EXPECT_EQ(told_by_awaiting<std::logic_error>(loop, [&] { return channel.recv(); }),
              "another task already receives from this WorkerChannel; only one may");
    EXPECT_EQ(channel.send(5), SendResult::Sent);
    loop.settle();
    EXPECT_EQ(got, 5);
}

// A game that sets its time scale to infinity for a moment has such a frame.
TEST(TaskMisuse, AFrameWithoutASensibleDeltaSpoilsNoClock) {
    FakeLoop loop;
    int ended = 0;
    loop.runtime.spawn([&]() -> task<> {
        for (;;) {
            co_await sleep_for(1.0);
            ++ended;
        }
    });
    for (const double delta : {std::nan(""), HUGE_VAL, -HUGE_VAL, -100.0})
        loop.runtime.begin_frame({delta, ++loop.frames});
    EXPECT_EQ(ended, 0);
    loop.runtime.begin_frame({1e300, ++loop.frames});
    loop.settle();
    EXPECT_EQ(ended, 1);
    loop.settled_frames(3);
    EXPECT_EQ(ended, 1) << "three quarters of a second later";
    loop.settled_frames(1);
    EXPECT_EQ(ended, 2);
}

TEST(TaskMisuse, AClockThatThereIsNotIsRefused) {
    FakeLoop loop;
    EXPECT_EQ(told_by_awaiting<std::invalid_argument>(
                  loop, [] { return sleep_for(1.0, static_cast<TaskClock>(77)); }),
              "this is not a valid TaskClock");
}

}  // namespace
}  // namespace nebula
