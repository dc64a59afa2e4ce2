// SPDX-License-Identifier: MIT
#include "nebula/task/runtime.hpp"

#include "fake_loop.hpp"
#include "nebula/base/log.hpp"
#include "nebula/task/errors.hpp"
#include "nebula/task/event.hpp"
#include "nebula/task/next_frame.hpp"
#include "nebula/task/when_all.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace nebula {
namespace {

using test::Door;
using test::FakeLoop;
using testing::HasSubstr;

TEST(Runtime, SpawnRunsTheCodeBeforeTheFirstWaitAtOnce) {
    Door door;
    FakeLoop loop;
    std::vector<int> order;
    loop.runtime.spawn([&]() -> task<> {
        order.push_back(1);
        co_await door.opens();
        order.push_back(3);
    });
    order.push_back(2);
    EXPECT_EQ(order, (std::vector{1, 2}));
    door.open();
    EXPECT_EQ(order, (std::vector{1, 2})) << "a wake resumes nobody by itself";
    loop.runtime.pump();
    EXPECT_EQ(order, (std::vector{1, 2, 3}));
}

TEST(Runtime, SpawningOnAnotherThreadIsRefusedByAClearException) {
    FakeLoop loop;
    bool ran = false;
    std::string told;
    std::thread([&] {
        try {
            loop.runtime.spawn([&]() -> task<> {
                ran = true;
                co_return;
            });
        } catch (const WrongThread& error) {
            told = error.what();
        }
    }).join();
    EXPECT_THAT(told, HasSubstr("thread"));
    EXPECT_FALSE(ran);
    EXPECT_EQ(loop.runtime.live_count(), 0U);
}

TEST(Runtime, PumpingOnAnotherThreadDoesNothing) {
    FakeLoop loop;
    bool resumed = false;
    loop.runtime.spawn([&]() -> task<> {
        co_await yield_now();
        resumed = true;
    });
    std::thread([&] {
        loop.runtime.pump();
        loop.runtime.begin_frame({});
    }).join();
    EXPECT_FALSE(resumed);
    loop.runtime.pump();
    EXPECT_TRUE(resumed);
}

TEST(Runtime, TasksSpawnTasks) {
    FakeLoop loop;
    std::vector<int> order;
    const TaskHandle<int> outer = loop.runtime.spawn([&]() -> task<int> {
        Runtime& runtime = co_await this_runtime();
        const TaskHandle<int> inner = runtime.spawn([&]() -> task<int> {
            order.push_back(1);
            co_await yield_now();
            order.push_back(3);
            co_return 20;
        });
        order.push_back(2);
        co_return 1 + co_await inner;
    });
    EXPECT_EQ(order, (std::vector{1, 2}));
    loop.runtime.pump();
    loop.runtime.pump();
    EXPECT_EQ(order, (std::vector{1, 2, 3}));
    EXPECT_EQ(outer.result(), 21);
}

task<> spawn_again(Runtime& runtime, int left, int& runs, int& deepest, int depth) {
    ++runs;
    deepest = std::max(deepest, depth);
    if (left > 0) runtime.spawn(spawn_again(runtime, left - 1, runs, deepest, depth + 1));
    co_return;
}

TEST(Runtime, ATaskThatSpawnsItselfAHundredThousandTimesNeitherOverflowsNorHoldsTheFrame) {
    static constexpr int kTimes = 100'000;
    FakeLoop loop;
    int runs = 0;
    int deepest = 0;
    loop.runtime.spawn(spawn_again(loop.runtime, kTimes, runs, deepest, 0));
    EXPECT_EQ(runs, Runtime::kEagerDepth) << "the rest waits for the next pump";
    int pumps = 0;
    for (; loop.runtime.live_count() > 0; ++pumps) {
        const int before = runs;
        loop.runtime.pump();
        ASSERT_LE(runs - before, Runtime::kEagerDepth);
        ASSERT_LT(pumps, kTimes);
    }
    EXPECT_EQ(runs, kTimes + 1);
}

TEST(Runtime, ATaskThatYieldsForEverHasOneTurnPerPump) {
    FakeLoop loop;
    int turns = 0;
    int others = 0;
    TaskHandle<> endless = loop.runtime.spawn([&]() -> task<> {
        for (;; ++turns) co_await yield_now();
    });
    loop.runtime.spawn([&]() -> task<> {
        for (; others < 3; ++others) co_await next_frame();
    });
    loop.runtime.pump();
    EXPECT_EQ(turns, 1);
    loop.frames_pass(3);
    EXPECT_EQ(turns, 4);
    EXPECT_EQ(others, 3);
    endless.cancel();
}

TEST(Runtime, AWakeMadeInAPumpIsServedByTheNextOne) {
    FakeLoop loop;
    Event ping;
    int pings = 0;
    loop.runtime.spawn([&]() -> task<> {
        for (;; ++pings) {
            co_await ping.wait();
            ping.reset();
            Runtime& runtime = co_await this_runtime();
            runtime.spawn([&]() -> task<> {
                co_await yield_now();
                ping.set();
            });
        }
    });
    ping.set();
    for (int i = 0; i < 6; ++i) loop.runtime.pump();
    EXPECT_EQ(pings, 3) << "one pump to take the ping, one to send the next";
}

TEST(Runtime, APumpInsideATaskReturnsAtOnceAndResumesNobody) {
    Door door;
    FakeLoop loop;
    int resumed = 0;
    loop.runtime.spawn([&]() -> task<> {
        co_await door.opens();
        ++resumed;
    });
    loop.runtime.spawn([&]() -> task<> {
        co_await yield_now();
        door.open();
        loop.runtime.pump();
        loop.frame();
        EXPECT_EQ(resumed, 0) << "resumed below another task";
    });
    loop.runtime.spawn([&]() -> task<> {  // the first run of a task counts as well
        loop.runtime.pump();
        EXPECT_EQ(resumed, 0);
        co_return;
    });
    loop.runtime.pump();
    EXPECT_EQ(resumed, 0);
    loop.runtime.pump();
    EXPECT_EQ(resumed, 1);
    EXPECT_EQ(loop.runtime.live_count(), 0U);
}

TEST(Runtime, OnWakeIsCalledOnceBetweenPumpsHoweverManyWake) {
    Door door;
    FakeLoop loop;
    int rings = 0;
    loop.runtime.set_on_wake([&] { ++rings; });
    for (int i = 0; i < 10; ++i) {
        loop.runtime.spawn([&]() -> task<> {
            co_await door.opens();
            co_await door.opens();
        });
    }
    EXPECT_EQ(rings, 0);
    door.open();
    door.open();
    EXPECT_EQ(rings, 1);
    loop.runtime.pump();
    EXPECT_EQ(rings, 1);
    door.open();
    EXPECT_EQ(rings, 2);
    loop.runtime.pump();
    EXPECT_EQ(loop.runtime.live_count(), 0U);
}

TEST(Runtime, APumpRefusedInsideATaskIsAskedForAgain) {
    Door door;
    FakeLoop loop;
    int rings = 0;
    loop.runtime.set_on_wake([&] { ++rings; });
    loop.runtime.spawn([&]() -> task<> { co_await door.opens(); });
    loop.runtime.spawn([&]() -> task<> {
        door.open();          // rings
        loop.runtime.pump();  // the answer to it, too deep
        co_return;
    });
    EXPECT_EQ(rings, 2);
    loop.runtime.pump();
    EXPECT_EQ(loop.runtime.live_count(), 0U);
}

TEST(Runtime, ATaskQueuedBecauseItIsNestedTooDeeplyIsRungForOnce) {
    FakeLoop loop;
    int runs = 0;
    int deepest = 0;
    int rings = 0;
    loop.runtime.set_on_wake([&] { ++rings; });
    loop.runtime.spawn(spawn_again(loop.runtime, Runtime::kEagerDepth + 1, runs, deepest, 0));
    EXPECT_EQ(runs, Runtime::kEagerDepth);
    EXPECT_EQ(rings, 1);
    loop.runtime.pump();
    EXPECT_EQ(runs, Runtime::kEagerDepth + 2);
    EXPECT_EQ(rings, 1);
}

TEST(Runtime, YieldsDoNotAskForAPump) {
    FakeLoop loop;
    int rings = 0;
    loop.runtime.set_on_wake([&] { ++rings; });
    loop.runtime.spawn([]() -> task<> {
        for (int i = 0; i < 3; ++i) co_await yield_now();
    });
    while (loop.runtime.live_count() > 0) loop.runtime.pump();
    EXPECT_EQ(rings, 0);
}

class Unhandled : public testing::Test {
protected:
    Unhandled() {
        loop_.runtime.set_on_unhandled([this](const UnhandledError& error) {
            told_.push_back(error);
            names_.emplace_back(error.task_name);
        });
    }

