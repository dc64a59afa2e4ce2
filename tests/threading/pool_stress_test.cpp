// SPDX-License-Identifier: MIT
// The whole pool against its races; built with and without yields between the atomic steps.
#include "nebula/threading/par.hpp"
#include "nebula/threading/worker_pool.hpp"
#include "support.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <random>
#include <thread>
#include <vector>

namespace nebula {
namespace {

using test::HangGuard;

class PoolStress : public testing::TestWithParam<int> {};  // the parameter: workers

// A task at a time into a pool that is just going to sleep.
TEST_P(PoolStress, NoDetachedTaskIsForgotten) {
    const HangGuard guard("a task was never run: a wake was lost");
    static constexpr std::uint32_t kRounds = test::kWithYields ? 3'000 : 15'000;
    std::atomic<std::uint32_t> ran{0};  // outlives the pool: a worker may still be notifying
    WorkerPool pool({.thread_count_override = GetParam()});
    for (std::uint32_t round = 1; round <= kRounds; ++round) {
        pool.spawn([&ran] {
            ++ran;
            ran.notify_one();
        });
        for (std::uint32_t seen = 0; (seen = ran) < round;) ran.wait(seen);
    }
}

// Small scopes: the owner sleeps, wakes, finds the end; tickets come too late.
TEST_P(PoolStress, NoScopeWaitsForEver) {
    const HangGuard guard("a scope never ended");
    WorkerPool pool({.thread_count_override = GetParam()});
    static constexpr std::uint64_t kRounds = test::kWithYields ? 1'000 : 5'000;
    for (std::uint64_t round = 0; round < kRounds; ++round) {
        std::atomic<std::uint64_t> inside{0};
        pool.scope([&](Scope<>& s) {
            for (std::uint64_t i = 0; i <= round % 5; ++i)
                s.spawn([&] {
                    s.spawn([&] { ++inside; });
                    ++inside;
                });
        });
        ASSERT_EQ(inside, 2 * (round % 5 + 1));
    }
}

// Everything at once, from several threads, for all bands.
TEST_P(PoolStress, EverythingRunsOnceUnderAMixedLoad) {
    const HangGuard guard("the mixed load never ended");
    static constexpr unsigned kSeed = 99;
    SCOPED_TRACE(testing::Message() << "seed " << kSeed);
    std::atomic<int> expected{0};
    std::atomic<int> ran{0};
    {
        WorkerPool pool({.thread_count_override = GetParam()});
        std::vector<std::jthread> threads;
        for (unsigned t = 0; t < 3; ++t)
            threads.emplace_back([&, t] {
                std::mt19937 random(kSeed + t);
                for (int round = 0; round < 200; ++round) {
                    const auto band = static_cast<Band>(random() % 3);
                    const int count = static_cast<int>(random() % 20);
                    switch (random() % 4) {
                        case 0:
                            expected += count;
                            for (int i = 0; i < count; ++i)
                                pool.spawn([&] { ++ran; }, {.band = band});
                            break;
                        case 1:
                            expected += 2 * count;
                            pool.spawn(
                                [&pool, &ran, count, band] {
                                    for (int i = 0; i < count; ++i)
                                        pool.spawn([&] { ++ran; }, {.band = band});
                                    pool.scope([&](Scope<>& s) {
                                        for (int i = 0; i < count; ++i) s.spawn([&] { ++ran; });
                                    });
                                },
                                {.band = band});
                            break;
                        case 2: {
                            expected += count;
                            TaskGroup group(pool, band);
                            for (int i = 0; i < count; ++i) group.spawn([&] { ++ran; });
                            (void)group.wait_until(Clock::now() + std::chrono::microseconds(50));
                            break;
                        }
                        default:
                            expected += count;
                            par_for(pool, 0, static_cast<std::size_t>(count), 3,
                                    [&](std::size_t) { ++ran; }, {.band = band});
                    }
                }
            });
        threads.clear();
    }
    EXPECT_EQ(ran, expected);
}

TEST_P(PoolStress, StartsAndStopsAtOnce) {
    const HangGuard guard("a pool did not start or did not stop");
    for (int round = 0; round < 100; ++round) {
        std::atomic<int> ran{0};
        {
            WorkerPool pool({.thread_count_override = GetParam()});
            for (int i = 0; i < round % 4; ++i) pool.spawn([&] { ++ran; });
        }
        ASSERT_EQ(ran, round % 4);
    }
}

INSTANTIATE_TEST_SUITE_P(Workers, PoolStress, testing::Values(0, 1, 2, 3, 8, 33));

}  // namespace
}  // namespace nebula
