// SPDX-License-Identifier: MIT
#include "nebula/threading/job.hpp"

#include "nebula/threading/worker_pool.hpp"
#include "support.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <barrier>
#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace nebula {
namespace {

using test::Counted;
using test::HangGuard;

constexpr int kRounds = test::kWithYields ? 5'000 : 25'000;

// The workers begin with the oldest, the owner cancels from the youngest; they meet in the middle.
// Each job either runs and gives a value or is dropped, and its closure is destroyed once.
TEST(JobRace, CancelAgainstStartHasOneWinner) {
    const HangGuard guard("a Job was not ended");
    WorkerPool pool({.thread_count_override = 2});
    static constexpr int kBatch = 256;
    int dropped = 0;
    int given = 0;
    for (int round = 0; round < kRounds / 50; ++round) {
        std::vector<std::atomic<int>> runs(kBatch);
        std::vector<std::atomic<int>> ends(kBatch);
        std::vector<Job<int>> jobs;
        for (std::size_t i = 0; i < kBatch; ++i)
            jobs.push_back(spawn_job(pool, Counted(runs[i], ends[i])));
        for (std::size_t i = kBatch; i-- > 0;) jobs[i].cancel();
        for (std::size_t i = 0; i < kBatch; ++i) {
            while (!jobs[i].done()) std::this_thread::yield();
            ASSERT_EQ(ends[i], 1);
            const bool cancelled = jobs[i].status() == JobStatus::Cancelled;
            ++(cancelled ? dropped : given);
            ASSERT_EQ(runs[i], cancelled ? 0 : 1);
            if (!cancelled) {
                ASSERT_EQ(jobs[i].get(), 1);
            }
        }
    }
    EXPECT_GT(dropped, 0);
    EXPECT_GT(given, 0);
}

TEST(JobRace, AStateIsClaimedOnce) {
    static constexpr std::size_t kStates = 10'000;
    for (int round = 0; round < kRounds / 500; ++round) {
        std::vector<detail::JobState<>> states(kStates);
        std::atomic<int> ready{0};
        std::atomic<std::size_t> claims{0};
        const auto claim_all = [&] {
            ++ready;
            while (ready < 2) {
            }
            std::size_t mine = 0;
            for (detail::JobState<>& state : states) mine += state.claim() ? 1U : 0U;
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
TEST(JobRace, WhoeverClaimsItEndsItOnceAndTheWaiterIsWoken) {
    const HangGuard guard("a waiter slept on");
    WorkerPool pool({.thread_count_override = 1});
    Job<int>* shared = nullptr;
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
        Job<int> job = spawn_job(pool, Counted(runs, ends));
        std::atomic<int> calls{0};
        shared = &job;
        step.arrive_and_wait();
        job.on_done([&] { ++calls; });

        while (!job.done()) std::this_thread::yield();
        ASSERT_EQ(ends, 1);
        ASSERT_EQ(runs, job.status() == JobStatus::Done ? 1 : 0);
        step.arrive_and_wait();
        while (calls == 0) std::this_thread::yield();
        ASSERT_EQ(calls, 1);
    }
    stop = true;
    step.arrive_and_wait();
}

// get() gave the block back while cancel() on another thread still used it. The thread sanitizer
// sees that, the address sanitizer too, and the block's allocator now and then.
TEST(JobRace, CancelDoneAndStatusWorkAtOnceWithGetAndTryGet) {
    const HangGuard guard("a Job was not ended");
    WorkerPool pool({.thread_count_override = 1});
    std::optional<Job<std::string>> shared;
    std::barrier step(2);
    static constexpr int kJobs = kRounds / 20;
    std::jthread canceller([&] {
        for (int round = 0; round < kJobs; ++round) {
            step.arrive_and_wait();
            for (int i = round % 8; i > 0; --i) (void)shared->done();
            shared->cancel();
            (void)shared->status();
            shared->cancel();
            step.arrive_and_wait();
        }
    });
    for (int round = 0; round < kJobs; ++round) {
        shared = spawn_job(pool, [] { return std::string("a result with memory of its own"); });
        step.arrive_and_wait();
        try {
            if (round % 2 == 0) {
                (void)shared->get();
            } else {
                while (!shared->try_get()) std::this_thread::yield();
            }
        } catch (const JobCancelled&) {
            EXPECT_EQ(shared->status(), JobStatus::Cancelled);
        }
        EXPECT_FALSE(*shared);
        step.arrive_and_wait();
    }
}

// The owner may even drop the Job, or hand it on.
TEST(JobRace, AStopSourceWorksAtOnceWithAllThatTheOwnerDoes) {
    const HangGuard guard("a Job was not ended");
    std::atomic<int> runs{0};
    std::atomic<int> ends{0};
    static constexpr int kJobs = kRounds / 20;
    {
        WorkerPool pool({.thread_count_override = 1});
        StopSource shared;
        std::barrier step(2);
        std::jthread stopper([&] {
            for (int round = 0; round < kJobs; ++round) {
                step.arrive_and_wait();
                const StopSource mine = shared;
                for (int i = round % 8; i > 0; --i) (void)mine.done();
                mine.request_stop();
                (void)mine.status();
                step.arrive_and_wait();
            }
        });
        for (int round = 0; round < kJobs; ++round) {
            Job<int> job = spawn_job(pool, Counted(runs, ends));
            shared = job.stop_source();
            step.arrive_and_wait();
            if (round % 4 == 0) {
                job = {};
            } else if (round % 4 == 1) {
                job.detach();
            } else if (round % 4 == 2) {
                job = std::move(job).then([](int i) { return i; });
            } else {
                const Job<int> elsewhere = std::move(job);
            }
            step.arrive_and_wait();
        }
    }
    EXPECT_EQ(ends, kJobs);
    EXPECT_LE(runs, kJobs);
}

TEST(JobRace, GetLosesNoWakeAroundTheEnd) {
    const HangGuard guard("get() slept on");
    WorkerPool pool({.thread_count_override = 2});
    for (int round = 0; round < kRounds; ++round) {
        std::atomic<bool> begun{false};
        Job<int> job = spawn_job(pool, [&] {
            begun = true;
            // Now and then so long that the owner is asleep by then.
            for (int spin = round % 256 * 64; spin > 0; --spin)
                std::atomic_signal_fence(std::memory_order_seq_cst);
            return round;
        });
        // Every other time only once it runs: then there is nothing to help with.
        while (round % 2 == 0 && !begun) std::this_thread::yield();
        ASSERT_EQ(job.get(), round);
    }
}

// An error is told once, whether the Job is dropped before the end or after.
TEST(JobRace, AnErrorOfADroppedJobIsToldOnce) {
    const HangGuard guard("an error was lost");
    std::atomic<int> told{0};
    std::atomic<int> begun{0};
    {
        WorkerPool pool(
            {.thread_count_override = 2, .on_panic = [&](const PanicInfo&) { ++told; }});
        for (int round = 0; round < kRounds / 5; ++round) {
            Job<> job = spawn_job(pool, [&] {
                ++begun;
                throw std::runtime_error("lost");
            });
            for (int spin = round % 512; spin > 0; --spin)
                std::atomic_signal_fence(std::memory_order_seq_cst);
            if (round % 2 == 0) job.detach();
        }
    }
    EXPECT_EQ(told, begun);
    EXPECT_GE(begun, kRounds / 10);
}

TEST(JobRace, ChainsAreDroppedWhileTheyRun) {
    const HangGuard guard("a chain was not ended");
    std::atomic<int> runs{0};
    std::atomic<int> ends{0};
    {
        WorkerPool pool({.thread_count_override = 2});
        for (int round = 0; round < kRounds / 10; ++round) {
            Job<int> chain = spawn_job(pool, Counted(runs, ends));
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
