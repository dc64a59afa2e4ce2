// SPDX-License-Identifier: MIT
#include "fake_loop.hpp"
#include "nebula/task/errors.hpp"
#include "nebula/task/event.hpp"
#include "nebula/task/next_frame.hpp"
#include "nebula/task/pool_bridge.hpp"
#include "nebula/threading/worker_pool.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cstddef>
#include <memory>
#include <thread>
#include <vector>

namespace nebula {
namespace {

using test::AtExit;
using test::Counted;
using test::Door;
using test::FakeLoop;

TEST(Shutdown, DestroysTheNewestTaskFirst) {
    Door door;
    FakeLoop loop;
    std::vector<int> order;
    for (int i = 0; i < 4; ++i) {
        loop.runtime.spawn([&, i]() -> task<> {
            const AtExit note([&order, i] { order.push_back(i); });
            co_await door.opens();
        });
    }
    loop.runtime.shutdown();
    EXPECT_EQ(order, (std::vector{3, 2, 1, 0}));
    loop.runtime.shutdown();
    EXPECT_EQ(order.size(), 4U);
    EXPECT_EQ(loop.runtime.live_count(), 0U);
}

TEST(Shutdown, AfterwardsSpawnIsRefusedAndWakesAreIgnored) {
    Door door;
    FakeLoop loop;
    int rings = 0;
    loop.runtime.spawn([&]() -> task<> { co_await door.opens(); });
    int handlers = 0;
    loop.runtime.set_on_wake([&rings, counted = Counted(handlers)] { ++rings; });
    loop.runtime.shutdown();
    EXPECT_EQ(handlers, 0) << "what the handler captured may go now";
    door.open();
    bool ran = false;
    int live = 0;
    const TaskHandle<> refused = loop.runtime.spawn([&, counted = Counted(live)]() -> task<> {
        ran = true;
        co_return;
    });
    loop.runtime.pump();
    loop.frame();
    EXPECT_FALSE(ran);
    EXPECT_EQ(live, 0);
    EXPECT_EQ(rings, 0);
    EXPECT_TRUE(refused.cancelled());
    EXPECT_THROW(refused.result(), RuntimeClosed);
}

TEST(Shutdown, ADestructorMaySpawnCancelAndWakeAndIsRefusedCleanly) {
    Door door;
    FakeLoop loop;
    int live = 0;
    bool ran = false;
    TaskHandle<> refused;
    TaskHandle<> older = loop.runtime.spawn([&]() -> task<> {
        const Counted local(live);
        co_await door.opens();
    });
    loop.runtime.spawn([&]() -> task<> {
        const AtExit last([&] {
            refused = loop.runtime.spawn([&]() -> task<> {
                ran = true;
                co_return;
            });
            older.cancel();
            door.open();
            loop.runtime.pump();
        });
        co_await door.opens();
    });
    loop.runtime.shutdown();
    EXPECT_TRUE(refused.cancelled());
    EXPECT_FALSE(ran);
    EXPECT_EQ(live, 0);
}

TEST(Shutdown, FromInsideATaskEndsThatTaskAtItsNextSuspension) {
    Door door;
    FakeLoop loop;
    int live = 0;
    int steps = 0;
    const TaskHandle<> other = loop.runtime.spawn([&]() -> task<> {
        const Counted local(live);
        co_await door.opens();
    });
    const TaskHandle<> self = loop.runtime.spawn([&]() -> task<> {
        const Counted local(live);
        co_await yield_now();
        loop.runtime.shutdown();
        EXPECT_EQ(live, 1);
        ++steps;
        co_await door.opens();
        ++steps;
    });
    loop.runtime.pump();
    EXPECT_EQ(steps, 1);
    EXPECT_EQ(live, 0);
    EXPECT_EQ(loop.runtime.live_count(), 0U);
    EXPECT_THROW(self.result(), RuntimeClosed);
    EXPECT_THROW(other.result(), RuntimeClosed);
    door.open();
}

TEST(Shutdown, WithAThousandTasksInEveryKindOfWaitRunsEachDestructorOnce) {
    static constexpr int kOfEachKind = 1000;
    Door door;
    Event event;
    std::atomic<int> destroyed{0};
    std::atomic<bool> gate{false};
    WorkerPool pool({.thread_count_override = 2});
    int spawned = 0;
    {
        FakeLoop loop;
        Runtime& runtime = loop.runtime;
        const TaskHandle<> never = runtime.spawn([&]() -> task<> { co_await door.opens(); });
        const auto spawn_each = [&](auto body) {
            for (int i = 0; i < kOfEachKind; ++i) {
                ++spawned;
                runtime.spawn([&destroyed, body]() -> task<> {
                    const AtExit count([&destroyed] { ++destroyed; });
                    co_await body();
                    ADD_FAILURE() << "a task went on";
                });
            }
        };
        // Hold the workers, so that all jobs are still queued when the runtime goes.
        for (int i = 0; i < 2; ++i)
            pool.spawn([&] {
                while (!gate.load()) std::this_thread::yield();
            });
        spawn_each([]() -> task<> { co_await next_frame(); });
        spawn_each([]() -> task<> { co_await sleep_for(1.0); });
        spawn_each([]() -> task<> {
            for (;;) co_await yield_now();
        });
        spawn_each([&]() -> task<> { co_await event.wait(); });
        spawn_each([&]() -> task<> { co_await door.opens(); });
        spawn_each([&]() -> task<> { co_await never; });
        spawn_each([&]() -> task<> {
            auto job = pool.run([counted = std::make_unique<int>(1)] { return *counted; });
            co_await job;
        });
        EXPECT_EQ(runtime.live_count(), static_cast<std::size_t>(spawned) + 1);
        std::thread waker([wakers = door.wakers] {
            for (const Waker& each : wakers) each.wake();
        });
        gate.store(true);
        runtime.shutdown();
        EXPECT_EQ(destroyed.load(), spawned);
        waker.join();
    }
    EXPECT_EQ(destroyed.load(), spawned);
    EXPECT_EQ(door.waiting, 0);
    door.open();
}

TEST(Shutdown, ATaskThatNeverHadItsFirstTurnIsDestroyedUnstarted) {
    int live = 0;
    int started = 0;
    {
        FakeLoop loop;
        struct Nest {
            static task<> down(Runtime& runtime, int left, int& count, Counted counted) {
                ++count;
                if (left > 0) runtime.spawn(down(runtime, left - 1, count, counted));
                co_await next_frame();
            }
        };
        loop.runtime.spawn(Nest::down(loop.runtime, Runtime::kEagerDepth, started, Counted(live)));
        EXPECT_EQ(started, Runtime::kEagerDepth);
        EXPECT_EQ(live, Runtime::kEagerDepth + 1);
    }
    EXPECT_EQ(started, Runtime::kEagerDepth);
    EXPECT_EQ(live, 0);
}

// Threads wake without pause while the runtime goes away under them.
TEST(Shutdown, WakesThatRaceWithItDoNoHarm) {
    for (int round = 0; round < 20; ++round) {
        Door door;
        std::atomic<bool> stop{false};
        std::atomic<int> running{0};
        std::vector<std::thread> threads;
        {
            std::atomic<int> rings{0};
            FakeLoop loop;
            loop.runtime.set_on_wake([&] { ++rings; });
            std::vector<TaskHandle<>> handles;
            handles.reserve(20);
            for (int i = 0; i < 20; ++i) {
                handles.push_back(loop.runtime.spawn([&]() -> task<> {
                    co_await door.opens();
                    co_await next_frame();
                }));
            }
            for (int i = 0; i < 3; ++i) {
                threads.emplace_back([&stop, &running, wakers = door.wakers, handles] {
                    ++running;
                    while (!stop.load()) {
                        for (const Waker& waker : wakers) waker.wake();
                        for (const TaskHandle<>& handle : handles) handle.request_cancel();
                    }
                });
            }
            while (running.load() < 3) std::this_thread::yield();
            if (round % 2 == 0) loop.runtime.pump();
        }
        stop.store(true);
        for (std::thread& thread : threads) thread.join();
        EXPECT_EQ(door.waiting, 0);
    }
}

}  // namespace
}  // namespace nebula
