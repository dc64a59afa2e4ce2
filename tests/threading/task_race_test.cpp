// SPDX-License-Identifier: MIT
#include "nebula/threading/task.hpp"

#include "nebula/threading/worker_pool.hpp"
#include "support.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <barrier>
#include <cstddef>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

namespace nebula {
namespace {

using test::Counted;
using test::HangGuard;

constexpr int kRounds = test::kWithYields ? 5'000 : 50'000;

// The workers begin with the oldest, the owner cancels from the youngest; they meet in the middle.
// Each task either runs and gives a value or is dropped, and its closure is destroyed once.
TEST(TaskRace, CancelAgainstStartHasOneWinner) {
    const HangGuard guard("a Task was not ended");
    WorkerPool pool({.thread_count_override = 2});
    static constexpr int kBatch = 256;
    int dropped = 0;
    int given = 0;
    for (int round = 0; round < kRounds / 50; ++round) {
        std::vector<std::atomic<int>> runs(kBatch);
        std::vector<std::atomic<int>> ends(kBatch);
        std::vector<Task<int>> tasks;
        for (std::size_t i = 0; i < kBatch; ++i)
            tasks.push_back(spawn_task(pool, Counted(runs[i], ends[i])));
        for (std::size_t i = kBatch; i-- > 0;) tasks[i].cancel();
        for (std::size_t i = 0; i < kBatch; ++i) {
            while (!tasks[i].done()) std::this_thread::yield();
            ASSERT_EQ(ends[i], 1);
            const bool cancelled = tasks[i].status() == TaskStatus::Cancelled;
            ++(cancelled ? dropped : given);
            ASSERT_EQ(runs[i], cancelled ? 0 : 1);
            if (!cancelled) {
                ASSERT_EQ(tasks[i].get(), 1);
            }
        }
    }
    EXPECT_GT(dropped, 0);
    EXPECT_GT(given, 0);
}

TEST(TaskRace, AStateIsClaimedOnce) {
    static constexpr std::size_t kStates = 10'000;
    for (int round = 0; round < kRounds / 500; ++round) {
        std::vector<detail::TaskState<>> states(kStates);
        std::atomic<int> ready{0};
        std::atomic<std::size_t> claims{0};
        const auto claim_all = [&] {
            ++ready;
            while (ready < 2) {
            }
            std::size_t mine = 0;
            for (detail::TaskState<>& state : states) mine += state.claim() ? 1U : 0U;
            claims += mine;
        };
        {
            const std::jthread other(claim_all);
            claim_all();
        }
        ASSERT_EQ(claims, kStates);
    }
}

// Worker, waiter and canceller at once.
TEST(TaskRace, WhoeverClaimsItEndsItOnceAndTheWaiterIsWoken) {
    const HangGuard guard("a waiter slept on");
    WorkerPool pool({.thread_count_override = 1});
    Task<int>* shared = nullptr;
    std::barrier step(2);
    std::atomic<bool> stop{false};
    std::jthread canceller([&] {
        for (;;) {
            step.arrive_and_wait();
            if (stop) return;
            shared->cancel();
            step.arrive_and_wait();
        }
    });
    for (int round = 0; round < kRounds / 5; ++round) {
        std::atomic<int> runs{0};
        std::atomic<int> ends{0};
        Task<int> task = spawn_task(pool, Counted(runs, ends));
        std::atomic<int> calls{0};
        shared = &task;
        step.arrive_and_wait();
        task.on_done([&] { ++calls; });

        while (!task.done()) std::this_thread::yield();
        ASSERT_EQ(ends, 1);
        ASSERT_EQ(runs, task.status() == TaskStatus::Done ? 1 : 0);
        step.arrive_and_wait();
        while (calls == 0) std::this_thread::yield();
        ASSERT_EQ(calls, 1);
    }
    stop = true;
    step.arrive_and_wait();
}

TEST(TaskRace, GetLosesNoWakeAroundTheEnd) {
    const HangGuard guard("get() slept on");
    WorkerPool pool({.thread_count_override = 2});
    for (int round = 0; round < kRounds; ++round) {
        std::atomic<bool> begun{false};
        Task<int> task = spawn_task(pool, [&] {
            begun = true;
            // Now and then so long that the owner is asleep by then.
            for (int spin = round % 256 * 64; spin > 0; --spin)
                std::atomic_signal_fence(std::memory_order_seq_cst);
            return round;
        });
        // Every other time only once it runs: then there is nothing to help with.
        while (round % 2 == 0 && !begun) std::this_thread::yield();
        ASSERT_EQ(task.get(), round);
    }
}

// An error is told once, whether the Task is dropped before the end or after.
TEST(TaskRace, AnErrorOfADroppedTaskIsToldOnce) {
    const HangGuard guard("an error was lost");
    std::atomic<int> told{0};
    std::atomic<int> begun{0};
    {
        WorkerPool pool(
            {.thread_count_override = 2, .on_panic = [&](const PanicInfo&) { ++told; }});
        for (int round = 0; round < kRounds / 5; ++round) {
            Task<> task = spawn_task(pool, [&] {
                ++begun;
                throw std::runtime_error("lost");
            });
            for (int spin = round % 512; spin > 0; --spin)
                std::atomic_signal_fence(std::memory_order_seq_cst);
            if (round % 2 == 0) task.detach();
        }
    }
    EXPECT_EQ(told, begun);
    EXPECT_GE(begun, kRounds / 10);
}

TEST(TaskRace, ChainsAreDroppedWhileTheyRun) {
    const HangGuard guard("a chain was not ended");
    std::atomic<int> runs{0};
    std::atomic<int> ends{0};
    {
        WorkerPool pool({.thread_count_override = 2});
        for (int round = 0; round < kRounds / 10; ++round) {
            Task<int> chain = spawn_task(pool, Counted(runs, ends));
            for (int i = 0; i < 4; ++i)
                chain = std::move(chain).then(
                    [counted = Counted(runs, ends)](int sum) { return sum + counted(); });
            if (round % 3 == 0) {
                ASSERT_EQ(chain.get(), 5);
            }
        }
    }
    EXPECT_EQ(ends, kRounds / 10 * 5);
    EXPECT_LE(runs, ends);
}

}  // namespace
}  // namespace nebula
