// SPDX-License-Identifier: MIT
#include "nebula/threading/local_executor.hpp"

#include "nebula/threading/worker_pool.hpp"
#include "support.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <exception>
#include <functional>
#include <latch>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace nebula {
namespace {

using namespace std::chrono_literals;
using test::HangGuard;

TEST(LocalExecutor, RunsWhatOtherThreadsSpawnedOnItsOwnInTheirOrder) {
    const HangGuard guard("a closure was not run");
    LocalExecutor executor;
    WorkerPool pool({.thread_count_override = 2});
    std::vector<int> order;
    std::latch spawned(1);
    pool.spawn([&] {
        for (int i = 0; i < 1'000; ++i)
            executor.spawn([&, i] {
                EXPECT_TRUE(executor.is_current_thread_owner());
                order.push_back(i);
            });
        spawned.count_down();
    });
    spawned.wait();
    EXPECT_EQ(executor.size(), 1'000U);
    EXPECT_TRUE(order.empty());
    EXPECT_EQ(executor.tick(), 1'000U);
    EXPECT_FALSE(executor.try_tick());
    for (int i = 0; i < 1'000; ++i) ASSERT_EQ(order[static_cast<std::size_t>(i)], i);
}

TEST(LocalExecutor, TickRunsWhatWasThereAndNoMoreThanAsked) {
    LocalExecutor executor;
    int ran = 0;
    std::function<void()> again = [&] {
        ++ran;
        executor.spawn_local(again);
        executor.spawn(again);
    };
    executor.spawn_local(again);
    executor.spawn(again);
    EXPECT_EQ(executor.tick(), 2U);
    EXPECT_EQ(ran, 2);
    EXPECT_EQ(executor.tick(3), 3U);
    EXPECT_EQ(executor.size(), 7U);
    EXPECT_EQ(executor.tick(), 7U);
    EXPECT_EQ(ran, 12);
}

// The snapshot is what is run, though what comes meanwhile takes its turns.
TEST(LocalExecutor, TickLeavesNothingOfItsSnapshot) {
    for (const auto& [local, shared] : {std::pair(10, 5), std::pair(5, 10)}) {
        LocalExecutor executor;
        int first = 0;
        int later = 0;
        for (int i = 0; i < local; ++i)
            executor.spawn_local([&] {
                ++first;
                for (int k = 0; k < 3; ++k) executor.spawn([&] { ++later; });
            });
        for (int i = 0; i < shared; ++i)
            executor.spawn([&] {
                ++first;
                for (int k = 0; k < 3; ++k) executor.spawn_local([&] { ++later; });
            });
        EXPECT_EQ(executor.tick(), 15U);
        EXPECT_EQ(first, 15);
        EXPECT_EQ(later, 0);
        EXPECT_EQ(executor.tick(), 45U);
        EXPECT_EQ(later, 45);
    }
}

// One that spawns itself anew for ever, of either kind, starves nobody.
TEST(LocalExecutor, OneThatSpawnsItselfStarvesNobody) {
    for (const bool local : {false, true}) {
        LocalExecutor executor;
        std::function<void()> again = [&] {
            local ? executor.spawn_local(again) : executor.spawn(again);
        };
        again();
        int ran = 0;
        for (int i = 0; i < 10; ++i) {
            executor.spawn([&] { ++ran; });
            executor.spawn_local([&] { ++ran; });
        }
        for (int i = 0; i < 60; ++i) EXPECT_TRUE(executor.try_tick());
        EXPECT_EQ(ran, 20);
    }
}

TEST(LocalExecutor, RunUntilBeginsNothingAfterItsDeadlineAndEndsWhenNothingIsLeft) {
    LocalExecutor executor;
    int ran = 0;
    for (int i = 0; i < 3; ++i) executor.spawn([&] { ++ran; });
    EXPECT_EQ(executor.run_until(Clock::now()), 0U);
    EXPECT_EQ(executor.run_until(Clock::time_point::min()), 0U);
    EXPECT_EQ(executor.run_until(Clock::time_point::max()), 3U);
    EXPECT_EQ(ran, 3);
    std::function<void()> again = [&] { executor.spawn_local(again); };
    again();
    const Clock::time_point deadline = Clock::now() + 2ms;
    EXPECT_GT(executor.run_until(deadline), 0U);
    EXPECT_GE(Clock::now(), deadline);
}

TEST(LocalExecutor, RunsTheNextOnlyIfItIsWanted) {
    LocalExecutor executor;
    int ran = 0;
    const auto never = [](std::uint32_t) { return false; };
    EXPECT_FALSE(executor.try_tick_if([](std::uint32_t) { return true; }));
    executor.spawn([&] { ++ran; }, {.cost_class = 7});
    EXPECT_FALSE(executor.try_tick_if(never));
    EXPECT_TRUE(executor.try_tick_if([](std::uint32_t cost_class) { return cost_class == 7; }));
    EXPECT_EQ(ran, 1);
    // Decided about and run are the same one, though another comes between.
    executor.spawn_local([&] { ++ran; }, {.cost_class = 1});
    EXPECT_TRUE(executor.try_tick_if([&](std::uint32_t cost_class) {
        executor.spawn([&] { ran += 100; }, {.cost_class = 2});
        return cost_class == 1;
    }));
    EXPECT_EQ(ran, 2);
}

TEST(LocalExecutor, TellsWhenItMayHaveBeenEmptyAndOnlyThen) {
    std::atomic<int> rings{0};
    LocalExecutor executor({.on_work = [&] { ++rings; }});
    executor.spawn([] {});
    EXPECT_EQ(rings, 1);
    executor.spawn([] {});
    executor.spawn_local([] {});
    EXPECT_EQ(rings, 1);
    executor.tick();
    executor.spawn_local([] {});
    EXPECT_EQ(rings, 1);
    executor.tick();
    executor.spawn([] {});
    EXPECT_EQ(rings, 2);
}

TEST(LocalExecutor, AnErrorGoesToItsPanicHandler) {
    std::string told;
    LocalExecutor executor({.on_panic = [&](const PanicInfo& info) {
        told += std::string(info.worker_name) + ": " + std::string(info.task_name) + ": " +
                std::string(info.message);
    }});
    int ran = 0;
    executor.spawn([] { throw std::runtime_error("no context"); }, {.name = "upload"});
    executor.spawn([&] { ++ran; });
    EXPECT_EQ(executor.tick(), 2U);
    EXPECT_EQ(told, "local: upload: no context");
    EXPECT_EQ(ran, 1);
}

TEST(LocalExecutor, SpawnThenTellsHowItEndedWhenTheClosureIsGone) {
    const auto witness = std::make_shared<int>(0);
    int panics = 0;
    int told = 0;
    {
        LocalExecutor executor({.on_panic = [&](const PanicInfo&) { ++panics; }});
        executor.spawn_then([witness] {},
                            [&](const std::exception_ptr& error) {
                                EXPECT_EQ(error, nullptr);
                                EXPECT_EQ(witness.use_count(), 1);
                                ++told;
                            });
        EXPECT_EQ(told, 0);
        executor.tick();
        EXPECT_EQ(told, 1);
        executor.spawn_then([] { throw 5; },
                            [&](const std::exception_ptr& error) {
                                EXPECT_THROW(std::rethrow_exception(error), int);
                                ++told;
                            });
        executor.tick();
        EXPECT_EQ(told, 2);
        executor.spawn_then([witness] { FAIL() << "it was to be dropped"; },
                            [&](const std::exception_ptr& error) {
                                EXPECT_THROW(std::rethrow_exception(error), TaskWasDropped);
                                EXPECT_EQ(witness.use_count(), 1);
                                ++told;
                            });
    }
    EXPECT_EQ(told, 3);
    EXPECT_EQ(panics, 0);
}

// What a scope needs for work pinned to the main thread: a task waits until it has run there.
TEST(LocalExecutor, AWorkerMayWaitForPinnedWork) {
    const HangGuard guard("pinned work was not run");
    LocalExecutor main_thread;
    WorkerPool pool({.thread_count_override = 2});
    std::atomic<int> pinned{0};
    std::atomic<int> ended{0};
    for (int i = 0; i < 100; ++i)
        pool.spawn([&] {
            main_thread.spawn_then([&] { ++pinned; }, [&](const std::exception_ptr&) { ++ended; });
        });
    while (ended < 100) main_thread.tick();
    EXPECT_EQ(pinned, 100);
}

TEST(LocalExecutor, DestroysWhatHasNotRunOnceAndWhatThatSpawns) {
    struct Respawns {
        explicit Respawns(LocalExecutor& to, int& counter, int more) noexcept
            : executor(&to), ends(&counter), left(more) {}
        Respawns(Respawns&& other) noexcept
            : executor(std::exchange(other.executor, nullptr)),
              ends(other.ends),
              left(other.left) {}
        Respawns(const Respawns&) = delete;
        Respawns& operator=(const Respawns&) = delete;
        ~Respawns() {
            if (executor == nullptr) return;
            ++*ends;
            if (left > 0) executor->spawn(Respawns(*executor, *ends, left - 1));
            if (left > 0) executor->spawn_local(Respawns(*executor, *ends, left - 1));
        }
        void operator()() const { FAIL() << "it was to be dropped"; }
        LocalExecutor* executor;
        int* ends;
        int left;
    };
    int ends = 0;
    {
        LocalExecutor executor;
        executor.spawn(Respawns(executor, ends, 3));
    }
    EXPECT_EQ(ends, 1 + 2 + 4 + 8);
}

TEST(LocalExecutor, TakesClosuresFromManyThreadsWhileItTicks) {
    const HangGuard guard("a closure was lost");
    static constexpr int kEach = 20'000;
    LocalExecutor executor;
    int ran = 0;
    std::vector<std::jthread> threads;
    for (int t = 0; t < 3; ++t)
        threads.emplace_back([&] {
            for (int i = 0; i < kEach; ++i) executor.spawn([&] { ++ran; });
        });
    while (ran < 3 * kEach)
        if (executor.tick(100) == 0) std::this_thread::yield();
    EXPECT_EQ(executor.size(), 0U);
}

// The owner sleeps when it found nothing; a bell that is not rung is a hang.
TEST(LocalExecutor, TheBellIsRungForWhatComesAroundTheMomentOfSleep) {
    const HangGuard guard("the owner slept on");
    std::atomic<std::uint32_t> bell{0};
    LocalExecutor executor({.on_work = [&] {
        ++bell;
        bell.notify_one();
    }});
    static constexpr int kCount = 20'000;
    int ran = 0;
    std::jthread spawner([&] {
        for (int i = 0; i < kCount; ++i) executor.spawn([&] { ++ran; });
    });
    while (ran < kCount) {
        const std::uint32_t seen = bell;
        if (executor.tick() == 0 && ran < kCount) bell.wait(seen);
    }
}

TEST(LocalExecutor, AClosureMayTickItsOwnExecutor) {
    LocalExecutor executor;
    std::string order;
    std::size_t inner = 0;
    executor.spawn([&] {
        order += 'a';
        executor.spawn([&] { order += 'e'; });
        inner = executor.tick();
    });
    executor.spawn_local([&] { order += 'b'; });
    executor.spawn([&] { order += 'c'; });
    // All that was there has run inside of the first; what it spawned was there for the inner one.
    EXPECT_EQ(executor.tick(), 1U);
    EXPECT_EQ(inner, 3U);
    EXPECT_EQ(order, "abce");
    EXPECT_EQ(executor.size(), 0U);
    // A nested one that takes a part leaves the rest to the outer.
    order.clear();
    executor.spawn([&] { EXPECT_EQ(executor.tick(1), 1U); });
    for (const char name : {'1', '2', '3'}) executor.spawn([&order, name] { order += name; });
    EXPECT_EQ(executor.tick(), 3U);
    EXPECT_EQ(order, "123");
}

}  // namespace
}  // namespace nebula
