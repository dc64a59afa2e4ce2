// SPDX-License-Identifier: MIT
#include "nebula/threading/frame_budget.hpp"

#include "support.hpp"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <limits>
#include <random>
#include <stdexcept>
#include <vector>

namespace nebula {
namespace {

using namespace std::chrono_literals;

constexpr Clock::time_point kStart{1000s};

CostEstimate estimate_of(std::initializer_list<CostEstimate::Duration> costs) {
    CostEstimate estimate;
    for (const CostEstimate::Duration cost : costs) estimate.add(cost);
    return estimate;
}

// ---- CostEstimate

TEST(CostEstimate, IsItsGuessUntilTheFirstHasRun) {
    const CostEstimate estimate(3ms);
    EXPECT_EQ(estimate.expected(), 3ms);
    EXPECT_EQ(estimate.likely_most(5), 3ms);
    EXPECT_EQ(estimate.samples(), 0U);
}

TEST(CostEstimate, ForgetsTheGuessWithTheFirst) {
    CostEstimate estimate(1h);
    estimate.add(100us);
    EXPECT_EQ(estimate.expected(), 100us);
    EXPECT_EQ(estimate.deviation(), 50us);
    EXPECT_EQ(estimate.likely_most(2), 200us);
}

TEST(CostEstimate, OfEqualCostsIsThatCostWithLessAndLessMargin) {
    CostEstimate estimate;
    CostEstimate::Duration margin = 1h;
    for (int i = 0; i < 200; ++i) {
        estimate.add(250us);
        EXPECT_EQ(estimate.expected(), 250us);
        if (i % 20 == 0) {
            EXPECT_LT(estimate.deviation(), margin);
            margin = estimate.deviation();
        }
    }
    EXPECT_LT(estimate.deviation(), 1us);
}

TEST(CostEstimate, FindsMeanAndSpreadOfWhatVaries) {
    std::mt19937 random(11);
    std::uniform_real_distribution<double> cost_us(500, 1500);  // deviation: 1000 / sqrt(12)
    CostEstimate estimate;
    double mean = 0;
    double deviation = 0;
    for (int i = 0; i < 10'000; ++i) {
        estimate.add(std::chrono::nanoseconds(static_cast<long>(cost_us(random) * 1000)));
        mean += static_cast<double>(estimate.expected().count()) / 1000 / 10'000;
        deviation += static_cast<double>(estimate.deviation().count()) / 1000 / 10'000;
    }
    EXPECT_NEAR(mean, 1000, 20);
    EXPECT_NEAR(deviation, 289, 25);
}

TEST(CostEstimate, FollowsAChangeWithinSomeTasks) {
    CostEstimate estimate;
    for (int i = 0; i < 100; ++i) estimate.add(100us);
    for (int i = 0; i < 11; ++i) estimate.add(1100us);
    EXPECT_GE(estimate.expected(), 600us);
    EXPECT_LE(estimate.expected(), 700us);
}

TEST(CostEstimate, ClippedItShrugsOffOneLongTimeAndFollowsALastingChange) {
    CostEstimate estimate(50us);
    estimate.add_clipped(1s);
    EXPECT_EQ(estimate.expected(), 200us) << "the guess counts, too";
    for (int i = 0; i < 100; ++i) estimate.add_clipped(100us);
    estimate.add_clipped(20ms);
    EXPECT_LE(estimate.likely_most(2), 300us);
    for (int i = 0; i < 40; ++i) estimate.add_clipped(20ms);
    EXPECT_GE(estimate.expected(), 10ms);
    for (int i = 0; i < 400; ++i) estimate.add_clipped(0ns);
    for (int i = 0; i < 40; ++i) estimate.add_clipped(1ms);
    EXPECT_GE(estimate.expected(), 100us) << "from nothing";
    CostEstimate huge(CostEstimate::Duration::max());
    huge.add_clipped(1ms);
    EXPECT_EQ(huge.expected(), 1ms);
}

TEST(CostEstimate, ATimeThatWentBackwardsCountsAsNone) {
    CostEstimate estimate;
    estimate.add(-5ms);
    EXPECT_EQ(estimate.expected(), 0ns);
}

// ---- FrameBudget

TEST(FrameBudget, StartsOnlyWhatEndsInTimeWithItsMargin) {
    const CostEstimate cost = estimate_of({100us});  // 100 µs, and likely at most 200
    const Clock::time_point deadline = kStart + 1ms;
    const FrameBudget budget(deadline, {.at_least_one = false, .margin_deviations = 2});
    EXPECT_TRUE(budget.may_start(kStart, cost));
    EXPECT_TRUE(budget.may_start(deadline - 200us, cost));
    EXPECT_FALSE(budget.may_start(deadline - 200us + 1ns, cost));
    EXPECT_FALSE(budget.may_start(deadline, cost));
    EXPECT_FALSE(budget.may_start(deadline + 1h, cost));
    const FrameBudget bold(deadline, {.at_least_one = false, .margin_deviations = 0});
    EXPECT_TRUE(bold.may_start(deadline - 100us, cost));
    EXPECT_FALSE(bold.may_start(deadline - 100us + 1ns, cost));
}

TEST(FrameBudget, NothingStartsAtTheDeadlineThoughItCostsNothing) {
    const CostEstimate free = estimate_of({0ns, 0ns});
    const FrameBudget budget(kStart, {.at_least_one = false});
    EXPECT_TRUE(budget.may_start(kStart - 1ns, free));
    EXPECT_FALSE(budget.may_start(kStart, free));
}

TEST(FrameBudget, TheFirstOneStartsInAnyCaseAndOnlyTheFirst) {
    const CostEstimate huge = estimate_of({1h});
    FrameBudget budget(kStart);
    EXPECT_TRUE(budget.may_start(kStart + 1s, huge));
    EXPECT_TRUE(budget.try_start(kStart + 1s, huge));
    EXPECT_EQ(budget.started(), 1U);
    EXPECT_FALSE(budget.try_start(kStart - 1s, huge));
    EXPECT_FALSE(budget.try_start(kStart + 1s, estimate_of({0ns})));
    EXPECT_EQ(budget.started(), 1U);
}

TEST(FrameBudget, DeadlinesAtTheEndsOfTimeAreFine) {
    const CostEstimate cost = estimate_of({1ms});
    EXPECT_TRUE(
        FrameBudget(Clock::time_point::max(), {.at_least_one = false}).may_start(kStart, cost));
    EXPECT_FALSE(
        FrameBudget(Clock::time_point::min(), {.at_least_one = false}).may_start(kStart, cost));
}

// ---- run_until

/// A clock that stands still but for what tasks take.
struct FakeClock {
    Clock::time_point now = kStart;
    auto source() {
        return [this] { return now; };
    }
};

TEST(RunUntil, TakesValuesWhileTheyFitAndLeavesTheOneThatDoesNot) {
    FakeClock clock;
    Channel<std::chrono::microseconds> channel;
    std::array<CostEstimate, 2> costs{CostEstimate(10us), CostEstimate(1ms)};
    const auto class_of = [](std::chrono::microseconds cost) { return cost > 500us ? 1U : 0U; };
    const auto work = [&](std::chrono::microseconds cost) { clock.now += cost; };
    for (const std::chrono::microseconds cost : {10us, 10us, 1000us, 10us}) channel.post(cost);
    FrameBudget budget(kStart + 500us);
    EXPECT_EQ(run_until(channel, budget, costs, class_of, work, clock.source()), 2U);
    EXPECT_EQ(channel.size(), 2U);
    EXPECT_EQ(costs[0].samples(), 2U);
    FrameBudget next(clock.now + 2ms);
    EXPECT_EQ(run_until(channel, next, costs, class_of, work, clock.source()), 2U);
    EXPECT_EQ(costs[1].expected(), 1000us);
    channel.post(10us);
    FrameBudget last(clock.now + 2ms);
    EXPECT_THROW(
        run_until(
            channel, last, costs, class_of,
            [](std::chrono::microseconds) { throw std::runtime_error("commit"); }, clock.source()),
        std::runtime_error);
    EXPECT_EQ(channel.size(), 0U);
}

TEST(RunUntil, ALateFrameTakesOneValueOrNone) {
    FakeClock clock;
    Channel<int> channel;
    std::array<CostEstimate, 1> costs{CostEstimate(1ms)};
    for (int i = 0; i < 3; ++i) channel.post(i);
    const auto one_class = [](int) { return 0U; };
    const auto nothing = [](int) {};
    FrameBudget late(kStart - 1ms);
    EXPECT_EQ(run_until(channel, late, costs, one_class, nothing, clock.source()), 1U);
    FrameBudget strict(kStart - 1ms, {.at_least_one = false});
    EXPECT_EQ(run_until(channel, strict, costs, one_class, nothing, clock.source()), 0U);
    EXPECT_EQ(channel.size(), 2U);
}

TEST(RunUntil, WithTheRealClockEndsAtTheDeadline) {
    Channel<int> channel;
    std::array<CostEstimate, 1> costs;
    const Clock::time_point deadline = Clock::now() + 3ms;
    for (int i = 0; i < 1'000; ++i) channel.post(i);
    // A busy machine may take the 3 ms away before the first one.
    FrameBudget budget(deadline, {.at_least_one = true});
    EXPECT_GT(
        run_until(
            channel, budget, costs, [](int) { return 0U; }, [](int) { test::spin_for(100us); }),
        0U);
    EXPECT_GT(channel.size(), 900U);
}

// More than a Duration holds is the longest there is, and so is what is no number.
TEST(CostEstimate, WhatNoDurationHoldsFitsIntoNoFrame) {
    constexpr auto kMost = CostEstimate::Duration::max();
    CostEstimate cost;
    cost.add(kMost);
    EXPECT_EQ(cost.expected(), kMost);
    EXPECT_EQ(cost.likely_most(2), kMost);
    CostEstimate short_one;
    short_one.add(1ms);
    for (const double deviations :
         {1e300, std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN()})
        EXPECT_EQ(short_one.likely_most(deviations), kMost);
    EXPECT_EQ(short_one.likely_most(-1e300), CostEstimate::Duration::zero());
    CostEstimate nothing;
    for (int i = 0; i < 3; ++i) nothing.add(0ns);
    EXPECT_EQ(nothing.likely_most(std::numeric_limits<double>::infinity()), kMost);
}

}  // namespace
}  // namespace nebula
