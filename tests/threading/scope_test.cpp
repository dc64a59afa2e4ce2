// SPDX-License-Identifier: MIT
#include "nebula/threading/scope.hpp"

#include "nebula/threading/job.hpp"
#include "nebula/threading/worker_pool.hpp"
#include "support.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <deque>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace nebula {
namespace {

using test::HangGuard;

class ScopeOn : public testing::TestWithParam<int> {  // the parameter: workers
protected:
    WorkerPool pool_{{.thread_count_override = GetParam()}};
};

int count_down(WorkerPool& pool, int depth) {
    if (depth == 0) return 0;
    const std::vector<int> results = pool.scope([&](Scope<int>& s) {
        s.spawn([&] { return count_down(pool, depth - 1); });
        s.spawn([] { return 1; });
    });
    return results[0] + results[1];
}

TEST_P(ScopeOn, NestsSixtyFourDeep) {
    const HangGuard guard("nested scopes wait for each other");
    EXPECT_EQ(count_down(pool_, 64), 64);
    // And all of it on the workers.
    const std::vector<int> inside = pool_.scope([&](Scope<int>& s) {
        for (int i = 0; i < 4; ++i) s.spawn([&] { return count_down(pool_, 64); });
    });
    EXPECT_EQ(inside, (std::vector<int>{64, 64, 64, 64}));
}

TEST_P(ScopeOn, ReturnsResultsInTheOrderOfSpawning) {
    const std::vector<std::string> results = pool_.scope([](Scope<std::string>& s) {
        for (int i = 0; i < 1000; ++i) s.spawn([i] { return std::to_string(i); });
    });
    ASSERT_EQ(results.size(), 1000U);
    for (std::size_t i = 0; i < results.size(); ++i) ASSERT_EQ(results[i], std::to_string(i));
}

TEST_P(ScopeOn, TakesResultsOfTasksThatTasksSpawned) {
    const std::vector<int> results = pool_.scope([](Scope<int>& s) {
        for (int i = 0; i < 10; ++i)
            s.spawn([&s] {
                s.spawn([] { return 2; });
                return 1;
            });
    });
    // The order is that of the calls, and the tasks call while the body still does.
    EXPECT_EQ(std::ranges::count(results, 1), 10);
    EXPECT_EQ(std::ranges::count(results, 2), 10);
}

TEST_P(ScopeOn, ThrowsTheTasksExceptionAfterAllHaveEnded) {
    std::atomic<int> ran{0};
    EXPECT_THROW(pool_.scope([&](Scope<>& s) {
        for (int i = 0; i < 100; ++i)
            s.spawn([&ran, i] {
                ++ran;
                if (i % 10 == 0) throw std::runtime_error("task");
            });
    }),
                 std::runtime_error);
    EXPECT_EQ(ran, 100);
    EXPECT_THROW((void)pool_.scope([](Scope<int>& s) { s.spawn([]() -> int { throw 1; }); }), int);
}

TEST_P(ScopeOn, ThrowsTheBodysExceptionAfterAllHaveEnded) {
    std::atomic<int> ran{0};
    EXPECT_THROW(pool_.scope([&](Scope<>& s) {
        for (int i = 0; i < 100; ++i) s.spawn([&ran] { ++ran; });
        throw std::logic_error("body");
    }),
                 std::logic_error);
    EXPECT_EQ(ran, 100);
}

TEST_P(ScopeOn, ReturnsWhatAVoidScopesBodyReturns) {
    int from_task = 0;
    const auto from_body = pool_.scope([&](Scope<>& s) {
        s.spawn([&] { from_task = 7; });
        return std::make_unique<int>(5);
    });
    EXPECT_EQ(*from_body, 5);
    EXPECT_EQ(from_task, 7);
}

TEST_P(ScopeOn, TakesResultsThatOnlyMoveAndBools) {
    const auto pointers = pool_.scope([](Scope<std::unique_ptr<int>>& s) {
        s.spawn([] { return std::make_unique<int>(1); });
        s.spawn([p = std::make_unique<int>(2)]() mutable { return std::move(p); });
    });
    EXPECT_EQ(*pointers[0] + *pointers[1], 3);
    const std::vector<bool> bools = pool_.scope<bool>([](auto& s) {
        s.spawn([] { return true; });
        s.spawn([] { return false; });
    });
    EXPECT_EQ(bools, (std::vector<bool>{true, false}));
}

INSTANTIATE_TEST_SUITE_P(Workers, ScopeOn, testing::Values(1, 2, 8));

TEST_P(ScopeOn, WithoutAllItsResultsItThrows) {
    const HangGuard guard("a scope never ended");
    EXPECT_THROW((void)pool_.scope([](Scope<std::string>& s) {
        s.cancel();
        EXPECT_TRUE(s.cancelled());
        s.spawn([] { return std::string("never"); });
    }),
                 JobCancelled);
    EXPECT_THROW((void)pool_.scope([](Scope<std::string>& s) {
        s.spawn([]() -> std::string { throw std::runtime_error("taken"); });
        s.group().wait();
        EXPECT_NE(s.group().take_exception(), nullptr);
    }),
                 JobCancelled);
}

TEST_P(ScopeOn, ReturnsResultsOfBatchesAndOfPinnedTasksInTheirPlaces) {
    const std::vector<int> results = pool_.scope([](Scope<int>& s) {
        s.spawn([] { return -1; });
        s.spawn_batch(100, [](std::size_t i) { return static_cast<int>(i); });
        s.spawn_on_main([] { return -2; });
    });
    ASSERT_EQ(results.size(), 102U);
    EXPECT_EQ(results.front(), -1);
    for (int i = 0; i < 100; ++i) ASSERT_EQ(results[static_cast<std::size_t>(i) + 1], i);
    EXPECT_EQ(results.back(), -2);
}

// With all workers busy nobody has begun what the body spawned before it threw.
TEST_P(ScopeOn, ABodyThatThrowsDropsTheRestIfAskedFor) {
    const HangGuard guard("a scope never ended");
    for (const OnError on_error : {OnError::RunAll, OnError::CancelRest}) {
        std::atomic<int> ran{0};
        std::deque<test::Blocked> blocked;
        for (int i = 0; i < GetParam(); ++i) blocked.emplace_back(pool_);
        EXPECT_THROW(pool_.scope(
                         [&](Scope<>& s) {
                             for (int i = 0; i < 10; ++i) s.spawn([&ran] { ++ran; });
                             throw std::runtime_error("body");
                         },
                         {.on_error = on_error}),
                     std::runtime_error);
        EXPECT_EQ(ran, on_error == OnError::RunAll ? 10 : 0);
    }
}

}  // namespace
}  // namespace nebula