    FakeLoop loop_;
    std::vector<UnhandledError> told_;
    std::vector<std::string> names_;
};

TEST_F(Unhandled, ADetachedTasksExceptionIsToldWithNameAndAwaitSiteAndOthersGoOn) {
    bool other_ended = false;
    unsigned line = 0;
    loop_.runtime.spawn(
        [&]() -> task<> {
            line = __LINE__ + 1;
            co_await yield_now();
            throw std::runtime_error("the bridge is out");
        },
        {.name = "crossing"});
    loop_.runtime.spawn([&]() -> task<> {
        co_await yield_now();
        other_ended = true;
    });
    loop_.runtime.pump();
    ASSERT_EQ(told_.size(), 1U);
    EXPECT_EQ(names_[0], "crossing");
    EXPECT_EQ(told_[0].what, "the bridge is out");
    EXPECT_EQ(told_[0].site.line(), line);
    EXPECT_THAT(told_[0].site.file_name(), HasSubstr("runtime_test.cpp"));
    EXPECT_THROW(std::rethrow_exception(told_[0].error), std::runtime_error);
    EXPECT_TRUE(other_ended);
}

TEST_F(Unhandled, AnythingMayBeThrown) {
    loop_.runtime.spawn([]() -> task<> {
        throw 42;  // NOLINT(bugprone-throw-keyword-missing)
        co_return;
    });
    ASSERT_EQ(told_.size(), 1U);
    EXPECT_THROW(std::rethrow_exception(told_[0].error), int);
    EXPECT_FALSE(told_[0].what.empty());
}

TEST_F(Unhandled, AnExceptionThatAHandleReceivedIsNotTold) {
    {
        const TaskHandle<> handle = loop_.runtime.spawn([]() -> task<> {
            throw std::runtime_error("mine");
            co_return;
        });
        EXPECT_TRUE(told_.empty());
        EXPECT_THROW(handle.result(), std::runtime_error);
    }
    EXPECT_TRUE(told_.empty());
}

TEST_F(Unhandled, AnExceptionNobodyAskedForIsToldWhenTheLastHandleGoes) {
    {
        TaskHandle<> handle = loop_.runtime.spawn([]() -> task<> {
            throw std::runtime_error("lost");
            co_return;
        });
        const TaskHandle<> copy = handle;
        handle = {};
        EXPECT_TRUE(told_.empty());
    }
    ASSERT_EQ(told_.size(), 1U);
    EXPECT_EQ(told_[0].what, "lost");
}

TEST_F(Unhandled, AHandlerThatThrowsHarmsNobody) {
    loop_.runtime.set_on_unhandled(
        [](const UnhandledError&) { throw std::runtime_error("me too"); });
    const LogSink before = set_log_sink([](LogLevel, std::string_view, const auto&) noexcept {});
    loop_.runtime.spawn([]() -> task<> {
        throw std::runtime_error("first");
        co_return;
    });
    set_log_sink(before);
    EXPECT_EQ(loop_.runtime.live_count(), 0U);
}

std::vector<std::string> logged;

TEST(Runtime, WithoutAHandlerADetachedTasksExceptionIsAnErrorLine) {
    logged.clear();
    const LogSink before =
        set_log_sink([](LogLevel level, std::string_view line, const auto&) noexcept {
            if (level == LogLevel::Error) logged.emplace_back(line);
        });
    FakeLoop loop;
    loop.runtime.spawn(
        []() -> task<> {
            throw std::runtime_error("out of ore");
            co_return;
        },
        {.name = "miner"});
    set_log_sink(before);
    ASSERT_EQ(logged.size(), 1U);
    EXPECT_THAT(logged[0], HasSubstr("'miner'"));
    EXPECT_THAT(logged[0], HasSubstr("out of ore"));
    EXPECT_THAT(logged[0], HasSubstr("runtime_test.cpp:"));
}

TEST(Runtime, LiveTasksTellNameStateReasonSiteAndAge) {
    Door door;
    FakeLoop loop;
    loop.runtime.spawn([&]() -> task<> { co_await door.opens(); }, {.name = "guard"});
    loop.frames_pass(2);
    const unsigned line = __LINE__ + 2;
    const auto walk = []() -> task<> {
        for (;;) co_await next_frame();
    };
    loop.runtime.spawn(walk(), {.name = "a walker with a name that is longer than what is kept"});
    loop.frame();

    const std::vector<TaskInfo> rows = loop.runtime.live_tasks();
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_EQ(rows[0].name, "guard");
    EXPECT_EQ(rows[0].state, TaskState::Pending);
    EXPECT_EQ(rows[0].reason, "door");
    EXPECT_EQ(rows[0].age_seconds, 3 * FakeLoop::kDelta);
    EXPECT_EQ(rows[0].waited_seconds, 3 * FakeLoop::kDelta);
    EXPECT_EQ(rows[1].name, "a walker with a name that is longer than what is");
    EXPECT_EQ(rows[1].reason, "next frame");
    EXPECT_EQ(rows[1].age_seconds, FakeLoop::kDelta);
    EXPECT_EQ(rows[1].waited_seconds, 0.0);
    EXPECT_EQ(rows[1].site.line(), line);
    EXPECT_LT(rows[0].id, rows[1].id);
}

TEST(Runtime, ALongNameIsCutBetweenCharacters) {
    Door door;
    FakeLoop loop;
    const std::string cut(47, 'x');
    loop.runtime.spawn(
        [&]() -> task<> { co_await when_all([&]() -> task<> { co_await door.opens(); }()); },
        {.name = cut + "\u00e4"});
    loop.runtime.spawn([&]() -> task<> { co_await door.opens(); }, {.name = cut + "y\u00e4"});
    // Room for 42 bytes of the parent's: 41 and half a character.
    loop.runtime.spawn(
        [&]() -> task<> { co_await when_all([&]() -> task<> { co_await door.opens(); }()); },
        {.name = cut.substr(0, 41) + "\u00e4"});
    std::vector<std::string> names;
    for (const TaskInfo& info : loop.runtime.live_tasks()) names.push_back(info.name);
    EXPECT_EQ(names, (std::vector<std::string>{cut, cut.substr(0, 42) + "/all 0", cut + "y",
                                               cut.substr(0, 41) + "\u00e4",
                                               cut.substr(0, 41) + "/all 0"}));
}

TEST(Runtime, ATaskSeesItselfRunning) {
    FakeLoop loop;
    std::vector<TaskInfo> rows;
    loop.runtime.spawn([&]() -> task<> {
        rows = loop.runtime.live_tasks();
        co_return;
    });
    ASSERT_EQ(rows.size(), 1U);
    EXPECT_EQ(rows[0].state, TaskState::Polling);
}

}  // namespace
}  // namespace nebula
