// SPDX-License-Identifier: MIT
#include "nebula/threading/ranked_results.hpp"

#include "nebula/threading/worker_pool.hpp"
#include "support.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <latch>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace nebula {
namespace {

using namespace std::chrono_literals;
using test::Blocked;
using test::HangGuard;

class RankedResultsOn : public testing::TestWithParam<int> {  // the parameter: workers; 0: inline
protected:
    HangGuard guard_{"a result was not given out"};
    WorkerPool pool_{GetParam() == 0 ? WorkerPoolConfig{.run_inline = true}
                                     : WorkerPoolConfig{.thread_count_override = GetParam()}};
};

TEST_P(RankedResultsOn, EveryResultIsGivenOutOnceThenThereAreNone) {
    RankedResults<int> results(pool_);
    EXPECT_EQ(results.next(), std::nullopt);
    for (int i = 0; i < 1000; ++i) results.spawn(static_cast<float>(i % 90), [i] { return i; });
    std::set<int> seen;
    while (std::optional<int> result = results.next()) EXPECT_TRUE(seen.insert(*result).second);
    EXPECT_EQ(seen.size(), 1000U);
    EXPECT_EQ(results.pending(), 0U);
    EXPECT_EQ(results.try_next(), std::nullopt);
}

TEST_P(RankedResultsOn, TheyAreMovedAndMayNotBeCopyable) {
    RankedResults<std::unique_ptr<int>> results(pool_);
    results.spawn(1, [box = std::make_unique<int>(4)]() mutable { return std::move(box); });
    EXPECT_EQ(**results.next(), 4);
}

TEST_P(RankedResultsOn, AnErrorComesInItsTurnAndTheOthersGoOn) {
    RankedResults<int> results(pool_);
    results.spawn(1, []() -> int { throw std::runtime_error("no such chunk"); });
    results.spawn(2, [] { return 2; });
    int sum = 0;
    int errors = 0;
    while (results.pending() != 0) {
        try {
            sum += results.next().value_or(0);
        } catch (const std::runtime_error&) {
            ++errors;
        }
    }
    EXPECT_EQ(sum, 2);
    EXPECT_EQ(errors, 1);
}

TEST_P(RankedResultsOn, DrainGivesOutWhatHasFinished) {
    RankedResults<int> results(pool_);
    for (int i = 0; i < 50; ++i) results.spawn(1, [] { return 1; });
    int sum = 0;
    while (results.pending() != 0) results.drain(1h, [&](int one) { sum += one; });
    EXPECT_EQ(sum, 50);
    results.spawn(1, [] { return 1; });
    results.spawn(1, [] { return 1; });
    while (results.finished() != 2) std::this_thread::yield();
    EXPECT_EQ(results.drain(0ns, [](int) {}), 1U) << "one in any case";
}

INSTANTIATE_TEST_SUITE_P(Workers, RankedResultsOn, testing::Values(0, 1, 2, 8));

TEST(RankedResults, TheMostUrgentIsGivenOutFirst) {
    const HangGuard guard("a result was not given out");
    WorkerPool pool({.thread_count_override = 1});
    RankedResults<int> results(pool);
    {
        const Blocked blocked(pool);
        for (const int rank : {900, 30, 7000, 1})
            results.spawn(
                static_cast<float>(rank), [rank] { return rank; },
                static_cast<std::uint64_t>(rank));
        results.rerank([](const RankedTask& task) { return task.tag == 7000 ? 0.0F : task.rank; });
        EXPECT_EQ(results.try_next(), std::nullopt);
    }
    while (results.finished() != 4) std::this_thread::yield();
    std::vector<int> order;
    while (std::optional<int> result = results.next()) order.push_back(*result);
    EXPECT_EQ(order, (std::vector<int>{7000, 1, 30, 900}));
}

// As they finish: a slow urgent one does not hold up what is behind it.
TEST(RankedResults, ASlowTaskHoldsUpNobody) {
    const HangGuard guard("a result waited for a slower one");
    WorkerPool pool({.thread_count_override = 2});
    RankedResults<int> results(pool);
    std::latch gate(1);
    std::latch begun(1);
    results.spawn(0, [&] {
        begun.count_down();
        gate.wait();
        return 0;
    });
    begun.wait();
    results.spawn(1, [] { return 1; });
    EXPECT_EQ(results.next(), 1);
    EXPECT_EQ(results.pending(), 1U);
    gate.count_down();
    EXPECT_EQ(results.next(), 0);
}

// The only worker waits; what is spawned meanwhile has nobody else.
TEST(RankedResults, AWorkerMayWaitForResultsOfItsOwnPool) {
    const HangGuard guard("the only worker slept beside its work");
    WorkerPool pool({.thread_count_override = 1});
    for (int round = 0; round < 200; ++round) {
        RankedResults<int> results(pool);
        std::atomic<bool> waits{false};
        std::atomic<int> sum{0};
        const RankedTasks::Id far = results.spawn(5, [] { return 1; });
        std::latch ended(1);
        pool.spawn([&] {
            waits = true;
            while (sum < 3) sum += results.next().value_or(0);
            ended.count_down();
        });
        while (!waits) std::this_thread::yield();
        results.spawn(1, [] { return 1; });
        (void)results.rerank(far, 2);
        results.spawn(9, [] { return 1; });
        ended.wait();
        EXPECT_EQ(sum, 3);
    }
}

TEST(RankedResults, WhatIsCancelledIsNotWaitedFor) {
    const HangGuard guard("a cancelled task was waited for");
    WorkerPool pool({.thread_count_override = 1});
    RankedResults<int> results(pool);
    std::optional<Blocked> blocked(pool);
    const RankedTasks::Id id = results.spawn(1, [] { return 1; });
    results.spawn(2, [] { return 2; });
    EXPECT_TRUE(results.cancel(id));
    EXPECT_EQ(results.pending(), 1U);
    EXPECT_EQ(results.cancel_all(), 1U);
    EXPECT_EQ(results.next(), std::nullopt);
}

TEST(RankedResults, AnErrorThatNobodyTookGoesToThePanicHandler) {
    const HangGuard guard("a task did not end");
    std::mutex mutex;
    std::string told;
    WorkerPool pool({.thread_count_override = 1, .on_panic = [&](const PanicInfo& info) {
                         const std::lock_guard lock(mutex);
                         told += std::string(info.task_name) + ": " + std::string(info.message);
                     }});
    {
        RankedResults<int> results(pool);
        results.spawn(
            1, []() -> int { throw std::runtime_error("lost"); }, 0, "mesh");
        while (results.finished() == 0) std::this_thread::yield();
    }
    const std::lock_guard lock(mutex);
    EXPECT_EQ(told, "mesh: lost");
}

}  // namespace
}  // namespace nebula
