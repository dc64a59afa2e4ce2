// SPDX-License-Identifier: MIT
#include "nebula/threading/task_group.hpp"
#include "nebula/threading/worker_pool.hpp"
#include "support.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <latch>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace nebula {
namespace {

using test::HangGuard;

class Batch : public testing::TestWithParam<int> {};  // the parameter: workers
INSTANTIATE_TEST_SUITE_P(Workers, Batch, testing::Values(1, 2, 3, 8));

TEST_P(Batch, CallsEveryIndexOnce) {
    const HangGuard guard("a batch never ended");
    WorkerPool pool({.thread_count_override = GetParam()});
    for (const std::size_t count : {std::size_t{0}, std::size_t{1}, std::size_t{2}, std::size_t{7},
                                    std::size_t{1'000}, std::size_t{20'000}}) {
        std::vector<std::atomic<int>> calls(count);
        pool.scope([&](Scope<>& s) {
            s.spawn_batch(count, [&calls](std::size_t i) { ++calls[i]; });
            s.spawn([&] {});
            s.spawn_batch(count, [&calls](std::size_t i) { ++calls[i]; });
        });
        for (std::size_t i = 0; i < count; ++i) ASSERT_EQ(calls[i], 2) << i << " of " << count;
    }
}

TEST_P(Batch, ItsClosureIsGoneWhenTheWaitReturns) {
    const HangGuard guard("a batch never ended");
    WorkerPool pool({.thread_count_override = GetParam()});
    for (int round = 0; round < 500; ++round) {
        const auto alive = std::make_shared<int>(0);
        // Larger than a slot, every other time.
        struct Large {
            std::shared_ptr<int> alive;
            std::array<char, 64> ballast{};
            void operator()(std::size_t) const {}
        };
        pool.scope([&](Scope<>& s) {
            if (round % 2 == 0)
                s.spawn_batch(50, [alive](std::size_t) {});
            else
                s.spawn_batch(50, Large{alive});
        });
        ASSERT_EQ(alive.use_count(), 1);
    }
}

TEST_P(Batch, OneThatThrowsDoesNotKeepTheOthersFromRunning) {
    WorkerPool pool({.thread_count_override = GetParam()});
    std::atomic<int> ran{0};
    EXPECT_THROW(pool.scope([&](Scope<>& s) {
        s.spawn_batch(100, [&ran](std::size_t i) {
            ++ran;
            if (i == 40) throw std::runtime_error("40");
        });
    }),
                 std::runtime_error);
    EXPECT_EQ(ran, 100);
}

// An element of a batch that runs long must not hide the ones after it.
TEST(BatchOnTwoWorkers, ALongCallHidesNoOther) {
    const HangGuard guard("two calls of a batch could not run at once");
    WorkerPool pool({.thread_count_override = 2});
    std::latch all(3);
    pool.scope(
        [&](Scope<>& s) { s.spawn_batch(3, [&all](std::size_t) { all.arrive_and_wait(); }); });
}

class Pinned : public Batch {};
INSTANTIATE_TEST_SUITE_P(Workers, Pinned, testing::Values(1, 2, 3));

TEST_P(Pinned, TasksRunOnTheThreadThatOpenedTheScopeWhoeverSpawnsThem) {
    const HangGuard guard("a pinned task was never run");
    WorkerPool pool({.thread_count_override = GetParam()});
    for (int round = 0; round < 200; ++round) {
        const std::thread::id here = std::this_thread::get_id();
        std::atomic<int> pinned{0};
        std::atomic<int> strayed{0};
        pool.scope([&](Scope<>& s) {
            for (int i = 0; i < 40; ++i)
                s.spawn([&] {
                    s.spawn_on_main([&] {
                        ++(std::this_thread::get_id() == here ? pinned : strayed);
                        s.spawn([&] { s.spawn_on_main([&] { ++pinned; }); });
                    });
                });
        });
        ASSERT_EQ(pinned, 80);
        ASSERT_EQ(strayed, 0);
    }
}

class Cancel : public Batch {};
INSTANTIATE_TEST_SUITE_P(Workers, Cancel, testing::Values(1, 2, 3));

TEST_P(Cancel, DropsWhatHasNotBegunAndDestroysEveryClosureOnce) {
    const HangGuard guard("a cancelled group never ended");
    WorkerPool pool({.thread_count_override = GetParam()});
    for (int round = 0; round < 200; ++round) {
        const auto alive = std::make_shared<int>(0);
        std::atomic<int> ran{0};
        {
            TaskGroup group(pool);
            for (int i = 0; i < 100; ++i) {
                group.spawn([alive, &ran] { ++ran; });
                if (i == 60) group.cancel();
            }
            group.spawn_batch(10, [alive, &ran](std::size_t) { ++ran; });
            group.wait();
            EXPECT_TRUE(group.cancelled());
            EXPECT_EQ(alive.use_count(), 1);
        }
        ASSERT_LE(ran, 61);
    }
}

TEST_P(Cancel, TheRestOfAScopeIsDroppedWhenATaskThrowsIfAskedFor) {
    const HangGuard guard("a group with an error was not cancelled");
    std::atomic<int> ran{0};
    WorkerPool pool({.thread_count_override = GetParam()});
    const test::Blocked blocked(pool);
    TaskGroup group(pool, Band::Frame, OnError::CancelRest);
    for (int i = 0; i < 1'000; ++i)
        group.spawn([&ran, &group] {
            if (ran++ == 0) throw std::runtime_error("first");
            while (!group.cancelled()) std::this_thread::yield();
        });
    group.wait();
    EXPECT_THROW(group.rethrow_first(), std::runtime_error);
    // One each for the owner and the workers that were free; the flag stopped all others.
    EXPECT_LE(ran, GetParam());
}

// A chunk counts in 32 bits. All are cancelled before one is called: it takes no time.
TEST(HugeBatch, IsCountedWholeAndDroppedAtOnce) {
    const HangGuard guard("a cancelled batch is dropped one by one");
    std::atomic<int> calls{0};
    WorkerPool pool({.thread_count_override = 1});
    const test::Blocked blocked(pool);
    TaskGroup group(pool);
    constexpr std::size_t kCount = (std::size_t{5} << 32U) + 3;
    group.cancel();
    group.spawn_batch(kCount, [&calls](std::size_t) { ++calls; });
    EXPECT_EQ(group.pending(), kCount);
    group.wait();
    EXPECT_EQ(group.pending(), 0U);
    EXPECT_EQ(calls, 0);
}

TEST_P(Cancel, ABatchWhoseFirstCallThrowsEndsAtOnce) {
    const HangGuard guard("a cancelled batch is dropped one by one");
    WorkerPool pool({.thread_count_override = GetParam()});
    TaskGroup group(pool, Band::Frame, OnError::CancelRest);
    std::atomic<std::uint64_t> calls{0};
    group.spawn_batch(std::size_t{1} << 40U, [&calls](std::size_t) {
        ++calls;
        throw std::runtime_error("first");
    });
    group.wait();
    EXPECT_THROW(group.rethrow_first(), std::runtime_error);
    std::uint64_t counted = 0;
    for (const WorkerCounters& worker : pool.counters()) counted += worker.tasks;
    EXPECT_LE(counted, calls) << "what was dropped does not count as run";
}

}  // namespace
}  // namespace nebula
