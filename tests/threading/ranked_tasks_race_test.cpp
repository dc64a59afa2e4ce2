// SPDX-License-Identifier: MIT
#include "nebula/threading/ranked_tasks.hpp"

#include "nebula/threading/worker_pool.hpp"
#include "support.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <thread>
#include <utility>
#include <vector>

namespace nebula {
namespace {

using test::Counted;
using test::HangGuard;

// Everything at once: spawning, cancelling, ranking one and all anew. Each closure is destroyed
// once; it ran if nobody cancelled it, and did not if somebody did.
TEST(RankedTasksRace, EachTaskRunsOnceOrIsCancelledOnce) {
    const HangGuard guard("a ranked task was not ended");
    static constexpr unsigned kSeed = 99;
    SCOPED_TRACE(testing::Message() << "seed " << kSeed);
    static constexpr int kThreads = 3;
    static constexpr std::size_t kEach = test::kWithYields ? 4'000 : 30'000;
    std::vector<std::atomic<int>> runs(kThreads * kEach);
    std::vector<std::atomic<int>> ends(kThreads * kEach);
    std::vector<std::atomic<int>> cancels(kThreads * kEach);
    {
        WorkerPool pool({.thread_count_override = 3});
        RankedTasks tasks(pool, {.max_running = 2, .slice = std::chrono::microseconds(10)});
        {
            std::vector<std::jthread> threads;
            for (std::size_t t = 0; t < kThreads; ++t)
                threads.emplace_back([&, t] {
                    std::mt19937 random(kSeed + static_cast<unsigned>(t));
                    std::vector<std::pair<std::size_t, RankedTasks::Id>> mine;
                    for (std::size_t i = t * kEach; i < (t + 1) * kEach; ++i) {
                        const auto rank = static_cast<float>(random() % 1'000);
                        mine.emplace_back(i, tasks.spawn(rank, Counted(runs[i], ends[i]), i));
                        const auto& [number, id] = mine[random() % mine.size()];
                        switch (random() % 8) {
                            case 0:
                            case 1:
                                cancels[number] += tasks.cancel(id) ? 1 : 0;
                                break;
                            case 2:
                            case 3:
                                (void)tasks.rerank(id, static_cast<float>(random() % 1'000));
                                break;
                            default:
                                break;
                        }
                        if (random() % 200 == 0)
                            tasks.rerank([camera = random()](const RankedTask& task) {
                                // They are in nobody's ring for as long as that takes.
                                if (task.tag % 64 == 0) std::this_thread::yield();
                                return static_cast<float>((task.tag * 7919U + camera) % 2'000U);
                            });
                    }
                });
        }
        tasks.wait();
        EXPECT_EQ(tasks.queued(), 0U);
    }
    for (std::size_t i = 0; i < ends.size(); ++i) {
        ASSERT_EQ(ends[i], 1) << i;
        ASSERT_LE(cancels[i], 1) << i;
        ASSERT_EQ(runs[i] + cancels[i], 1) << i;
    }
}

// One task at a time, spawned at a random moment around the helper's leaving. A lost one is a hang.
TEST(RankedTasksRace, ATaskSpawnedWhileTheLastHelperLeavesIsRun) {
    const HangGuard guard("a task is queued, and nobody is on the way");
    static constexpr unsigned kSeed = 5;
    WorkerPool pool({.thread_count_override = 1});
    RankedTasks tasks(pool, {.max_running = 1});
    std::atomic<int> ran{0};
    std::mt19937 random(kSeed);
    for (int round = 1; round <= (test::kWithYields ? 3'000 : 30'000); ++round) {
        tasks.spawn(static_cast<float>(random() % 100), [&] { ++ran; });
        while (ran < round) std::this_thread::yield();
        for (unsigned spin = static_cast<unsigned>(random()) % 256; spin > 0; --spin)
            std::atomic_signal_fence(std::memory_order_seq_cst);  // an empty loop that stays
    }
}

// Tasks that are in the hands of a sweep when the helpers look belong to nobody for a moment.
TEST(RankedTasksRace, WhatASweepPutsBackIsRun) {
    const HangGuard guard("a task is queued, and nobody is on the way");
    WorkerPool pool({.thread_count_override = 2});
    RankedTasks tasks(pool, {.max_running = 1});
    for (int round = 0; round < (test::kWithYields ? 1'000 : 10'000); ++round) {
        std::atomic<int> ran{0};
        for (int i = 0; i < 3; ++i) tasks.spawn(static_cast<float>(100 * i), [&] { ++ran; });
        tasks.rerank([round](const RankedTask&) { return static_cast<float>(round % 500); });
        while (ran < 3) std::this_thread::yield();
    }
}

TEST(RankedTasksRace, CancelAllReachesWhatIsBeingRankedAnew) {
    const HangGuard guard("a ranked task was not ended");
    WorkerPool pool({.thread_count_override = 2});
    for (int round = 0; round < (test::kWithYields ? 100 : 500); ++round) {
        std::atomic<int> runs{0};
        std::atomic<int> ends{0};
        RankedTasks tasks(pool, {.max_running = 1});
        std::atomic<bool> begun{false};
        std::atomic<bool> open{false};
        tasks.spawn(0, [&] {
            begun = true;
            while (!open) std::this_thread::yield();
        });
        while (!begun) std::this_thread::yield();
        for (std::uint64_t i = 0; i < 500; ++i)
            tasks.spawn(static_cast<float>(i + 1), Counted(runs, ends), i);
        tasks.rerank([](const RankedTask& task) { return static_cast<float>(500 - task.tag); });
        for (int spin = round * 20; spin > 0; --spin)
            std::atomic_signal_fence(std::memory_order_seq_cst);
        (void)tasks.cancel_all();
        open = true;
        tasks.wait();
        ASSERT_EQ(runs, 0);
        ASSERT_EQ(ends, 500);
    }
}

}  // namespace
}  // namespace nebula
