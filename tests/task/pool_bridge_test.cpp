// SPDX-License-Identifier: MIT
#include "nebula/task/pool_bridge.hpp"

#include "fake_loop.hpp"
#include "nebula/task/next_frame.hpp"
#include "nebula/task/runtime.hpp"
#include "nebula/threading/job.hpp"
#include "nebula/threading/task_pools.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace nebula {
namespace {

using test::FakeLoop;

class PoolBridge : public testing::TestWithParam<int> {  // the parameter: workers
protected:
    WorkerPool pool_{{.thread_count_override = GetParam()}};
    FakeLoop loop_;
};

TEST_P(PoolBridge, TheFunctionRunsOnAWorkerAndTheTaskGoesOnWithItsValueOnTheMainLoop) {
    const std::thread::id main = std::this_thread::get_id();
    std::string got;
    loop_.runtime.spawn([&]() -> task<> {
        auto job = pool_.run([] {
            EXPECT_GE(WorkerPool::current_worker_index(), 0);
            return std::string("a mesh");
        });
        got = co_await job;
        EXPECT_EQ(std::this_thread::get_id(), main);
    });
    loop_.pump_until_all_ended();
    EXPECT_EQ(got, "a mesh");
}

TEST_P(PoolBridge, EachOfTheThreePoolsMayBeAwaited) {
    std::vector<bool> on_worker;
    loop_.runtime.spawn([&]() -> task<> {
        const auto where = [] { return WorkerPool::current_worker_index() >= 0; };
        auto now = pool_.compute().run(where, "now");
        on_worker.push_back(co_await now);
        auto some_time = pool_.async_compute().run(where, "some time");
        on_worker.push_back(co_await some_time);
        auto blocking = pool_.io().run(where, "blocking");
        on_worker.push_back(co_await blocking);
    });
    loop_.pump_until_all_ended();
    EXPECT_EQ(on_worker, (std::vector{true, true, false}));
    EXPECT_EQ(pool_.io().threads().thread_count(), 1);
}

TEST_P(PoolBridge, MoveOnlyClosuresAndResultsAndNoResultAtAll) {
    std::unique_ptr<int> got;
    std::atomic<int> ran{0};
    loop_.runtime.spawn([&]() -> task<> {
        auto job = pool_.run([box = std::make_unique<int>(3)]() mutable { return std::move(box); });
        got = co_await job;
        auto silent = pool_.run([&ran] { ++ran; });
        co_await silent;
    });
    loop_.pump_until_all_ended();
    ASSERT_NE(got, nullptr);
    EXPECT_EQ(*got, 3);
    EXPECT_EQ(ran.load(), 1);
}

TEST_P(PoolBridge, WhatTheFunctionThrowsIsThrownInTheTask) {
    int caught = 0;
    loop_.runtime.spawn([&]() -> task<> {
        auto job = pool_.run([]() -> int { throw std::runtime_error("extraction failed"); });
        try {
            co_await job;
        } catch (const std::runtime_error& error) {
            EXPECT_STREQ(error.what(), "extraction failed");
            ++caught;
        }
        auto odd = pool_.run([] { throw 7; });
        try {
            co_await odd;
        } catch (int) {
            ++caught;
        }
    });
    loop_.pump_until_all_ended();
    EXPECT_EQ(caught, 2);
}

// The worker may be the last to look at a job that has thrown. It once ended the exception then,
// with all that it held.
TEST_P(PoolBridge, WhatTheFunctionThrowsEndsWhereItIsCaught) {
    const std::thread::id main = std::this_thread::get_id();
    int ended_here = 0;
    int ended_elsewhere = 0;
    const auto note = [&](const int* number) {
        ++(std::this_thread::get_id() == main ? ended_here : ended_elsewhere);
        delete number;
    };
    constexpr int kRounds = 500;
    loop_.runtime.spawn([&]() -> task<> {
        for (int i = 0; i < kRounds; ++i) {
            auto job = pool_.run([&note, i] { throw std::shared_ptr<int>(new int(i), note); });
            try {
                co_await job;
            } catch (const std::shared_ptr<int>& number) {
                EXPECT_EQ(*number, i);
            }
        }
    });
    loop_.pump_until_all_ended();
    EXPECT_EQ(ended_here, kRounds);
    EXPECT_EQ(ended_elsewhere, 0);
}

TEST_P(PoolBridge, AFunctionWithoutCapturesMayBeAwaitedInOneLineByEveryCompiler) {
    int got = 0;
    loop_.runtime.spawn([&]() -> task<> { got = co_await pool_.run([] { return 5; }); });
    loop_.pump_until_all_ended();
    EXPECT_EQ(got, 5);
}

#if defined(__clang__)
TEST_P(PoolBridge, ACapturingLambdaMayBeAwaitedInOneLine) {
    int sum = 0;
    loop_.runtime.spawn([&]() -> task<> {
        for (int i = 0; i < 20; ++i) {
            sum +=
                co_await pool_.run([box = std::make_shared<int>(i), text = std::string(100, 'x')] {
                    return *box + static_cast<int>(text.size());
                });
        }
    });
    loop_.pump_until_all_ended();
    EXPECT_EQ(sum, 190 + 20 * 100);
}
#endif

TEST_P(PoolBridge, TheClosureIsGoneWhenTheTaskGoesOn) {
    auto captured = std::make_shared<int>(1);
    const std::weak_ptr<int> watch = captured;
    bool gone = false;
    loop_.runtime.spawn([&]() -> task<> {
        auto job = pool_.run([kept = std::move(captured)] { return *kept; });
        co_await job;
        gone = watch.expired();
    });
    loop_.pump_until_all_ended();
    EXPECT_TRUE(gone);
}

/// Counts its destructions, on whatever thread; a moved-from one does not count.
class CountsItsEnd {
public:
    explicit CountsItsEnd(std::atomic<int>& ends) noexcept : ends_(&ends) {}
    CountsItsEnd(CountsItsEnd&& other) noexcept : ends_(std::exchange(other.ends_, nullptr)) {}
    CountsItsEnd(const CountsItsEnd&) = delete;
    CountsItsEnd& operator=(const CountsItsEnd&) = delete;
    ~CountsItsEnd() {
        if (ends_ != nullptr) ++*ends_;
    }

private:
    std::atomic<int>* ends_;
};

TEST_P(PoolBridge, ATaskCancelledWhileItsJobRunsLeavesTheJobToEndAlone) {
    std::atomic<bool> started{false};
    std::atomic<bool> go_on{false};
    std::atomic<bool> ended{false};
    std::atomic<int> closures{0};
    std::atomic<int> results{0};
    bool resumed = false;
    TaskHandle<> handle = loop_.runtime.spawn([&]() -> task<> {
        auto job = pool_.run([&, counts = CountsItsEnd(closures)] {
            started = true;
            while (!go_on) std::this_thread::yield();
            ended = true;
            return CountsItsEnd(results);
        });
        const CountsItsEnd got = co_await job;
        resumed = true;
    });
    while (!started) std::this_thread::yield();
    handle.cancel();
    EXPECT_TRUE(handle.cancelled());
    EXPECT_FALSE(ended);
    go_on = true;
    while (results.load() == 0) std::this_thread::yield();
    EXPECT_TRUE(ended);
    loop_.runtime.pump();
    EXPECT_FALSE(resumed);
    EXPECT_EQ(closures.load(), 1);
    EXPECT_EQ(results.load(), 1);
}

TEST_P(PoolBridge, AJobWhoseTaskWasCancelledBeforeItBeganIsSkippedAndItsClosureDestroyedOnce) {
    std::atomic<bool> gate{false};
    std::atomic<int> held{0};
    for (int i = 0; i < GetParam(); ++i) {
        pool_.spawn([&] {
            ++held;
            while (!gate) std::this_thread::yield();
            --held;
        });
    }
    while (held.load() < GetParam()) std::this_thread::yield();
    std::atomic<int> closures{0};
    std::atomic<int> ran{0};
    TaskHandle<> handle = loop_.runtime.spawn([&]() -> task<> {
        auto job = pool_.run([&, counts = CountsItsEnd(closures)] { ++ran; });
        co_await job;
    });
    handle.cancel();
    gate = true;
    while (closures.load() == 0 || held.load() > 0) std::this_thread::yield();
    EXPECT_EQ(closures.load(), 1);
    EXPECT_EQ(ran.load(), 0);
}

TEST_P(PoolBridge, JobsOutliveTheirRuntime) {
    std::atomic<bool> go_on{false};
    std::atomic<int> closures{0};
    {
        FakeLoop short_lived;
        for (int i = 0; i < 20; ++i) {
            short_lived.runtime.spawn([&]() -> task<> {
                auto job = pool_.run([&, counts = CountsItsEnd(closures)] {
                    while (!go_on) std::this_thread::yield();
                });
                co_await job;
            });
        }
    }
    go_on = true;
    while (closures.load() < 20) std::this_thread::yield();
}

TEST_P(PoolBridge, AThousandTasksOfFiftyJobsEachAddUp) {
    static constexpr int kTasks = 1000;
    static constexpr int kJobs = 50;
    std::int64_t total = 0;
    for (int t = 0; t < kTasks; ++t) {
        loop_.runtime.spawn([&, t]() -> task<> {
            for (int j = 0; j < kJobs; ++j) {
                auto job = pool_.run([t, j] { return t * kJobs + j; });
                total += co_await job;
            }
        });
    }
    loop_.pump_until_all_ended();
    static constexpr std::int64_t kCount = kTasks * kJobs;
    EXPECT_EQ(total, kCount * (kCount - 1) / 2);
}

TEST_P(PoolBridge, OnWakeTellsTheMainLoopThatAJobHasEnded) {
    std::atomic<int> rings{0};
    loop_.runtime.set_on_wake([&] { ++rings; });
    loop_.runtime.spawn([&]() -> task<> {
        auto job = pool_.run([] { return 1; });
        co_await job;
    });
    while (rings.load() == 0) std::this_thread::yield();
    loop_.runtime.pump();
    EXPECT_EQ(loop_.runtime.live_count(), 0U);
}

// ---- Job

TEST_P(PoolBridge, AJobOfThePoolIsAwaitedLikeAnyOther) {
    const std::thread::id main = std::this_thread::get_id();
    std::unique_ptr<int> got;
    int changed = 0;
    loop_.runtime.spawn([&]() -> task<> {
        Job<std::unique_ptr<int>> job =
            spawn_job(pool_, [box = std::make_unique<int>(3)]() mutable {
                EXPECT_GE(WorkerPool::current_worker_index(), 0);
                return std::move(box);
            });
        got = co_await job;
        EXPECT_FALSE(job);
        EXPECT_EQ(std::this_thread::get_id(), main);
        Job<> silent = spawn_job(pool_, [&changed] { changed = 1; });
        co_await silent;
        Job<int&> reference = spawn_job(pool_, [&changed]() -> int& { return changed; });
        int& same = co_await reference;
        EXPECT_EQ(&same, &changed);
    });
    loop_.pump_until_all_ended();
    ASSERT_NE(got, nullptr);
    EXPECT_EQ(*got, 3);
    EXPECT_EQ(changed, 1);
}

TEST_P(PoolBridge, AJobThatHasEndedIsNotWaitedFor) {
    Job<int> job = spawn_job(pool_, [] { return 4; });
    while (!job.done()) std::this_thread::yield();
    int got = 0;
    loop_.runtime.spawn([&]() -> task<> { got = co_await job; });
    EXPECT_EQ(got, 4);  // without a pump
}

TEST_P(PoolBridge, WhatAJobThrewIsThrownWhereItIsAwaited) {
    int caught = 0;
    loop_.runtime.spawn([&]() -> task<> {
        Job<int> job = spawn_job(pool_, []() -> int { throw std::runtime_error("no volume"); });
        try {
            co_await job;
        } catch (const std::runtime_error& error) {
            EXPECT_STREQ(error.what(), "no volume");
            ++caught;
        }
        Job<> stopped = spawn_job(pool_, [] { throw JobCancelled(); });
        try {
            co_await stopped;
        } catch (const TaskCancelled&) {
            ++caught;
        }
    });
    loop_.pump_until_all_ended();
    EXPECT_EQ(caught, 2);
}

TEST_P(PoolBridge, AJobIsCancelledWithTheCoroutineThatAwaitsIt) {
    std::atomic<bool> begun{false};
    std::atomic<bool> asked{false};
    std::atomic<int> closures{0};
    bool resumed = false;
    TaskHandle<> handle = loop_.runtime.spawn([&]() -> task<> {
        Job<> job = spawn_job(pool_, [&, counts = CountsItsEnd(closures)](const StopToken token) {
            begun = true;
            while (!token.stop_requested()) std::this_thread::yield();
            asked = true;
        });
        co_await job;
        resumed = true;
    });
    while (!begun) std::this_thread::yield();
    handle.cancel();
    while (closures == 0) std::this_thread::yield();
    EXPECT_TRUE(asked);
    loop_.runtime.pump();
    EXPECT_FALSE(resumed);
    EXPECT_EQ(closures, 1);
}

TEST_P(PoolBridge, AChainIsAwaitedAtItsEnd) {
    int got = 0;
    loop_.runtime.spawn([&]() -> task<> {
        Job<int> chain =
            spawn_job(pool_, [] { return 20; }).then([](int value) { return value + 1; });
        got = co_await chain;
    });
    loop_.pump_until_all_ended();
    EXPECT_EQ(got, 21);
}

#if defined(__clang__)
TEST_P(PoolBridge, AJobMayBeSpawnedAndAwaitedInOneLine) {
    int sum = 0;
    loop_.runtime.spawn([&]() -> task<> {
        for (int i = 0; i < 20; ++i)
            sum += co_await spawn_job(pool_, [box = std::make_shared<int>(i)] { return *box; });
    });
    loop_.pump_until_all_ended();
    EXPECT_EQ(sum, 190);
}
#endif

INSTANTIATE_TEST_SUITE_P(Workers, PoolBridge, testing::Values(1, 2, 4));

}  // namespace
}  // namespace nebula
