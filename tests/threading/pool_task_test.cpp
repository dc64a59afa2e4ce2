// SPDX-License-Identifier: MIT
#include "nebula/threading/task.hpp"

#include "nebula/threading/worker_pool.hpp"
#include "support.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
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

class PoolTask : public testing::TestWithParam<int> {  // the parameter: workers
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
    HangGuard guard_{"a Task was not ended or nobody was woken"};
};

// ---- results

TEST_P(PoolTask, GivesWhatItsFunctionReturns) {
    Task<std::string> text = spawn_task(pool_, [] { return std::string("mesh"); });
    EXPECT_EQ(text.get(), "mesh");
    EXPECT_FALSE(text);
    Task<std::unique_ptr<int>> box = spawn_task(
        pool_, [inner = std::make_unique<int>(5)]() mutable { return std::move(inner); });
    EXPECT_EQ(*box.get(), 5);
    int variable = 0;
    Task<int&> reference = spawn_task(pool_, [&]() -> int& { return variable; });
    EXPECT_EQ(&reference.get(), &variable);
    Task<> nothing = spawn_task(pool_, [&] { variable = 8; });
    nothing.get();
    EXPECT_EQ(variable, 8);
}

TEST_P(PoolTask, ThrowsWhatItsFunctionThrew) {
    Task<int> task = spawn_task(pool_, []() -> int { throw std::runtime_error("no volume"); });
    EXPECT_THROW(task.get(), std::runtime_error);
    EXPECT_FALSE(task);
    EXPECT_EQ(told(), "");
}

TEST_P(PoolTask, AnEmptyOneHasNoResultAndSaysWhy) {
    Task<int> task = spawn_task(pool_, [] { return 7; });
    (void)task.get();
    try {
        (void)task.get();
        FAIL() << "gave a result twice";
    } catch (const std::logic_error& error) {
        EXPECT_STREQ(error.what(),
                     "an empty Task has no result: its result was taken before, or it was detached "
                     "or moved from");
    }
    EXPECT_THROW((void)task.try_get(), std::logic_error);
    EXPECT_THROW((void)std::move(task).then([](int i) { return i; }), std::logic_error);
}

TEST_P(PoolTask, CanBePolled) {
    Task<int> task = spawn_task(pool_, [] { return 7; });
    std::optional<int> got;
    while (!(got = task.try_get())) std::this_thread::yield();
    EXPECT_EQ(got, 7);
    EXPECT_FALSE(task);
    Task<> nothing = spawn_task(pool_, [] {});
    while (!nothing.done()) std::this_thread::yield();
    EXPECT_EQ(nothing.status(), TaskStatus::Done);
    EXPECT_TRUE(nothing.try_get());
    Task<> bad = spawn_task(pool_, [] { throw 1; });
    while (!bad.done()) std::this_thread::yield();
    EXPECT_THROW((void)bad.try_get(), int);
}

TEST_P(PoolTask, TheClosureIsGoneBeforeItIsDone) {
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
        Task<> task = spawn_task(pool_, [captured = SlowToDie(gone)] {});
        while (!task.done()) std::this_thread::yield();
        ASSERT_TRUE(gone);
    }
}

// ---- waiting

TEST_P(PoolTask, GetRunsItHereWhenNobodyHasBegun) {
    std::vector<std::unique_ptr<Blocked>> blocked;
    for (int i = 0; i < GetParam(); ++i) blocked.push_back(std::make_unique<Blocked>(pool_));
    Task<std::thread::id> task = spawn_task(pool_, [] { return std::this_thread::get_id(); });
    EXPECT_EQ(task.status(), TaskStatus::Queued);
    EXPECT_EQ(task.get(), std::this_thread::get_id());
}

// One worker, and the task it waits for is behind it in the queue.
TEST_P(PoolTask, AWorkerMayWaitForATaskOfItsOwnPool) {
    Task<int> outer = spawn_task(pool_, [&] {
        int sum = 0;
        for (int i = 0; i < 10; ++i) {
            Task<int> inner = spawn_task(pool_, [&, i] {
                Task<int> innermost = spawn_task(pool_, [i] { return i; });
                return innermost.get() + 1;
            });
            sum += inner.get();
        }
        return sum;
    });
    while (!outer.done()) std::this_thread::yield();
    EXPECT_EQ(outer.get(), 55);
}

TEST_P(PoolTask, GetSleepsForOneThatRuns) {
    std::latch begun(1);
    std::atomic<long> owner{0};
    Task<int> task = spawn_task(pool_, [&] {
        begun.count_down();
        while (owner == 0 || !test::sleeps(owner)) std::this_thread::yield();
        return 3;
    });
    begun.wait();
    EXPECT_EQ(task.status(), TaskStatus::Running);
    owner = gettid();
    EXPECT_EQ(task.get(), 3);
}

