// SPDX-License-Identifier: MIT
#include "nebula/threading/io_threads.hpp"

#include "nebula/threading/detail/os_thread.hpp"
#include "nebula/threading/task_pools.hpp"
#include "nebula/threading/worker_pool.hpp"
#include "support.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <latch>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace nebula {
namespace {

using test::HangGuard;

std::string own_comm() { return test::comm_of(detail::this_thread_os_id()); }

TEST(IoThreads, StartsNoThreadBeforeThereIsAJob) {
    IoThreads io;
    EXPECT_EQ(io.thread_count(), 0);
    std::latch ran(1);
    io.spawn([&] { ran.count_down(); });
    ran.wait();
    EXPECT_EQ(io.thread_count(), 1);
}

TEST(IoThreads, AsManyJobsBlockAtOnceAsThereMayBeThreadsAndNoMore) {
    const HangGuard guard("jobs that wait for each other");
    IoThreads io({.most_threads = 3});
    std::latch all_inside(3);
    std::latch gate(1);
    std::atomic<int> ended{0};
    for (int i = 0; i < 3; ++i)
        io.spawn([&] {
            all_inside.arrive_and_wait();  // only if three run at once
            gate.wait();
            ++ended;
        });
    all_inside.wait();
    for (int i = 0; i < 10; ++i) io.spawn([&] { ++ended; });
    EXPECT_EQ(io.thread_count(), 3);
    EXPECT_EQ(io.queued(), 10U);
    EXPECT_EQ(ended, 0);
    gate.count_down();
    io.close();
    EXPECT_EQ(ended, 13);
}

TEST(IoThreads, AnIdleThreadServesAgainInsteadOfANewOne) {
    IoThreads io;
    long first = 0;
    for (int i = 0; i < 100; ++i) {
        std::latch ran(1);
        long id = 0;
        io.spawn([&] {
            id = detail::this_thread_os_id();
            ran.count_down();
        });
        ran.wait();
        if (i == 0) first = id;
        // Asleep again: the next job must find it idle.
        while (!test::sleeps(id)) std::this_thread::yield();
    }
    EXPECT_NE(first, 0);
    EXPECT_LE(io.thread_count(), 2);
}

TEST(IoThreads, ThreadsAreNamedAndSleepWithoutATimer) {
    IoThreads io({.nice = 7});
    std::string name;
    long id = 0;
    int nice = 0;
    std::latch ran(1);
    io.spawn([&] {
        name = own_comm();
        id = detail::this_thread_os_id();
        nice = getpriority(PRIO_PROCESS, static_cast<id_t>(id));
        ran.count_down();
    });
    ran.wait();
    EXPECT_EQ(name, "nebula-io-0");
    EXPECT_EQ(nice, 7);
    EXPECT_EQ(getpriority(PRIO_PROCESS, static_cast<id_t>(getpid())), getpriority(PRIO_PROCESS, 0));
    while (!test::sleeps(id)) std::this_thread::yield();
    const std::uint64_t before = test::context_switches_of(id);
    std::this_thread::sleep_for(std::chrono::milliseconds(300));  // the thing under test
    EXPECT_EQ(test::context_switches_of(id), before);
}

TEST(IoThreads, EveryJobRunsOnceWhoeverSpawnsIt) {
    const HangGuard guard("many spawners");
    std::atomic<int> outer{0};
    std::atomic<int> inner{0};
    {
        IoThreads io;
        std::vector<std::jthread> spawners;
        for (int t = 0; t < 3; ++t)
            spawners.emplace_back([&] {
                for (int i = 0; i < 2'000; ++i)
                    io.spawn([&] {
                        if (++outer % 4 == 0) io.spawn([&] { ++inner; });
                    });
            });
        spawners.clear();
    }
    EXPECT_EQ(outer, 6'000);
    EXPECT_EQ(inner, 1'500);
}

TEST(IoThreads, WhatAJobSpawnsAtTheEndRunsToo) {
    std::atomic<int> ran{0};
    {
        IoThreads io({.most_threads = 1});
        io.spawn([&] {
            ++ran;
            io.spawn([&] {
                ++ran;
                io.spawn([&] { ++ran; });
            });
        });
    }
    EXPECT_EQ(ran, 3);
}

// The handler ran under the lock of the scope, and closures moved under that of the threads.
TEST(IoThreads, ClosuresAndHandlersMayUseThem) {
    const test::HangGuard guard("a closure's own code waited for a lock of the threads");
    struct AsksWhenMoved {
        explicit AsksWhenMoved(IoThreads& its_io) : io(&its_io) {}
        AsksWhenMoved(AsksWhenMoved&& other) noexcept : io(other.io) { (void)io->queued(); }
        AsksWhenMoved(const AsksWhenMoved&) = delete;
        AsksWhenMoved& operator=(const AsksWhenMoved&) = delete;
        ~AsksWhenMoved() { (void)io->queued(); }
        IoThreads* io;
    };
    IoThreads* threads = nullptr;
    std::atomic<int> told{0};
    IoThreads io({.most_threads = 1, .on_panic = [&](const PanicInfo&) {
                      (void)threads->queued();
                      ++told;
                  }});
    threads = &io;
    {
        IoScope scope(io);
        for (int i = 0; i < 20; ++i)
            scope.spawn([asks = AsksWhenMoved(io)] { throw std::runtime_error("disk full"); });
    }
    EXPECT_EQ(told, 1);
}

TEST(IoThreads, AnExceptionGoesToThePanicHandlerWithTheJobsName) {
    std::vector<std::string> told;
    {
        IoThreads io({.most_threads = 1, .on_panic = [&](const PanicInfo& info) {
                          told.push_back(std::string(info.worker_name) + ": " +
                                         std::string(info.task_name) + ": " +
                                         std::string(info.message));
                      }});
        io.spawn([] { throw std::runtime_error("disk full"); }, "save");
        io.spawn([&] { told.emplace_back("lives on"); });
    }
    EXPECT_EQ(told, (std::vector<std::string>{"nebula-io-0: save: disk full", "lives on"}));
}

TEST(IoThreads, WithoutThreadsAJobRunsWhereItIsSpawned) {
    WorkerPool pool({.run_inline = true});
    std::thread::id where;
    pool.io().spawn([&] { where = std::this_thread::get_id(); });
    EXPECT_EQ(where, std::this_thread::get_id());
}

TEST(TaskPools, AreBandsOfTheSameWorkersAndThreadsBesideThem) {
    WorkerPool pool({.thread_count_override = 2});
    EXPECT_EQ(pool.compute().band(), Band::Frame);
    EXPECT_EQ(pool.async_compute().band(), Band::Background);
    const auto on_worker = [] { return WorkerPool::current_worker_index() >= 0; };
    std::latch ran(3);
    std::atomic<int> workers{0};
    const auto count = [&] {
        workers += on_worker() ? 1 : 0;
        ran.count_down();
    };
    pool.compute().spawn(count, "now");
    pool.async_compute().spawn(count, "some time");
    pool.io().spawn(count, "blocking");
    ran.wait();
    EXPECT_EQ(workers, 2);
    EXPECT_EQ(pool.compute().scope([](Scope<int>& s) {
        for (int i = 0; i < 3; ++i) s.spawn([i] { return i * i; });
    }),
              (std::vector{0, 1, 4}));
    EXPECT_EQ(pool.async_compute().scope<int>([](auto& s) { s.spawn([] { return 7; }); }),
              std::vector{7});
}

TEST(TaskPools, AnIoScopeEndsWhenItsJobsHaveAndThrowsTheFirstException) {
    WorkerPool pool({.thread_count_override = 1});
    std::atomic<int> ran{0};
    pool.io().scope([&](IoScope& scope) {
        for (int i = 0; i < 50; ++i)
            scope.spawn([&] {
                ++ran;
                scope.spawn([&] { ++ran; });
            });
    });
    EXPECT_EQ(ran, 100);
    EXPECT_THROW(pool.io().scope([&](IoScope& scope) {
        scope.spawn([] { throw std::runtime_error("gone"); });
        for (int i = 0; i < 50; ++i) scope.spawn([&] { ++ran; });
    }),
                 std::runtime_error);
    EXPECT_EQ(ran, 150);
}

TEST(TaskPools, AnIoScopeInsideAJobOfTheOnlyIoThreadRunsItsJobsThere) {
    const HangGuard guard("an io scope on its own thread");
    WorkerPool pool({.thread_count_override = 1, .io_threads = 1});
    std::atomic<int> ran{0};
    pool.io().scope([&](IoScope& outer) {
        outer.spawn([&] {
            pool.io().scope([&](IoScope& inner) {
                for (int i = 0; i < 3; ++i) inner.spawn([&] { ++ran; });
            });
            EXPECT_EQ(ran, 3);
        });
    });
    EXPECT_EQ(ran, 3);
}

TEST(TaskPools, APoolEndsWithItsTasksAndJobsSpawningEachOther) {
    const HangGuard guard("pool and io at their end");
    for (int round = 0; round < 200; ++round) {
        std::atomic<int> steps{0};
        {
            WorkerPool pool({.thread_count_override = 2});
            struct Chain {
                WorkerPool& pool;
                std::atomic<int>& steps;
                int left;
                void operator()() const {
                    ++steps;
                    if (left == 0) return;
                    const Chain next{pool, steps, left - 1};
                    if (left % 2 == 0)
                        pool.io().spawn(next);
                    else
                        pool.spawn(next);
                }
            };
            pool.io().spawn(Chain{pool, steps, 9});
            pool.spawn(Chain{pool, steps, 10});
        }
        ASSERT_EQ(steps, 21);
    }
}

TEST(TaskPools, AJobsErrorIsToldThoughTheScopesBodyThrewToo) {
    std::string told;
    WorkerPool pool({.thread_count_override = 1, .on_panic = [&](const PanicInfo& panic) {
                         told = std::string(panic.task_name) + ": " + std::string(panic.message);
                     }});
    EXPECT_THROW(pool.io().scope([&](IoScope& scope) {
        scope.spawn([] { throw std::runtime_error("job"); }, "saving");
        throw std::logic_error("body");
    }),
                 std::logic_error);
    EXPECT_EQ(told, "saving: job");
}

}  // namespace
}  // namespace nebula
