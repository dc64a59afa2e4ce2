// SPDX-License-Identifier: MIT
// What a burst took goes back to the system. A pool of ten million queued tasks once kept their
// 1.2 GB until it ended.
#include "nebula/base/slabs.hpp"
#include "nebula/base/thread_sanitizer.hpp"
#include "nebula/threading/channel.hpp"
#include "nebula/threading/ranked_tasks.hpp"
#include "nebula/threading/task_group.hpp"
#include "nebula/threading/worker_pool.hpp"
#include "support.hpp"
#include "tests/base/resident_memory.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <thread>
#include <vector>

namespace nebula {
namespace {

using namespace std::chrono_literals;

// What may stay, in megabytes. The thread sanitizer also keeps a history of what each thread did,
// of up to 24; and a burst is three times as large there, as its shadow counts too.
#if defined(NEBULA_SEEN_BY_THREAD_SANITIZER)
constexpr double kRest = 35;
#else
constexpr double kRest = 10;
#endif
constexpr int kBurst = test::kWithYields ? 50'000 : 300'000;

// The address sanitizer holds on to what has been freed, to tell of its use.
class MemoryReturn : public testing::Test {
protected:
    void SetUp() override {
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
        GTEST_SKIP() << "the address sanitizer keeps what is freed";
#endif
#endif
    }
};

TEST_F(MemoryReturn, ABurstOfDetachedTasksGoesBack) {
    WorkerPool pool({.thread_count_override = 1});
    std::atomic<bool> go{false};
    std::atomic<int> ran{0};
    pool.spawn([&] { test::wait_until([&] { return go.load(); }); });
    const double before = test::resident_mb();
    for (int i = 0; i < kBurst; ++i) pool.spawn([&] { ++ran; });
    const double full = test::resident_mb();
    go = true;
    test::wait_until([&] { return ran == kBurst; });
    pool.on_worker([] {});
    EXPECT_GT(full - before, kBurst * 80e-6);
    EXPECT_LT(test::resident_mb() - before, kRest);
}

// From the second burst on, the memory stayed for ever: only a worker that parked gave it back.
TEST_F(MemoryReturn, BurstsGoBackWithoutWorkersToo) {
    WorkerPool pool({.run_inline = true});
    const double before = test::resident_mb();
    for (int round = 0; round < 3; ++round) {
        double full = 0;
        int ran = 0;
        // A task that is spawned inside a task runs after it.
        pool.spawn([&] {
            for (int i = 0; i < kBurst; ++i) pool.spawn([&] { ++ran; });
            full = test::resident_mb();
        });
        EXPECT_EQ(ran, kBurst);
        EXPECT_GT(full - before, kBurst * 80e-6);
        EXPECT_LT(test::resident_mb() - before, kRest) << "after burst " << round;
    }
}

// A channel kept what it had ever held.
TEST_F(MemoryReturn, ABurstOfValuesInAChannelGoesBack) {
    const double before = test::resident_mb();
    Channel<std::array<char, 100>> channel;
    for (int i = 0; i < kBurst; ++i) channel.post({});
    const double full = test::resident_mb();
    for (int i = 1; i < kBurst; ++i) (void)channel.try_recv();
    EXPECT_GT(full - before, kBurst * 100e-6);
    EXPECT_LT(test::resident_mb() - before, kRest) << "with one value left";
}

// A queue of a million tasks kept 138 MB until it was destroyed.
TEST_F(MemoryReturn, ABurstOfRankedTasksGoesBackAndOldIdsStayHarmless) {
    WorkerPool pool({.thread_count_override = 1});
    const double before = test::resident_mb();
    RankedTasks tasks(pool);
    std::vector<RankedTasks::Id> ids;
    for (int round = 0; round < 2; ++round) {
        std::atomic<int> ran{0};
        {
            test::Blocked blocked(pool);
            for (int i = 0; i < kBurst; ++i) {
                const auto id = tasks.spawn(static_cast<float>(std::int64_t{i} * 7919 % kBurst),
                                            [&] { ++ran; });
                if (i % 100 == 0) ids.push_back(id);
            }
            EXPECT_GT(test::resident_mb() - before, kBurst * 120e-6);
        }
        tasks.wait();
        EXPECT_EQ(ran, kBurst);
        EXPECT_LT(test::resident_mb() - before, kRest) << "after burst " << round;
        EXPECT_LT(tasks.capacity(), 10'000U);
    }
    for (const RankedTasks::Id id : ids) {
        EXPECT_FALSE(tasks.cancel(id));
        EXPECT_FALSE(tasks.rerank(id, 1.0F));
    }
}

TEST_F(MemoryReturn, ManyOpenGroupsGoBack) {
    WorkerPool pool({.thread_count_override = 1});
    const double before = test::resident_mb();
    double full = 0;
    {
        std::vector<std::unique_ptr<TaskGroup>> groups;
        for (int i = 0; i < 40'000; ++i) groups.push_back(std::make_unique<TaskGroup>(pool));
        full = test::resident_mb();
    }
    EXPECT_GT(full - before, 15);
    EXPECT_LT(test::resident_mb() - before, kRest);
}

// Slabs alone, with the time in our hands.
TEST(SlabsTest, BurstsThatFollowEachOtherFindTheirSlabsAndAPauseGivesThemBack) {
    Slabs slabs(1024, 64, 2);
    std::vector<void*> blocks;
    const auto burst = [&] {
        for (int i = 0; i < 63 * 20; ++i) blocks.push_back(slabs.take());
        for (void* const block : blocks) slabs.free(block);
        blocks.clear();
    };
    burst();
    EXPECT_EQ(slabs.mapped_bytes(), 2 * Slabs::kSlabBytes) << "the first one goes back at once";
    burst();
    EXPECT_GE(slabs.mapped_bytes(), 18 * Slabs::kSlabBytes) << "the next comes soon: it is kept";
    EXPECT_TRUE(slabs.has_surplus());
    const Clock::time_point now = Clock::now();
    EXPECT_FALSE(slabs.settle(now, 100)) << "nothing is known yet of how long it was idle";
    EXPECT_FALSE(slabs.settle(now + 500ms, 100));
    EXPECT_GE(slabs.mapped_bytes(), 18 * Slabs::kSlabBytes);
    EXPECT_TRUE(slabs.settle(now + 1001ms, 4)) << "a few at a time";
    EXPECT_FALSE(slabs.settle(now + 1001ms, 100));
    EXPECT_EQ(slabs.mapped_bytes(), 2 * Slabs::kSlabBytes);
    EXPECT_FALSE(slabs.has_surplus());
}

TEST(SlabsTest, WhatIsInUseStaysWhereItIs) {
    Slabs slabs(200, 8, 0);
    std::vector<int*> numbers;
    for (int i = 0; i < 10'000; ++i) numbers.push_back(new (slabs.take()) int(i));
    for (std::size_t i = 0; i < numbers.size(); ++i)
        if (i % 1000 != 0) slabs.free(numbers[i]);
    for (std::size_t i = 0; i < numbers.size(); i += 1000)
        EXPECT_EQ(*numbers[i], static_cast<int>(i));
    EXPECT_LE(slabs.mapped_bytes(), 10 * Slabs::kSlabBytes);
    for (std::size_t i = 0; i < numbers.size(); i += 1000) slabs.free(numbers[i]);
    EXPECT_EQ(slabs.mapped_bytes(), 0U);
}

// A pool that bursts again and again keeps the memory for it, and gives it back when it rests: a
// nap or two, and then no worker wakes any more.
TEST_F(MemoryReturn, APoolThatRestsAfterBurstsGivesAllBackAndSleeps) {
    WorkerPool pool({.thread_count_override = 1});
    const double before = test::resident_mb();
    for (int round = 0; round < 3; ++round) {
        std::atomic<bool> go{false};
        std::atomic<int> ran{0};
        pool.spawn([&] { test::wait_until([&] { return go.load(); }); });
        for (int i = 0; i < kBurst; ++i) pool.spawn([&] { ++ran; });
        go = true;
        test::wait_until([&] { return ran == kBurst; });
    }
    std::this_thread::sleep_for(3500ms);
    EXPECT_LT(test::resident_mb() - before, kRest);
    const std::uint64_t wakes = pool.counters(0).wakes;
    std::this_thread::sleep_for(1500ms);
    EXPECT_EQ(pool.counters(0).wakes, wakes);
}

}  // namespace
}  // namespace nebula