// ---- cancelling

TEST_P(PoolTask, CancelDropsAQueuedClosureAtOnce) {
    std::vector<std::unique_ptr<Blocked>> blocked;
    for (int i = 0; i < GetParam(); ++i) blocked.push_back(std::make_unique<Blocked>(pool_));
    const auto witness = std::make_shared<int>(0);
    std::atomic<int> ran{0};
    Task<> task = spawn_task(pool_, [&, witness] { ++ran; });
    task.cancel();
    EXPECT_EQ(witness.use_count(), 1);
    EXPECT_EQ(task.status(), TaskStatus::Cancelled);
    task.cancel();
    EXPECT_THROW(task.get(), TaskWasCancelled);
    {
        Task<> dropped = spawn_task(pool_, [&, witness] { ++ran; });
    }
    EXPECT_EQ(witness.use_count(), 1);
    Task<> replaced = spawn_task(pool_, [&, witness] { ++ran; });
    replaced = spawn_task(pool_, [] {});
    EXPECT_EQ(witness.use_count(), 1);
    blocked.clear();
    replaced.get();
    EXPECT_EQ(ran, 0);
}

TEST_P(PoolTask, CancelAsksARunningOneToStop) {
    for (const bool by_token : {false, true}) {
        std::latch begun(1);
        Task<int> task = spawn_task(pool_, [&](CancelToken token) {
            EXPECT_FALSE(token.cancelled());
            begun.count_down();
            while (!(by_token ? token.cancelled() : task_cancelled())) std::this_thread::yield();
            return 1;
        });
        begun.wait();
        task.cancel();
        EXPECT_EQ(task.get(), 1);
    }
    EXPECT_FALSE(task_cancelled());
}

TEST_P(PoolTask, OneThatStopsBecauseItWasAskedIsCancelledAndNobodyIsTold) {
    std::latch begun(1);
    Task<> task = spawn_task(pool_,
                             [&] {
                                 begun.count_down();
                                 while (!task_cancelled()) std::this_thread::yield();
                                 throw TaskWasCancelled();
                             },
                             {.name = "stopped"});
    begun.wait();
    task.cancel();
    while (!task.done()) std::this_thread::yield();
    EXPECT_EQ(task.status(), TaskStatus::Cancelled);
    EXPECT_THROW(task.get(), TaskWasCancelled);
    EXPECT_EQ(told(), "");
}

TEST_P(PoolTask, OneThatStopsBecauseItWasDroppedIsNotTold) {
    std::atomic<int> failures{0};
    {
        WorkerPool pool(
            {.thread_count_override = 1, .on_panic = [&](const PanicInfo&) { ++failures; }});
        std::latch begun(1);
        const auto stop_when_asked = [&] {
            begun.count_down();
            while (!task_cancelled()) std::this_thread::yield();
            throw TaskWasCancelled();
        };
        {
            Task<> task = spawn_task(pool, stop_when_asked);
            begun.wait();
        }
        Task<> task = spawn_task(pool, [] { throw TaskWasCancelled(); });
        while (!task.done()) std::this_thread::yield();
    }
    EXPECT_EQ(failures, 0);
}

TEST_P(PoolTask, ATaskInsideATaskIsAskedByItsOwnCancel) {
    std::latch begun(1);
    Task<> outer = spawn_task(pool_, [&] {
        Task<bool> inner = spawn_task(pool_, [] { return task_cancelled(); });
        begun.count_down();
        while (!task_cancelled()) std::this_thread::yield();
        EXPECT_FALSE(inner.get());
        EXPECT_TRUE(task_cancelled());  // ours again
    });
    begun.wait();
    outer.cancel();
    outer.get();
}

TEST_P(PoolTask, ADroppedOneThatRunsEndsAlone) {
    std::latch begun(1);
    std::latch ended(1);
    {
        Task<> task = spawn_task(pool_, [&] {
            begun.count_down();
            while (!task_cancelled()) std::this_thread::yield();
            ended.count_down();
        });
        begun.wait();
    }
    ended.wait();
}

// ---- alone

TEST_P(PoolTask, ADetachedOneRunsAndItsErrorIsToldWithItsName) {
    std::latch ran(1);
    spawn_task(pool_, [&] { ran.count_down(); }).detach();
    ran.wait();
    spawn_task(pool_, [] { throw std::runtime_error("lost"); }, {.name = "save"}).detach();
    while (told().empty()) std::this_thread::yield();
    EXPECT_EQ(told(), "save: lost");
}

