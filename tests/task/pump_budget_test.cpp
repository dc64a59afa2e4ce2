// SPDX-License-Identifier: MIT
#include "fake_loop.hpp"
#include "nebula/base/clock.hpp"
#include "nebula/task/next_frame.hpp"
#include "nebula/task/runtime.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

namespace nebula {
namespace {

using test::FakeLoop;

constexpr auto kTooSmall = std::chrono::nanoseconds(1);  // for anything: one turn a frame

TEST(PumpBudget, WhatIsCutGoesFirstInTheNextFrameAndInOrder) {
    FakeLoop loop;
    std::vector<int> order;
    for (int i = 0; i < 3; ++i)
        loop.runtime.spawn([&order, i]() -> task<> {
            co_await next_frame();
            order.push_back(i);
            co_await next_frame();
            order.push_back(10 + i);
        });
    loop.runtime.set_pump_budget(kTooSmall);
    loop.frame();
    EXPECT_EQ(order, (std::vector{0}));
    loop.runtime.pump();
    EXPECT_EQ(order, (std::vector{0})) << "the budget is of the frame, not of the pump";
    loop.frame();
    EXPECT_EQ(order, (std::vector{0, 1}));
    loop.runtime.set_pump_budget({});
    loop.frame();
    EXPECT_EQ(order, (std::vector{0, 1, 2, 10, 11}));
    loop.frame();
    EXPECT_EQ(order.back(), 12);
}

// The story: "one turn a frame" was one over all phases, so the first phase always had it.
TEST(PumpBudget, EveryPhaseHasATurnHoweverBusyTheOnesBeforeItAre) {
    FakeLoop loop;
    loop.runtime.set_pump_budget(kTooSmall);
    int frames = 0;
    int ends = 0;
    for (int i = 0; i < 3; ++i)
        loop.runtime.spawn([&]() -> task<> {
            for (;; ++frames) co_await next_frame();
        });
    loop.runtime.spawn([&]() -> task<> {
        for (;; ++ends) co_await end_of_frame();
    });
    for (int i = 0; i < 100; ++i) {
        loop.frame();
        loop.runtime.end_of_frame();
    }
    EXPECT_EQ(frames, 100);
    EXPECT_EQ(ends, 100);
}

TEST(PumpBudget, WhatIsCutOffAPhaseGoesFirstInTheNextSuchPhase) {
    FakeLoop loop;
    loop.runtime.set_pump_budget(kTooSmall);
    std::vector<int> order;
    for (int i = 0; i < 3; ++i)
        loop.runtime.spawn([&order, i]() -> task<> {
            for (;;) {
                co_await end_of_frame();
                order.push_back(i);
            }
        });
    for (int i = 0; i < 6; ++i) loop.runtime.end_of_frame();
    EXPECT_EQ(order, (std::vector{0, 1, 2, 0, 1, 2}));
}

TEST(PumpBudget, CutFramesAreCounted) {
    FakeLoop loop;
    for (int i = 0; i < 4; ++i) loop.runtime.spawn([]() -> task<> { co_await next_frame(); });
    loop.runtime.set_pump_budget(kTooSmall);
    loop.frames_pass(3);
    EXPECT_EQ(loop.runtime.pump_stats().cut_in_a_row, 2U) << "of the frames that have ended";
    loop.frames_pass(2);
    EXPECT_EQ(loop.runtime.live_count(), 0U);
    EXPECT_EQ(loop.runtime.pump_stats().cut_in_a_row, 0U);
    EXPECT_EQ(loop.runtime.pump_stats().cut_frames, 3U);
    EXPECT_EQ(loop.runtime.pump_stats().longest_cut_row, 3U);
}

TEST(PumpBudget, CancelsAreTakenWhenNoTurnsAreLeft) {
    FakeLoop loop;
    std::vector<TaskHandle<>> tasks;
    for (int i = 0; i < 3; ++i)
        tasks.push_back(loop.runtime.spawn([]() -> task<> { co_await next_frame(); }));
    loop.runtime.set_pump_budget(kTooSmall);
    loop.frame();
    tasks[2].request_cancel();
    loop.runtime.pump();
    EXPECT_TRUE(tasks[2].cancelled());
    EXPECT_TRUE(tasks[1].is_pending());
}

TEST(Stuck, AWaitIsToldOnceAndTheNextOneAgain) {
    test::Door door;
    FakeLoop loop;
    std::vector<std::string> told;
    loop.runtime.set_on_stuck(1.0, [&](const TaskInfo& info) {
        told.push_back(info.name + ": " + std::string(info.reason));
    });
    loop.runtime.spawn(
        [&]() -> task<> {
            co_await door.opens();
            co_await door.opens();
        },
        {.name = "late"});
    loop.frames_pass(12);
    EXPECT_EQ(told, (std::vector<std::string>{"late: door"}));
    door.open();
    loop.frames_pass(12);
    EXPECT_EQ(told, (std::vector<std::string>{"late: door", "late: door"}));
}

TEST(Stuck, ALongSleepIsNotStuckAndWhatIsWaitedForAfterItIs) {
    test::Door door;
    FakeLoop loop;
    std::vector<std::string> told;
    loop.runtime.set_on_stuck(1.0, [&](const TaskInfo& info) { told.emplace_back(info.reason); });
    loop.runtime.spawn([&]() -> task<> {
        co_await sleep_for(10.0);
        co_await door.opens();
    });
    loop.frames_pass(20);
    EXPECT_TRUE(told.empty());
    loop.frames_pass(100);
    EXPECT_EQ(told, std::vector<std::string>{"door"});
}

}  // namespace
}  // namespace nebula
