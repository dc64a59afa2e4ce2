// SPDX-License-Identifier: MIT
#include "nebula/threading/task_group.hpp"

#include "nebula/threading/detail/os_thread.hpp"
#include "nebula/threading/worker_pool.hpp"
#include "support.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <latch>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace nebula {
namespace {

using namespace std::chrono_literals;
using test::Blocked;
using test::HangGuard;

TEST(TaskGroup, IsRunByTheWorkersWhenItsOwnerNeverHelps) {
    const HangGuard guard("a group that nobody helps was not run");
    WorkerPool pool({.thread_count_override = 2});
    std::atomic<int> on_workers{0};
    TaskGroup group(pool, Band::Background);
    EXPECT_TRUE(group.done());
    for (int i = 0; i < 100; ++i)
        group.spawn([&] { on_workers += WorkerPool::current_worker_index() >= 0 ? 1 : 0; });
    while (!group.done()) std::this_thread::yield();
    EXPECT_EQ(on_workers, 100);
}

TEST(TaskGroup, IsRunByItsOwnerWhenAllWorkersAreBusyInTheOrderOfSpawning) {
    WorkerPool pool({.thread_count_override = 1});
    const Blocked blocked(pool);
    std::vector<int> order;
    TaskGroup group(pool);
    for (int i = 0; i < 100; ++i) group.spawn([&order, i] { order.push_back(i); });
    EXPECT_EQ(group.pending(), 100U);
    group.wait();
    ASSERT_EQ(order.size(), 100U);
    for (int i = 0; i < 100; ++i) EXPECT_EQ(order[static_cast<std::size_t>(i)], i);
}

TEST(TaskGroup, AWaiterRunsTasksOfItsOwnGroupOnly) {
    std::atomic<int> strangers{0};  // before the pool, which runs them at its end
    std::atomic<int> ours{0};
    WorkerPool pool({.thread_count_override = 1});
    Blocked blocked(pool);
    for (const Band band : {Band::Frame, Band::Normal})
        for (int i = 0; i < 10; ++i) pool.spawn([&] { ++strangers; }, {.band = band});
    TaskGroup other(pool);
    other.spawn([&] { ++strangers; });
    TaskGroup group(pool, Band::Background);
    group.spawn([&] {
        ++ours;
        group.spawn([&] { ++ours; });
    });
    group.wait();
    EXPECT_EQ(ours, 2);
    EXPECT_EQ(strangers, 0);
    blocked.open();
}

// A task holds a lock while it waits for its scope, and the pool is full of tasks that want the
// lock. A waiter that took any task would take one of those and wait for itself.
TEST(TaskGroup, ALockMayBeHeldAcrossAWait) {
    const HangGuard guard("a waiter took a task that wants its lock");
    std::mutex mutex;
    WorkerPool pool({.thread_count_override = 2});
    std::atomic<int> ran{0};
    TaskGroup all(pool);
    for (int i = 0; i < 50; ++i)
        all.spawn([&] {
            const std::lock_guard lock(mutex);
            TaskGroup inner(pool);
            for (int k = 0; k < 4; ++k) inner.spawn([&] { ++ran; });
            inner.wait();
        });
    all.wait();
    EXPECT_EQ(ran, 200);
}

// ---- deadlines

TEST(TaskGroup, ADeadlineThatHasPassedStartsNothing) {
    WorkerPool pool({.thread_count_override = 1});
    const Blocked blocked(pool);
    std::atomic<int> ran{0};
    TaskGroup group(pool);
    for (int i = 0; i < 10; ++i) group.spawn([&] { ++ran; });
    EXPECT_FALSE(group.wait_until(Clock::now()));
    EXPECT_FALSE(group.wait_until(Clock::time_point::min()));
    EXPECT_FALSE(group.wait_until(Clock::time_point{}));
    EXPECT_EQ(ran, 0);
    EXPECT_EQ(group.pending(), 10U);
    EXPECT_TRUE(group.wait_until(Clock::time_point::max()));
    EXPECT_EQ(ran, 10);
}

TEST(TaskGroup, ADeadlineThatPassesInATaskStartsNoOther) {
    WorkerPool pool({.thread_count_override = 1});
    const Blocked blocked(pool);
    std::atomic<int> ran{0};
    TaskGroup group(pool);
    // Long enough that the first task is begun, and then the task itself outlasts it.
    const Clock::time_point deadline = Clock::now() + 200ms;
    for (int i = 0; i < 10; ++i)
        group.spawn([&] {
            ++ran;
            while (Clock::now() < deadline) {
            }
        });
    EXPECT_FALSE(group.wait_until(deadline));
    EXPECT_LE(ran, 1);
    group.wait();
    EXPECT_EQ(ran, 10);
}

TEST(TaskGroup, ADoneGroupIsDoneWhateverTheDeadline) {
    WorkerPool pool({.thread_count_override = 1});
    TaskGroup group(pool);
    EXPECT_TRUE(group.wait_until(Clock::time_point::min()));
    group.spawn([] {});
    group.wait();
    EXPECT_TRUE(group.wait_until(Clock::time_point::min()));
}

TEST(TaskGroup, WaitsUntilTheDeadlineForATaskThatAWorkerHas) {
    WorkerPool pool({.thread_count_override = 1});
    std::latch begun(1);
    std::latch end(1);
    TaskGroup group(pool);
    group.spawn([&] {
        begun.count_down();
        end.wait();
    });
    begun.wait();
    const Clock::time_point deadline = Clock::now() + 5ms;
    EXPECT_FALSE(group.wait_until(deadline));
    EXPECT_GE(Clock::now(), deadline);
    end.count_down();
    EXPECT_TRUE(group.wait_until(Clock::time_point::max()));
}

// The owner sleeps because the only task is on the only worker; that task spawns another and waits
// until it has run: nobody but the owner can run it.
TEST(TaskGroup, AWaiterThatSleepsWakesForNewTasksOfItsGroup) {
    const HangGuard guard("the owner slept on");
    WorkerPool pool({.thread_count_override = 1});
    const long owner = detail::this_thread_os_id();
    for (int round = 0; round < 20; ++round) {
        std::latch begun(1);
        std::latch second(1);
        std::atomic<bool> waiting{false};
        TaskGroup group(pool);
        group.spawn([&] {
            begun.count_down();
            while (!waiting || !test::sleeps(owner)) std::this_thread::yield();
            group.spawn([&] { second.count_down(); });
            second.wait();
        });
        begun.wait();
        waiting = true;
        group.wait();
    }
}

// ---- ends

TEST(TaskGroup, TheClosureIsGoneBeforeTheWaitReturns) {
    WorkerPool pool({.thread_count_override = 2});
    for (int round = 0; round < 500; ++round) {
        const auto witness = std::make_shared<int>(0);
        TaskGroup group(pool);
        for (int i = 0; i < 4; ++i) group.spawn([witness] {});
        group.wait();
        ASSERT_EQ(witness.use_count(), 1);
    }
}

// Tickets that are found long after the group has ended and its memory would be gone.
TEST(TaskGroup, MayDieBeforeAWorkerFindsItsTickets) {
    WorkerPool pool({.thread_count_override = 2});
    for (int round = 0; round < 20; ++round) {
        Blocked first(pool);
        Blocked second(pool);
        for (int i = 0; i < 10; ++i) {
            TaskGroup group(pool, static_cast<Band>(i % 3));
            for (int k = 0; k < 5; ++k) group.spawn([] {});
        }
    }
}

TEST(TaskGroup, KeepsTheFirstExceptionAndRunsTheRest) {
    WorkerPool pool({.thread_count_override = 1});
    const Blocked blocked(pool);
    int ran = 0;
    TaskGroup group(pool);
    group.spawn([&] { ++ran; });
    group.spawn([] { throw std::runtime_error("first"); });
    group.spawn([] { throw std::runtime_error("second"); });
    group.spawn([&] { ++ran; });
    group.wait();
    EXPECT_EQ(ran, 2);
    try {
        group.rethrow_first();
        FAIL() << "nothing was thrown";
    } catch (const std::runtime_error& error) {
        EXPECT_STREQ(error.what(), "first");
    }
    EXPECT_EQ(group.take_exception(), nullptr);
    group.rethrow_first();
}

TEST(TaskGroup, AnExceptionNobodyTookGoesToThePanicHandler) {
    std::vector<std::string> told;
    {
        WorkerPool pool({.thread_count_override = 1, .on_panic = [&](const PanicInfo& info) {
                             told.push_back(std::string(info.worker_name) + ": " +
                                            std::string(info.task_name) + ": " +
                                            std::string(info.message));
                         }});
        const Blocked blocked(pool);
        {
            TaskGroup group(pool);
            group.spawn([] { throw std::runtime_error("lost brick"); }, "mesh");
        }
        {
            TaskGroup group(pool);
            group.spawn([] { throw std::runtime_error("taken"); });
            group.wait();
            EXPECT_NE(group.take_exception(), nullptr);
        }
    }
    EXPECT_EQ(told, std::vector<std::string>{"caller: mesh: lost brick"});
}

TEST(TaskGroup, TakesTasksFromManyThreads) {
    WorkerPool pool({.thread_count_override = 2});
    std::atomic<int> ran{0};
    TaskGroup group(pool);
    {
        std::vector<std::jthread> threads;
        threads.reserve(4);
        for (int t = 0; t < 4; ++t)
            threads.emplace_back([&] {
                for (int i = 0; i < 1000; ++i) group.spawn([&] { ++ran; });
            });
    }
    group.wait();
    EXPECT_EQ(ran, 4000);
}

// A Background group in hand does not keep a worker from a Frame task that comes meanwhile.
TEST(TaskGroup, AWorkerLeavesALowerGroupForAHigherTask) {
    std::vector<std::string> order;
    std::latch first_begun(1);
    std::latch frame_spawned(1);
    WorkerPool pool({.thread_count_override = 1});
    TaskGroup group(pool, Band::Background);
    for (int i = 0; i < 5; ++i)
        group.spawn([&, i] {
            if (i == 0) {
                first_begun.count_down();
                frame_spawned.wait();
            }
            order.emplace_back("background");
        });
    first_begun.wait();
    pool.spawn([&] { order.emplace_back("frame"); }, {.band = Band::Frame});
    frame_spawned.count_down();
    while (!group.done()) std::this_thread::yield();
    ASSERT_EQ(order.size(), 6U);
    EXPECT_EQ(order[1], "frame");
}

// With Help::Any a waiter does what else is queued, as urgent as its group or more.
TEST(TaskGroup, AWaiterHelpsAnybodyIfAskedTo) {
    const HangGuard guard("a wait never ended");
    std::latch stolen(1);
    std::latch stranger_ran(1);
    std::atomic<bool> later{false};
    WorkerPool pool({.thread_count_override = 1});
    std::thread::id stranger;
    TaskGroup group(pool, Band::Normal);
    group.spawn([&] {
        stolen.count_down();
        stranger_ran.wait();
    });
    stolen.wait();  // the only worker is in there, and comes out when somebody else has run
    pool.spawn([&] { later = true; }, {.band = Band::Background});
    pool.spawn(
        [&] {
            stranger = std::this_thread::get_id();
            EXPECT_FALSE(later);
            stranger_ran.count_down();
        },
        {.band = Band::Frame});
    group.wait(Help::Any);
    EXPECT_EQ(stranger, std::this_thread::get_id());
}

}  // namespace
}  // namespace nebula