TEST_P(PoolTask, AnErrorThatWasThereBeforeItWasDetachedOrDroppedIsToldToo) {
    for (const bool detach : {false, true}) {
        {
            const std::lock_guard lock(mutex_);
            told_.clear();
        }
        Task<> task = spawn_task(pool_, [] { throw std::runtime_error("late"); }, {.name = "load"});
        while (!task.done()) std::this_thread::yield();
        EXPECT_EQ(told(), "");
        if (detach) task.detach();
        task = {};
        while (told().empty()) std::this_thread::yield();
        EXPECT_EQ(told(), "load: late");
    }
}

// ---- then

TEST_P(PoolTask, ThenGoesOnWithTheValue) {
    Task<std::string> chain = spawn_task(pool_, [] {
                                  return 20;
                              }).then([](int value) {
                                    return value + 1;
                                }).then([](int value) { return std::to_string(value); });
    EXPECT_EQ(chain.get(), "21");
    int seen = 0;
    Task<> side = spawn_task(pool_, [&] { seen = 1; }).then([&] { seen += 1; });
    while (!side.done()) std::this_thread::yield();  // without our help
    EXPECT_EQ(seen, 2);
}

TEST_P(PoolTask, ThenIsNotCalledAfterAnError) {
    std::atomic<int> called{0};
    Task<int> chain = spawn_task(pool_, []() -> int { throw std::runtime_error("first"); })
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

TEST_P(PoolTask, ThenAfterACancelIsCancelled) {
    std::vector<std::unique_ptr<Blocked>> blocked;
    for (int i = 0; i < GetParam(); ++i) blocked.push_back(std::make_unique<Blocked>(pool_));
    Task<int> first = spawn_task(pool_, [] { return 1; });
    first.cancel();
    Task<int> second = std::move(first).then([](int value) { return value; });
    blocked.clear();
    while (!second.done()) std::this_thread::yield();
    EXPECT_EQ(second.status(), TaskStatus::Cancelled);
    EXPECT_THROW(second.get(), TaskWasCancelled);
}

TEST_P(PoolTask, DroppingTheLastOfAChainDropsAllOfIt) {
    std::vector<std::unique_ptr<Blocked>> blocked;
    for (int i = 0; i < GetParam(); ++i) blocked.push_back(std::make_unique<Blocked>(pool_));
    const auto witness = std::make_shared<int>(0);
    std::atomic<int> ran{0};
    {
        Task<> chain = spawn_task(pool_, [&, witness] { ++ran; });
        for (int i = 0; i < 1'000; ++i) chain = std::move(chain).then([&, witness] { ++ran; });
        EXPECT_EQ(witness.use_count(), 1'002);
    }
    EXPECT_EQ(witness.use_count(), 1);
    blocked.clear();
    spawn_task(pool_, [] {}).get();
    EXPECT_EQ(ran, 0);
}

// With one worker, waiting on the end of a chain that has not begun: the waiter goes down to it.
TEST_P(PoolTask, AWorkerMayWaitForTheEndOfAChain) {
    Task<int> outer = spawn_task(pool_, [&] {
        Task<int> chain = spawn_task(pool_, [] { return 0; });
        for (int i = 0; i < 1'000; ++i)
            chain = std::move(chain).then([](int value) { return value + 1; });
        return chain.get();
    });
    while (!outer.done()) std::this_thread::yield();
    EXPECT_EQ(outer.get(), 1'000);
}

// ---- on_done

TEST_P(PoolTask, TheCallbackIsCalledOnceHoweverItEnds) {
    std::atomic<int> calls{0};
    Task<> ended = spawn_task(pool_, [] {});
    while (!ended.done()) std::this_thread::yield();
    ended.on_done([&] { ++calls; });
    EXPECT_EQ(calls, 1);

    Task<> runs = spawn_task(pool_, [] {});
    runs.on_done([&] { ++calls; });
    while (calls < 2) std::this_thread::yield();

    std::vector<std::unique_ptr<Blocked>> blocked;
    for (int i = 0; i < GetParam(); ++i) blocked.push_back(std::make_unique<Blocked>(pool_));
    Task<> queued = spawn_task(pool_, [] {});
    queued.on_done([&] { ++calls; });
    EXPECT_EQ(calls, 2);
    queued.cancel();
    EXPECT_EQ(calls, 3);
}

TEST_P(PoolTask, TheCallbackMayDropTheTask) {
    for (int round = 0; round < 200; ++round) {
        std::atomic<bool> dropped{false};
        auto task = std::make_unique<Task<int>>(spawn_task(pool_, [] { return 1; }));
        Task<int>& reference = *task;
        reference.on_done([&dropped, owned = std::move(task)]() mutable {
            owned.reset();
            dropped = true;
        });
        while (!dropped) std::this_thread::yield();
    }
}

INSTANTIATE_TEST_SUITE_P(Workers, PoolTask, testing::Values(1, 2, 4));

}  // namespace
}  // namespace nebula
