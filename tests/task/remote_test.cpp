// SPDX-License-Identifier: MIT
#include "nebula/task/remote.hpp"

#include "fake_loop.hpp"
#include "nebula/task/next_frame.hpp"
#include "nebula/task/runtime.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

namespace nebula {
namespace {

using test::Counted;
using test::FakeLoop;

template <class F>
void elsewhere(F&& f) {
    std::thread(std::forward<F>(f)).join();
}

TEST(RuntimeRemote, ATaskOfAnotherThreadStartsOnTheOwnersInItsNextPump) {
    FakeLoop loop;
    const std::thread::id here = std::this_thread::get_id();
    std::optional<std::thread::id> started;
    TaskHandle<int> handle;
    elsewhere([&] {
        handle = loop.runtime.spawn_from_any_thread(
            [&]() -> task<int> {
                started = std::this_thread::get_id();
                co_await next_frame();
                co_return 7;
            },
            {.name = "posted"});
    });
    EXPECT_FALSE(started);
    EXPECT_TRUE(handle.is_pending());
    EXPECT_EQ(handle.name(), "posted");
    loop.runtime.pump();
    EXPECT_EQ(started, here);
    loop.frame();
    EXPECT_EQ(handle.result(), 7);
}

TEST(RuntimeRemote, TheFirstPostRings) {
    FakeLoop loop;
    std::atomic<int> rings = 0;
    loop.runtime.set_on_wake([&] { ++rings; });
    elsewhere([&] {
        for (int i = 0; i < 3; ++i)
            loop.runtime.spawn_from_any_thread([]() -> task<> { co_return; });
    });
    EXPECT_EQ(rings, 1);
    loop.runtime.pump();
    EXPECT_EQ(loop.runtime.live_count(), 0U);
}

TEST(RuntimeRemote, ACancelThatOvertakesTheStartLeavesTheFunctionUncalled) {
    int live = 0;
    FakeLoop loop;
    bool ran = false;
    const auto post = [&] {
        return loop.runtime.spawn_from_any_thread([&ran, counted = Counted(live)]() -> task<> {
            ran = true;
            co_return;
        });
    };
    TaskHandle<> from_here = post();
    TaskHandle<> from_there = post();
    from_here.cancel();
    elsewhere([&] { from_there.request_cancel(); });
    loop.runtime.pump();
    EXPECT_FALSE(ran);
    EXPECT_TRUE(from_here.cancelled());
    EXPECT_TRUE(from_there.cancelled());
    EXPECT_EQ(live, 0);
}

TEST(RuntimeRemote, AFunctionThatThrowsFailsTheTask) {
    FakeLoop loop;
    const TaskHandle<> handle =
        loop.runtime.spawn_from_any_thread([]() -> task<> { throw std::runtime_error("no body"); });
    loop.runtime.pump();
    EXPECT_THROW(handle.result(), std::runtime_error);
}

TEST(RuntimeRemote, PostsThatNobodyPumpedAreRefusedAtShutdown) {
    int live = 0;
    FakeLoop loop;
    const TaskHandle<> handle =
        loop.runtime.spawn_from_any_thread([counted = Counted(live)]() -> task<> { co_return; });
    loop.runtime.shutdown();
    EXPECT_TRUE(handle.cancelled());
    EXPECT_THROW(handle.result(), RuntimeClosed);
    EXPECT_EQ(live, 0);
}

TEST(RuntimeRemote, OutlivesTheRuntimeAndRefusesThen) {
    int live = 0;
    auto loop = std::make_unique<FakeLoop>();
    const RuntimeRemote remote = loop->runtime.remote();
    loop.reset();
    TaskHandle<> handle;
    elsewhere([&] { handle = remote.spawn([counted = Counted(live)]() -> task<> { co_return; }); });
    EXPECT_TRUE(handle.cancelled());
    EXPECT_THROW(handle.result(), RuntimeClosed);
    EXPECT_EQ(live, 0);
}

TEST(RuntimeRemote, EveryPostOfFourThreadsStartsOnceWhileTheOwnerPumpsAndCloses) {
    static constexpr int kThreads = 4;
    static constexpr int kPosts = 2'000;
    int started = 0;
    std::vector<std::vector<TaskHandle<>>> handles(kThreads);
    auto loop = std::make_unique<FakeLoop>();
    std::atomic<int> running = kThreads;
    {
        std::vector<std::jthread> threads;
        threads.reserve(kThreads);
        for (int t = 0; t < kThreads; ++t) {
            threads.emplace_back([&, t, remote = loop->runtime.remote()] {
                for (int i = 0; i < kPosts; ++i)
                    handles[static_cast<std::size_t>(t)].push_back(remote.spawn([&]() -> task<> {
                        ++started;
                        co_return;
                    }));
                --running;
            });
        }
        while (running == kThreads) loop->runtime.pump();
        loop->runtime.shutdown();
    }
    int done = 0;
    int cancelled = 0;
    for (const auto& of_thread : handles) {
        for (const TaskHandle<>& handle : of_thread) {
            done += handle.done() ? 1 : 0;
            cancelled += handle.cancelled() ? 1 : 0;
        }
    }
    EXPECT_EQ(done, started);
    EXPECT_EQ(done + cancelled, kThreads * kPosts);
}

TEST(WakeInline, ResumesInsideTheWakeWhenNothingOfOursRuns) {
    FakeLoop loop;
    test::Door door;
    std::vector<int> order;
    loop.runtime.spawn([&]() -> task<> {
        co_await door.opens();
        order.push_back(1);
        co_await door.opens();
        order.push_back(3);
    });
    const Waker first = door.wakers[0];
    first.wake_inline();
    order.push_back(2);
    EXPECT_EQ(order, (std::vector{1, 2}));
    first.wake_inline();
    EXPECT_EQ(order, (std::vector{1, 2})) << "that wait is over";
    loop.runtime.spawn([waker = door.wakers[1], &order]() -> task<> {
        waker.wake_inline();  // inside a task: an ordinary wake
        order.push_back(4);
        co_return;
    });
    EXPECT_EQ(order, (std::vector{1, 2, 4}));
    loop.runtime.pump();
    EXPECT_EQ(order, (std::vector{1, 2, 4, 3}));
}

TEST(WakeInline, OnAnotherThreadItIsAnOrdinaryWake) {
    FakeLoop loop;
    test::Door door;
    bool resumed = false;
    loop.runtime.spawn([&]() -> task<> {
        co_await door.opens();
        resumed = true;
    });
    elsewhere([&] { door.wakers[0].wake_inline(); });
    EXPECT_FALSE(resumed);
    loop.runtime.pump();
    EXPECT_TRUE(resumed);
}

TEST(RequestCancel, ATaskThatIsReadyInTheRunningPumpDoesNotRunAnyMore) {
    FakeLoop loop;
    bool touched = false;
    TaskHandle<> victim;
    const TaskHandle<> killer = loop.runtime.spawn([&]() -> task<> {
        co_await next_frame();
        victim.request_cancel();  // what the victim borrows dies here
    });
    victim = loop.runtime.spawn([&]() -> task<> {
        co_await next_frame();
        touched = true;
    });
    loop.frame();
    EXPECT_TRUE(killer.done());
    EXPECT_FALSE(touched);
    EXPECT_TRUE(victim.cancelled());
}

}  // namespace
}  // namespace nebula
