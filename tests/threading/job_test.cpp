// SPDX-License-Identifier: MIT
#include "nebula/threading/job.hpp"

#include "nebula/threading/detail/os_thread.hpp"
#include "nebula/threading/worker_pool.hpp"
#include "support.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <latch>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace nebula {
namespace {

using test::Blocked;
using test::HangGuard;

class JobTest : public testing::TestWithParam<int> {  // the parameter: workers
protected:
    std::string told() {
        const std::lock_guard lock(mutex_);
        return told_;
    }

    std::mutex mutex_;
    std::string told_;
    WorkerPool pool_{
        {.thread_count_override = GetParam(), .on_panic = [this](const PanicInfo& info) {
             const std::lock_guard lock(mutex_);
             told_ += std::string(info.task_name) + ": " + std::string(info.message);
         }}};
    HangGuard guard_{"a Job was not ended or nobody was woken"};
};

// ---- results

TEST_P(JobTest, GivesWhatItsFunctionReturns) {
    Job<std::string> text = spawn_job(pool_, [] { return std::string("mesh"); });
    EXPECT_EQ(text.get(), "mesh");
    EXPECT_FALSE(text);
    Job<std::unique_ptr<int>> box =
        spawn_job(pool_, [inner = std::make_unique<int>(5)]() mutable { return std::move(inner); });
    EXPECT_EQ(*box.get(), 5);
    int variable = 0;
    Job<int&> reference = spawn_job(pool_, [&]() -> int& { return variable; });
    EXPECT_EQ(&reference.get(), &variable);
    Job<> nothing = spawn_job(pool_, [&] { variable = 8; });
    nothing.get();
    EXPECT_EQ(variable, 8);
}

TEST_P(JobTest, ThrowsWhatItsFunctionThrew) {
    Job<int> job = spawn_job(pool_, []() -> int { throw std::runtime_error("no volume"); });
    EXPECT_THROW(job.get(), std::runtime_error);
    EXPECT_FALSE(job);
    EXPECT_EQ(told(), "");
}

TEST_P(JobTest, AnEmptyOneHasNoResultAndSaysWhy) {
    Job<int> job = spawn_job(pool_, [] { return 7; });
    (void)job.get();
    try {
        (void)job.get();
        FAIL() << "gave a result twice";
    } catch (const std::logic_error& error) {
        EXPECT_STREQ(error.what(),
                     "an empty Job has no result: its result was taken before, or it was detached "
                     "or moved from");
    }
    EXPECT_THROW((void)job.try_get(), std::logic_error);
    EXPECT_THROW((void)std::move(job).then([](int i) { return i; }), std::logic_error);
}

TEST_P(JobTest, CanBePolled) {
    Job<int> job = spawn_job(pool_, [] { return 7; });
    std::optional<int> got;
    while (!(got = job.try_get())) std::this_thread::yield();
    EXPECT_EQ(got, 7);
    EXPECT_FALSE(job);
    Job<> nothing = spawn_job(pool_, [] {});
    while (!nothing.done()) std::this_thread::yield();
    EXPECT_EQ(nothing.status(), JobStatus::Done);
    EXPECT_TRUE(nothing.try_get());
    Job<> bad = spawn_job(pool_, [] { throw 1; });
    while (!bad.done()) std::this_thread::yield();
    EXPECT_THROW((void)bad.try_get(), int);
}

TEST_P(JobTest, TheClosureIsGoneBeforeItIsDone) {
    struct SlowToDie {
        explicit SlowToDie(std::atomic<bool>& flag) noexcept : gone(&flag) {}
        SlowToDie(SlowToDie&& other) noexcept : gone(std::exchange(other.gone, nullptr)) {}
        SlowToDie(const SlowToDie&) = delete;
        SlowToDie& operator=(const SlowToDie&) = delete;
        ~SlowToDie() {
            if (gone == nullptr) return;
            test::spin_for(std::chrono::microseconds(200));
            *gone = true;
        }
        std::atomic<bool>* gone;
    };
    for (int round = 0; round < 20; ++round) {
        std::atomic<bool> gone{false};
        Job<> job = spawn_job(pool_, [captured = SlowToDie(gone)] {});
        while (!job.done()) std::this_thread::yield();
        ASSERT_TRUE(gone);
    }
}

// ---- waiting

TEST_P(JobTest, GetRunsItHereWhenNobodyHasBegun) {
    std::vector<std::unique_ptr<Blocked>> blocked;
    for (int i = 0; i < GetParam(); ++i) blocked.push_back(std::make_unique<Blocked>(pool_));
    Job<std::thread::id> job = spawn_job(pool_, [] { return std::this_thread::get_id(); });
    EXPECT_EQ(job.status(), JobStatus::Queued);
    EXPECT_EQ(job.get(), std::this_thread::get_id());
}

// One worker, and the job it waits for is behind it in the queue.
TEST_P(JobTest, AWorkerMayWaitForAJobOfItsOwnPool) {
    Job<int> outer = spawn_job(pool_, [&] {
        int sum = 0;
        for (int i = 0; i < 10; ++i) {
            Job<int> inner = spawn_job(pool_, [&, i] {
                Job<int> innermost = spawn_job(pool_, [i] { return i; });
                return innermost.get() + 1;
            });
            sum += inner.get();
        }
        return sum;
    });
    while (!outer.done()) std::this_thread::yield();
    EXPECT_EQ(outer.get(), 55);
}

TEST_P(JobTest, GetSleepsForOneThatRuns) {
    std::latch begun(1);
    std::atomic<long> owner{0};
    Job<int> job = spawn_job(pool_, [&] {
        begun.count_down();
        while (owner == 0 || !test::sleeps(owner)) std::this_thread::yield();
        return 3;
    });
    begun.wait();
    EXPECT_EQ(job.status(), JobStatus::Running);
    owner = detail::this_thread_os_id();
    EXPECT_EQ(job.get(), 3);
}

// ---- cancelling

TEST_P(JobTest, CancelDropsAQueuedClosureAtOnce) {
    std::vector<std::unique_ptr<Blocked>> blocked;
    for (int i = 0; i < GetParam(); ++i) blocked.push_back(std::make_unique<Blocked>(pool_));
    const auto witness = std::make_shared<int>(0);
    std::atomic<int> ran{0};
    Job<> job = spawn_job(pool_, [&, witness] { ++ran; });
    job.cancel();
    EXPECT_EQ(witness.use_count(), 1);
    EXPECT_EQ(job.status(), JobStatus::Cancelled);
    job.cancel();
    EXPECT_THROW(job.get(), JobCancelled);
    {
        Job<> dropped = spawn_job(pool_, [&, witness] { ++ran; });
    }
    EXPECT_EQ(witness.use_count(), 1);
    Job<> replaced = spawn_job(pool_, [&, witness] { ++ran; });
    replaced = spawn_job(pool_, [] {});
    EXPECT_EQ(witness.use_count(), 1);
    blocked.clear();
    replaced.get();
    EXPECT_EQ(ran, 0);
}

TEST_P(JobTest, CancelAsksARunningOneToStop) {
    for (const bool by_token : {false, true}) {
        std::latch begun(1);
        Job<int> job = spawn_job(pool_, [&](StopToken token) {
            EXPECT_FALSE(token.stop_requested());
            begun.count_down();
            while (!(by_token ? token.stop_requested() : job_stop_requested()))
                std::this_thread::yield();
            return 1;
        });
        begun.wait();
        job.cancel();
        EXPECT_EQ(job.get(), 1);
    }
    EXPECT_FALSE(job_stop_requested());
}

TEST_P(JobTest, AStopSourceStopsItAndOutlivesIt) {
    StopSource stop;
    EXPECT_FALSE(stop);
    stop.request_stop();  // of no job: nothing
    EXPECT_TRUE(stop.done());
    {
        std::vector<std::unique_ptr<Blocked>> blocked;
        for (int i = 0; i < GetParam(); ++i) blocked.push_back(std::make_unique<Blocked>(pool_));
        Job<int> job = spawn_job(pool_, [] { return 1; });
        stop = job.stop_source();
        EXPECT_TRUE(stop);
        EXPECT_FALSE(stop.done());
        const StopSource copy = stop;
        copy.request_stop();
        EXPECT_EQ(stop.status(), JobStatus::Cancelled);
        EXPECT_THROW(job.get(), JobCancelled);
    }
    stop.request_stop();
    EXPECT_EQ(stop.status(), JobStatus::Cancelled);
    EXPECT_FALSE(Job<int>().stop_source());
}

TEST_P(JobTest, ItsResultIsGoneFromTheJobOnceItWasTaken) {
    auto witness = std::make_shared<int>(3);
    Job<std::shared_ptr<int>> job =
        spawn_job(pool_, [mine = std::move(witness)]() mutable { return std::move(mine); });
    const std::weak_ptr<int> watched = job.get();
    EXPECT_TRUE(watched.expired());
    EXPECT_TRUE(job.done());
    job.cancel();  // too late: nothing
    EXPECT_EQ(job.status(), JobStatus::Done);
    EXPECT_THROW((void)job.get(), std::logic_error);
}

TEST_P(JobTest, OneThatStopsBecauseItWasAskedIsCancelledAndNobodyIsTold) {
    std::latch begun(1);
    Job<> job = spawn_job(pool_,
                          [&] {
                              begun.count_down();
                              while (!job_stop_requested()) std::this_thread::yield();
                              throw JobCancelled();
                          },
                          {.name = "stopped"});
    begun.wait();
    job.cancel();
    while (!job.done()) std::this_thread::yield();
    EXPECT_EQ(job.status(), JobStatus::Cancelled);
    EXPECT_THROW(job.get(), JobCancelled);
    EXPECT_EQ(told(), "");
}

TEST_P(JobTest, OneThatStopsBecauseItWasDroppedIsNotTold) {
    std::atomic<int> failures{0};
    {
        WorkerPool pool(
            {.thread_count_override = 1, .on_panic = [&](const PanicInfo&) { ++failures; }});
        std::latch begun(1);
        const auto stop_when_asked = [&] {
            begun.count_down();
            while (!job_stop_requested()) std::this_thread::yield();
            throw JobCancelled();
        };
        {
            Job<> job = spawn_job(pool, stop_when_asked);
            begun.wait();
        }
        Job<> job = spawn_job(pool, [] { throw JobCancelled(); });
        while (!job.done()) std::this_thread::yield();
    }
    EXPECT_EQ(failures, 0);
}

TEST_P(JobTest, AJobInsideAJobIsAskedByItsOwnCancel) {
    std::latch begun(1);
    Job<> outer = spawn_job(pool_, [&] {
        Job<bool> inner = spawn_job(pool_, [] { return job_stop_requested(); });
        begun.count_down();
        while (!job_stop_requested()) std::this_thread::yield();
        EXPECT_FALSE(inner.get());
        EXPECT_TRUE(job_stop_requested());  // ours again
    });
    begun.wait();
    outer.cancel();
    outer.get();
}

TEST_P(JobTest, ADroppedOneThatRunsEndsAlone) {
    std::latch begun(1);
    std::latch ended(1);
    {
        Job<> job = spawn_job(pool_, [&] {
            begun.count_down();
            while (!job_stop_requested()) std::this_thread::yield();
            ended.count_down();
        });
        begun.wait();
    }
    ended.wait();
}

// ---- alone

TEST_P(JobTest, ADetachedOneRunsAndItsErrorIsToldWithItsName) {
    std::latch ran(1);
    spawn_job(pool_, [&] { ran.count_down(); }).detach();
    ran.wait();
    spawn_job(pool_, [] { throw std::runtime_error("lost"); }, {.name = "save"}).detach();
    while (told().empty()) std::this_thread::yield();
    EXPECT_EQ(told(), "save: lost");
}

TEST_P(JobTest, AnErrorThatWasThereBeforeItWasDetachedOrDroppedIsToldToo) {
    for (const bool detach : {false, true}) {
        {
            const std::lock_guard lock(mutex_);
            told_.clear();
        }
        Job<> job = spawn_job(pool_, [] { throw std::runtime_error("late"); }, {.name = "load"});
        while (!job.done()) std::this_thread::yield();
        EXPECT_EQ(told(), "");
        if (detach) job.detach();
        job = {};
        while (told().empty()) std::this_thread::yield();
        EXPECT_EQ(told(), "load: late");
    }
}

// ---- then

TEST_P(JobTest, ThenGoesOnWithTheValue) {
    Job<std::string> chain = spawn_job(pool_, [] {
                                 return 20;
                             }).then([](int value) {
                                   return value + 1;
                               }).then([](int value) { return std::to_string(value); });
    EXPECT_EQ(chain.get(), "21");
    int seen = 0;
    Job<> side = spawn_job(pool_, [&] { seen = 1; }).then([&] { seen += 1; });
    while (!side.done()) std::this_thread::yield();  // without our help
    EXPECT_EQ(seen, 2);
}

TEST_P(JobTest, ThenIsNotCalledAfterAnError) {
    std::atomic<int> called{0};
    Job<int> chain = spawn_job(pool_, []() -> int { throw std::runtime_error("first"); })
                         .then([&](int value) {
                             ++called;
                             return value;
                         })
                         .then([&](int value) {
                             ++called;
                             return value;
                         });
    EXPECT_THROW(chain.get(), std::runtime_error);
    EXPECT_EQ(called, 0);
}

TEST_P(JobTest, ThenAfterACancelIsCancelled) {
    std::vector<std::unique_ptr<Blocked>> blocked;
    for (int i = 0; i < GetParam(); ++i) blocked.push_back(std::make_unique<Blocked>(pool_));
    Job<int> first = spawn_job(pool_, [] { return 1; });
    first.cancel();
    Job<int> second = std::move(first).then([](int value) { return value; });
    blocked.clear();
    while (!second.done()) std::this_thread::yield();
    EXPECT_EQ(second.status(), JobStatus::Cancelled);
    EXPECT_THROW(second.get(), JobCancelled);
}

TEST_P(JobTest, DroppingTheLastOfAChainDropsAllOfIt) {
    std::vector<std::unique_ptr<Blocked>> blocked;
    for (int i = 0; i < GetParam(); ++i) blocked.push_back(std::make_unique<Blocked>(pool_));
    const auto witness = std::make_shared<int>(0);
    std::atomic<int> ran{0};
    {
        Job<> chain = spawn_job(pool_, [&, witness] { ++ran; });
        for (int i = 0; i < 1'000; ++i) chain = std::move(chain).then([&, witness] { ++ran; });
        EXPECT_EQ(witness.use_count(), 1'002);
    }
    EXPECT_EQ(witness.use_count(), 1);
    blocked.clear();
    spawn_job(pool_, [] {}).get();
    EXPECT_EQ(ran, 0);
}

// With one worker, waiting on the end of a chain that has not begun: the waiter goes down to it.
TEST_P(JobTest, AWorkerMayWaitForTheEndOfAChain) {
    Job<int> outer = spawn_job(pool_, [&] {
        Job<int> chain = spawn_job(pool_, [] { return 0; });
        for (int i = 0; i < 1'000; ++i)
            chain = std::move(chain).then([](int value) { return value + 1; });
        return chain.get();
    });
    while (!outer.done()) std::this_thread::yield();
    EXPECT_EQ(outer.get(), 1'000);
}

// ---- on_done

TEST_P(JobTest, TheCallbackIsCalledOnceHoweverItEnds) {
    std::atomic<int> calls{0};
    Job<> ended = spawn_job(pool_, [] {});
    while (!ended.done()) std::this_thread::yield();
    ended.on_done([&] { ++calls; });
    EXPECT_EQ(calls, 1);

    Job<> runs = spawn_job(pool_, [] {});
    runs.on_done([&] { ++calls; });
    while (calls < 2) std::this_thread::yield();

    std::vector<std::unique_ptr<Blocked>> blocked;
    for (int i = 0; i < GetParam(); ++i) blocked.push_back(std::make_unique<Blocked>(pool_));
    Job<> queued = spawn_job(pool_, [] {});
    queued.on_done([&] { ++calls; });
    EXPECT_EQ(calls, 2);
    queued.cancel();
    EXPECT_EQ(calls, 3);
}

TEST_P(JobTest, TheCallbackMayDropTheJob) {
    for (int round = 0; round < 200; ++round) {
        std::atomic<bool> dropped{false};
        auto job = std::make_unique<Job<int>>(spawn_job(pool_, [] { return 1; }));
        Job<int>& reference = *job;
        reference.on_done([&dropped, owned = std::move(job)]() mutable {
            owned.reset();
            dropped = true;
        });
        while (!dropped) std::this_thread::yield();
    }
}

INSTANTIATE_TEST_SUITE_P(Workers, JobTest, testing::Values(1, 2, 4));

}  // namespace
}  // namespace nebula
