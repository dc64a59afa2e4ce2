// SPDX-License-Identifier: MIT
#include "nebula/threading/blocking_region.hpp"

#include "nebula/threading/detail/os_thread.hpp"
#include "nebula/threading/worker_pool.hpp"
#include "support.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <latch>
#include <memory>
#include <thread>
#include <vector>

namespace nebula {
namespace {

using test::HangGuard;

class BlockingRegionIn : public testing::TestWithParam<Band> {
protected:
    const HangGuard guard_{"a task in a BlockingRegion waits for ever"};
};
INSTANTIATE_TEST_SUITE_P(Bands, BlockingRegionIn,
                         testing::Values(Band::Frame, Band::Normal, Band::Background));

TEST_P(BlockingRegionIn, APoolOfOneWorkerRunsATaskThatAnotherWaitsFor) {
    WorkerPool pool({.thread_count_override = 1});
    for (int round = 0; round < 200; ++round) {
        std::latch done(1);
        pool.spawn(
            [&] {
                std::latch other(1);
                pool.spawn([&] { other.count_down(); }, {.band = GetParam()});
                const BlockingRegion region;
                other.wait();
                done.count_down();
            },
            {.band = GetParam()});
        done.wait();
    }
}

TEST_P(BlockingRegionIn, ATaskOfAGroupMayWaitForAnotherOfTheSameGroup) {
    WorkerPool pool({.thread_count_override = 1});
    for (int round = 0; round < 100; ++round)
        // On the worker: nobody else helps the group.
        pool.broadcast([&](int) {
            pool.scope(
                [](Scope<>& scope) {
                    auto later = std::make_shared<std::latch>(1);
                    scope.spawn([later, &scope] {
                        const BlockingRegion region;
                        // One that is queued, and one that is spawned while we block.
                        auto spawned = std::make_shared<std::latch>(1);
                        scope.spawn([spawned] { spawned->count_down(); });
                        spawned->wait();
                        later->wait();
                    });
                    scope.spawn([later] { later->count_down(); });
                },
                {.band = GetParam()});
        });
}

TEST_P(BlockingRegionIn, FourBlockedTasksAreReplacedAtOnce) {
    WorkerPool pool({.thread_count_override = 1});
    std::latch all(5);
    std::latch done(5);
    for (int i = 0; i < 5; ++i)
        pool.spawn(
            [&] {
                {
                    const BlockingRegion region;
                    all.arrive_and_wait();
                }
                done.count_down();
            },
            {.band = GetParam()});
    done.wait();
}

TEST(BlockingRegion, DoesNothingOnAForeignThreadAndInsideAnother) {
    const HangGuard guard("nested regions");
    const BlockingRegion on_main;
    WorkerPool pool({.thread_count_override = 1});
    const auto run_another = [](Scope<>& scope) {
        auto ran = std::make_shared<std::latch>(1);
        scope.spawn([ran] { ran->count_down(); });
        ran->wait();
    };
    for (int i = 0; i < 20; ++i)
        pool.broadcast([&](int) {
            pool.scope([&](Scope<>& scope) {
                scope.spawn([&] {
                    const BlockingRegion outer;
                    {
                        const BlockingRegion inner;  // it must not step aside from the group again
                        run_another(scope);
                    }
                    run_another(scope);  // nor has its end called the spare back
                });
            });
        });
}

TEST(BlockingRegion, AfterwardsOneThreadWorksAndThePoolSleeps) {
    const HangGuard guard("a spare never retires");
    std::atomic<long> spare_id{0};
    WorkerPool pool({.thread_count_override = 1});
    pool.broadcast([&](int) {
        std::latch ran(1);
        pool.spawn([&] {
            EXPECT_EQ(WorkerPool::current_worker_index(), 1);
            EXPECT_EQ(WorkerPool::current_worker_name(), "nebula-worker-spare-0");
            spare_id = detail::this_thread_os_id();
            ran.count_down();
        });
        const BlockingRegion region;
        ran.wait();
    });
    EXPECT_EQ(pool.thread_count(), 1);
    EXPECT_EQ(pool.utilization_per_worker().size(), 1U);
    // It has retired when it sleeps and does not take part any more.
    while (!test::sleeps(spare_id)) std::this_thread::yield();
    std::atomic<int> inside{0};
    std::atomic<int> most{0};
    std::latch done(500);
    for (int i = 0; i < 500; ++i)
        pool.spawn([&] {
            const int now = ++inside;
            most = std::max(most.load(), now);
            std::this_thread::yield();
            --inside;
            done.count_down();
        });
    done.wait();
    EXPECT_EQ(most, 1);
    const std::uint64_t switches = test::context_switches_of(spare_id);
    std::this_thread::sleep_for(std::chrono::milliseconds(200));  // the thing under test
    EXPECT_EQ(test::context_switches_of(spare_id), switches);
}

TEST(BlockingRegion, EveryTaskRunsOnceWhileRegionsComeAndGo) {
    const HangGuard guard("stress of regions");
    const int rounds = test::kWithYields ? 10 : 40;
    for (int round = 0; round < rounds; ++round) {
        std::atomic<int> ran{0};
        {
            WorkerPool pool({.thread_count_override = 1 + round % 3});
            std::jthread foreign([&] {
                for (int i = 0; i < 200; ++i)
                    pool.spawn([&] {
                        ++ran;
                        pool.spawn([&] { ++ran; });
                        if (ran % 3 == 0) {
                            const BlockingRegion region;
                            std::this_thread::yield();
                        }
                        pool.spawn([&] { ++ran; }, {.band = Band::Background});
                    });
            });
            pool.scope([&](Scope<>& scope) {
                for (int i = 0; i < 200; ++i)
                    scope.spawn([&] {
                        const BlockingRegion region;
                        ++ran;
                        scope.spawn([&] { ++ran; });
                    });
            });
            (void)pool.join([&] { return 1; },
                            [&] {
                                const BlockingRegion region;
                                return 2;
                            });
        }
        ASSERT_EQ(ran, 1000) << "round " << round;
    }
}

}  // namespace
}  // namespace nebula
