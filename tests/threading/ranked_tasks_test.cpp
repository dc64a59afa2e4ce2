// SPDX-License-Identifier: MIT
#include "nebula/threading/ranked_tasks.hpp"

#include "nebula/threading/worker_pool.hpp"
#include "support.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace nebula {
namespace {

using test::Blocked;
using test::HangGuard;

// Which ring a rank falls into, as the header says: four for each doubling of rank + 1.
int ring_of(float rank) {
    if (rank <= 0) return 0;
    if (rank >= 65'535) return 63;
    int exponent = 0;
    const float mantissa = std::frexp(rank + 1.0F, &exponent);  // 0.5 to 1
    return std::min(63, (exponent - 1) * 4 + static_cast<int>((mantissa - 0.5F) * 8));
}

TEST(RankedTasks, RunTheNearestFirst) {
    const HangGuard guard("a ranked task was not run");
    std::vector<float> order;
    WorkerPool pool({.thread_count_override = 1});
    RankedTasks tasks(pool);
    std::optional<Blocked> blocked(pool);
    std::mt19937 random(1);
    std::vector<float> ranks = {0, -3, 1e9F, std::numeric_limits<float>::infinity(), 70'000};
    for (int i = 0; i < 2'000; ++i) ranks.push_back(static_cast<float>(random() % 20'000) / 7);
    for (const float rank : ranks) tasks.spawn(rank, [&order, rank] { order.push_back(rank); });
    EXPECT_EQ(tasks.queued(), ranks.size());
    blocked.reset();
    tasks.wait();
    EXPECT_EQ(tasks.queued(), 0U);
    ASSERT_EQ(order.size(), ranks.size());
    for (std::size_t i = 1; i < order.size(); ++i)
        ASSERT_LE(ring_of(order[i - 1]), ring_of(order[i])) << order[i - 1] << ", " << order[i];
}

// What a closure captures may use the queue it was in. Its destructor ran under a lock of the queue,
// for which cancel_all() in it then waited for ever.
TEST(RankedTasks, AClosureMayUseItsQueueWhenItIsMovedAndDestroyed) {
    const HangGuard guard("a closure's own code waited for a lock of its queue");
    WorkerPool pool({.thread_count_override = 1});
    std::atomic<int> ends{0};
    std::atomic<int> runs{0};
    RankedTasks* queue = nullptr;
    struct Meddler {
        Meddler(RankedTasks*& its_queue, std::atomic<int>& its_ends)
            : queue(&its_queue), ends(&its_ends) {}
        Meddler(Meddler&& other) noexcept
            : queue(other.queue), ends(std::exchange(other.ends, nullptr)), id(other.id) {
            meddle();
        }
        Meddler& operator=(Meddler&&) = delete;
        ~Meddler() {
            if (ends == nullptr) return;
            meddle();
            ++*ends;
        }
        void meddle() const noexcept {
            if (*queue == nullptr) return;
            EXPECT_FALSE(id != nullptr && (*queue)->cancel(*id));
            EXPECT_FALSE(id != nullptr && (*queue)->rerank(*id, 3));
            (void)(*queue)->cancel_all();
            (*queue)->rerank([](const RankedTask& task) { return task.rank; });
        }
        RankedTasks** queue;
        std::atomic<int>* ends;
        std::shared_ptr<RankedTasks::Id> id = nullptr;
    };
    const auto spawn = [&](RankedTasks& tasks, float rank) {
        Meddler meddler(queue, ends);
        const auto id = std::make_shared<RankedTasks::Id>();
        meddler.id = id;
        *id = tasks.spawn(rank, [&runs, meddler = std::move(meddler)] { ++runs; });
        return *id;
    };
    {
        RankedTasks tasks(pool);
        {
            const Blocked blocked(pool);
            const RankedTasks::Id id = spawn(tasks, 1);
            spawn(tasks, 1);
            spawn(tasks, 500);
            queue = &tasks;
            EXPECT_TRUE(tasks.cancel(id));  // and its end cancels the others
            EXPECT_EQ(ends, 3);
            queue = nullptr;
            spawn(tasks, 1);
            spawn(tasks, 2);
            queue = &tasks;
            EXPECT_EQ(tasks.cancel_all(), 2U);
            EXPECT_EQ(ends, 5);
            queue = nullptr;
            spawn(tasks, 1);
            queue = &tasks;
        }
        tasks.wait();
        EXPECT_EQ(runs, 1);
        EXPECT_EQ(ends, 6);
        queue = nullptr;
    }
}

// The same for a rank function: it was destroyed under the lock that the next one waits for.
TEST(RankedTasks, ARankFunctionMayUseItsQueueWhenItIsDestroyed) {
    const HangGuard guard("a rank function's own code waited for a lock of its queue");
    WorkerPool pool({.thread_count_override = 1});
    RankedTasks tasks(pool);
    auto again = std::shared_ptr<int>(new int, [&](int* number) {
        delete number;
        tasks.rerank([](const RankedTask& task) { return task.rank; });
    });
    const std::weak_ptr<int> watched = again;
    tasks.rerank([kept = again](const RankedTask& task) { return task.rank; });
    again.reset();
    tasks.rerank([](const RankedTask& task) { return task.rank + 1; });
    tasks.wait();
    EXPECT_TRUE(watched.expired());
}

TEST(RankedTasks, ARankThatIsNoNumberIsFarAway) {
    const HangGuard guard("a ranked task was not run");
    std::string order;
    WorkerPool pool({.thread_count_override = 1});
    RankedTasks tasks(pool);
    std::optional<Blocked> blocked(pool);
    tasks.spawn(std::numeric_limits<float>::quiet_NaN(), [&] { order += 'n'; });
    tasks.spawn(30'000, [&] { order += 'f'; });
    blocked.reset();
    tasks.wait();
    EXPECT_EQ(order, "fn");
}

// The camera jumps to the other end while ten thousand wait.
TEST(RankedTasks, ANewRankFunctionTurnsTheOrderRound) {
    const HangGuard guard("a ranked task was not run");
    static constexpr std::uint64_t kCount = 10'000;
    std::vector<std::uint64_t> order;
    WorkerPool pool({.thread_count_override = 1});
    RankedTasks tasks(pool);
    std::optional<Blocked> blocked(pool);
    for (std::uint64_t i = 0; i < kCount; ++i)
        tasks.spawn(
            static_cast<float>(i), [&order, i] { order.push_back(i); }, i);
    tasks.rerank([](const RankedTask& task) {
        EXPECT_EQ(task.rank, static_cast<float>(task.tag));
        return static_cast<float>(kCount - 1 - task.tag);
    });
    tasks.wait();  // here, one after the other: what a sweep has in its hands is in no ring
    ASSERT_EQ(order.size(), kCount);
    for (std::size_t i = 1; i < order.size(); ++i)
        ASSERT_LE(ring_of(static_cast<float>(kCount - 1 - order[i - 1])),
                  ring_of(static_cast<float>(kCount - 1 - order[i])))
            << i;
}

// By the helper alone: one worker, and the sweep's band comes after the helper's.
TEST(RankedTasks, WhatIsAboutToRunIsRankedAnewFirst) {
    const HangGuard guard("a ranked task was not run");
    std::vector<std::uint64_t> order;
    WorkerPool pool({.thread_count_override = 1});
    RankedTasks tasks(pool, {.band = Band::Frame});
    std::optional<Blocked> blocked(pool);
    for (std::uint64_t i = 0; i < 100; ++i)
        tasks.spawn(
            static_cast<float>(i), [&order, i] { order.push_back(i); }, i);
    tasks.rerank([](const RankedTask& task) { return task.tag < 50 ? 60'000.0F : task.rank; });
    blocked.reset();
    while (tasks.queued() != 0) std::this_thread::yield();
    tasks.wait();
    ASSERT_EQ(order.size(), 100U);
    for (std::size_t i = 0; i < 50; ++i) ASSERT_GE(order[i], 50U) << i;
}

TEST(RankedTasks, OneTaskCanBeRankedAnew) {
    const HangGuard guard("a ranked task was not run");
    std::string order;
    WorkerPool pool({.thread_count_override = 1});
    RankedTasks tasks(pool);
    std::optional<Blocked> blocked(pool);
    const RankedTasks::Id a = tasks.spawn(10, [&] { order += 'a'; });
    tasks.spawn(100, [&] { order += 'b'; });
    const RankedTasks::Id c = tasks.spawn(1'000, [&] { order += 'c'; });
    EXPECT_TRUE(tasks.rerank(c, 1));
    EXPECT_TRUE(tasks.rerank(a, 500));
    blocked.reset();
    tasks.wait();
    EXPECT_EQ(order, "cba");
    EXPECT_FALSE(tasks.rerank(c, 1));
    EXPECT_FALSE(tasks.rerank({}, 1));
}

TEST(RankedTasks, ACancelledTaskIsGoneAtOnceAndNeverRuns) {
    const HangGuard guard("a ranked task was not run");
    WorkerPool pool({.thread_count_override = 1});
    RankedTasks tasks(pool);
    std::optional<Blocked> blocked(pool);
    const auto witness = std::make_shared<int>(0);
    std::atomic<int> ran{0};
    std::vector<RankedTasks::Id> ids;
    for (int i = 0; i < 1'000; ++i)
        ids.push_back(tasks.spawn(static_cast<float>(i), [&, witness] { ++ran; }));
    for (std::size_t i = 0; i < ids.size(); i += 2) EXPECT_TRUE(tasks.cancel(ids[i]));
    for (std::size_t i = 0; i < ids.size(); i += 2) EXPECT_FALSE(tasks.cancel(ids[i]));
    EXPECT_EQ(witness.use_count(), 501);
    EXPECT_EQ(tasks.queued(), 500U);
    // Ids that name nothing any more, while their places are used again.
    for (int i = 0; i < 500; ++i) tasks.spawn(static_cast<float>(i), [&, witness] { ++ran; });
    for (std::size_t i = 0; i < ids.size(); i += 2) EXPECT_FALSE(tasks.cancel(ids[i]));
    EXPECT_FALSE(tasks.cancel({}));
    blocked.reset();
    tasks.wait();
    EXPECT_EQ(ran, 1'000);
    EXPECT_EQ(witness.use_count(), 1);
    EXPECT_FALSE(tasks.cancel(ids[1]));
}

TEST(RankedTasks, CancelAllAndTheDestructorDropWhatIsQueuedOnce) {
    const HangGuard guard("a ranked task was not ended");
    WorkerPool pool({.thread_count_override = 1});
    std::optional<Blocked> blocked(pool);
    const auto witness = std::make_shared<int>(0);
    std::atomic<int> ran{0};
    {
        RankedTasks tasks(pool);
        for (int i = 0; i < 1'000; ++i) tasks.spawn(static_cast<float>(i), [&, witness] { ++ran; });
        EXPECT_EQ(tasks.cancel_all(), 1'000U);
        EXPECT_EQ(tasks.cancel_all(), 0U);
        EXPECT_EQ(witness.use_count(), 1);
        for (int i = 0; i < 1'000; ++i) tasks.spawn(static_cast<float>(i), [&, witness] { ++ran; });
        tasks.rerank([](const RankedTask& task) { return task.rank + 1; });
    }
    EXPECT_EQ(witness.use_count(), 1);
    EXPECT_EQ(ran, 0);
}

TEST(RankedTasks, TheDestructorWaitsForWhatRuns) {
    const HangGuard guard("the destructor waits for ever");
    WorkerPool pool({.thread_count_override = 2});
    std::atomic<bool> begun{false};
    std::atomic<bool> ended{false};
    {
        RankedTasks tasks(pool);
        tasks.spawn(0, [&] {
            begun = true;
            test::spin_for(std::chrono::milliseconds(5));
            ended = true;
        });
        while (!begun) std::this_thread::yield();
    }
    EXPECT_TRUE(ended);
}

TEST(RankedTasks, NeverMoreRunAtATimeThanAllowed) {
    const HangGuard guard("a ranked task was not run");
    WorkerPool pool({.thread_count_override = 4});
    for (const int allowed : {1, 2}) {
        RankedTasks tasks(pool, {.max_running = allowed});
        std::atomic<int> running{0};
        std::atomic<int> most{0};
        for (int i = 0; i < 2'000; ++i)
            tasks.spawn(static_cast<float>(i % 100), [&] {
                const int now = ++running;
                for (int seen = most; now > seen && !most.compare_exchange_weak(seen, now);) {
                }
                std::this_thread::yield();
                --running;
            });
        tasks.wait();
        EXPECT_LE(most, allowed);
    }
}

// Five milliseconds of background work each; a Frame task comes between two of them.
TEST(RankedTasks, LetOthersInBetweenTwoTasks) {
    const HangGuard guard("a ranked task was not run");
    std::mutex mutex;
    std::string order;
    WorkerPool pool({.thread_count_override = 1});
    RankedTasks tasks(pool, {.slice = std::chrono::nanoseconds(0)});
    std::atomic<bool> begun{false};
    std::atomic<bool> spawned{false};
    tasks.spawn(0, [&] {
        begun = true;
        while (!spawned) std::this_thread::yield();
    });
    for (int i = 0; i < 5; ++i)
        tasks.spawn(10, [&] {
            const std::lock_guard lock(mutex);
            order += 'b';
        });
    while (!begun) std::this_thread::yield();
    pool.spawn(
        [&] {
            const std::lock_guard lock(mutex);
            order += 'f';
        },
        {.band = Band::Frame});
    spawned = true;
    while (tasks.queued() != 0) std::this_thread::yield();  // no help: on the worker
    tasks.wait();
    EXPECT_EQ(order, "fbbbbb");
}

TEST(RankedTasks, AnErrorGoesToThePanicHandlerWithTheTasksName) {
    const HangGuard guard("an error was not told");
    std::mutex mutex;
    std::string told;
    int ran = 0;
    {
        WorkerPool pool({.thread_count_override = 1, .on_panic = [&](const PanicInfo& info) {
                             const std::lock_guard lock(mutex);
                             told += std::string(info.task_name) + ": " + std::string(info.message);
                         }});
        RankedTasks tasks(pool);
        tasks.spawn(
            1, [] { throw std::runtime_error("no noise"); }, 0, "generate");
        tasks.spawn(2, [&] { ++ran; });
        tasks.wait();
    }
    EXPECT_EQ(told, "generate: no noise");
    EXPECT_EQ(ran, 1);
}

TEST(RankedTasks, ATaskMaySpawnMore) {
    const HangGuard guard("a ranked task was not run");
    WorkerPool pool({.thread_count_override = 2});
    RankedTasks tasks(pool);
    std::atomic<int> ran{0};
    for (int i = 0; i < 10; ++i)
        tasks.spawn(1, [&] {
            for (int k = 0; k < 10; ++k) tasks.spawn(2, [&] { ++ran; });
        });
    tasks.wait();
    EXPECT_EQ(ran, 100);
}

// Spawned far away, run near: the memory that is freed near must come back to where it is wanted.
TEST(RankedTasks, MemoryIsUsedAgainWhereverItIsFreed) {
    const HangGuard guard("a ranked task was not run");
    WorkerPool pool({.thread_count_override = 1});
    RankedTasks tasks(pool);
    for (int round = 0; round < 200; ++round) {
        std::optional<Blocked> blocked(pool);
        for (int i = 0; i < 200; ++i) tasks.spawn(5'000, [] {});
        tasks.rerank([](const RankedTask&) { return 0.0F; });
        blocked.reset();
        tasks.wait();
    }
    EXPECT_LE(tasks.capacity(), 1'000U);
}

TEST(RankedTasks, OnAPoolWithoutWorkersRunWhereTheyAreSpawned) {
    const HangGuard guard("a ranked task was not run");
    for (const int most : {0, 1, 3}) {
        WorkerPool pool({.run_inline = true});
        RankedTasks tasks(pool, {.max_running = most, .slice = std::chrono::nanoseconds(0)});
        std::string order;
        tasks.spawn(9, [&] {
            order += 'a';
            tasks.spawn(5, [&] { order += 'd'; });
            tasks.spawn(1, [&] { order += 'c'; });
            tasks.rerank([](const RankedTask& task) { return 10 - task.rank; });
            order += 'b';
        });
        EXPECT_EQ(order, "abdc");
        tasks.wait();
        EXPECT_EQ(tasks.queued(), 0U);
    }
}

}  // namespace
}  // namespace nebula
