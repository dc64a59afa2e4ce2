// SPDX-License-Identifier: MIT
// Bands, the reserve, and a main thread that helps.
#include "nebula/threading/worker_pool.hpp"
#include "support.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <latch>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace nebula {
namespace {

using test::HangGuard;

TEST(Reserve, OneOfThreeWorkersIsThereForUrgentWorkWhateverTheBackground) {
    const HangGuard guard("no worker was left for a Frame task");
    std::latch gate(1);
    std::latch urgent(1);
    std::atomic<int> running{0};  // before the pool, which runs what is left at its end
    WorkerPool pool({.thread_count_override = 3});
    for (int i = 0; i < 10; ++i)
        pool.spawn(
            [&] {
                ++running;
                gate.wait();
            },
            {.band = Band::Background});
    while (running < 2) std::this_thread::yield();
    pool.spawn([&] { urgent.count_down(); }, {.band = Band::Frame});
    urgent.wait();
    EXPECT_EQ(running, 2);
    gate.count_down();
}

TEST(Reserve, WithoutOneTheBackgroundMayHaveThemAll) {
    const HangGuard guard("a worker was kept from Background work");
    std::latch all(3);
    WorkerPool pool({.thread_count_override = 3, .background_reserve = 0});
    for (int i = 0; i < 3; ++i)
        pool.spawn([&] { all.arrive_and_wait(); }, {.band = Band::Background});
    all.wait();
}

TEST(Reserve, NoBackgroundTaskIsForgottenWhenPlacesComeAndGo) {
    const HangGuard guard("a Background task was never run");
    static constexpr int kRounds = test::kWithYields ? 500 : 5'000;
    std::atomic<int> ran{0};
    WorkerPool pool({.thread_count_override = 3, .background_reserve = 2});
    for (int round = 1; round <= kRounds; ++round) {
        pool.spawn([&] { ran += 1; }, {.band = Band::Background});
        pool.spawn([&] { ran += 1; }, {.band = Band::Frame});
        pool.spawn([&] { ran += 1; }, {.band = Band::Background});
        while (ran < 3 * round) std::this_thread::yield();
    }
}

TEST(ShouldYield, IsTrueWhileSomethingMoreUrgentWaits) {
    const HangGuard guard("should_yield() never changed");
    WorkerPool pool({.thread_count_override = 1});
    EXPECT_FALSE(WorkerPool::should_yield());
    std::latch began(1);
    std::latch spawned(1);
    std::latch done(1);
    pool.spawn(
        [&] {
            EXPECT_FALSE(WorkerPool::should_yield());
            began.count_down();
            spawned.wait();
            EXPECT_TRUE(WorkerPool::should_yield());
            done.count_down();
        },
        {.band = Band::Background});
    began.wait();
    pool.spawn([] {}, {.band = Band::Background});
    pool.spawn([] {}, {.band = Band::Frame});
    spawned.count_down();
    done.wait();
}

TEST(Tick, TheMainThreadRunsOneTaskAtATimeMostUrgentFirst) {
    WorkerPool pool({.thread_count_override = 1});
    test::Blocked blocked(pool);
    std::vector<std::string> order;
    pool.spawn([&] { order.emplace_back("background"); }, {.band = Band::Background});
    pool.spawn([&] { order.emplace_back("normal"); });
    pool.spawn([&] { order.emplace_back("frame"); }, {.band = Band::Frame});
    EXPECT_TRUE(pool.try_tick(Band::Frame));
    EXPECT_FALSE(pool.try_tick(Band::Frame));
    EXPECT_TRUE(pool.try_tick());
    EXPECT_EQ(pool.run_until(Clock::now() - std::chrono::seconds(1)), 0U);
    EXPECT_EQ(pool.run_until(Clock::time_point::max()), 1U);
    EXPECT_FALSE(pool.try_tick());
    EXPECT_EQ(order, (std::vector<std::string>{"frame", "normal", "background"}));
}

TEST(Tick, AGroupsTasksAreHelpedOneByOne) {
    WorkerPool pool({.thread_count_override = 1});
    test::Blocked blocked(pool);
    int ran = 0;
    TaskGroup group(pool);
    for (int i = 0; i < 3; ++i) group.spawn([&ran] { ++ran; });
    EXPECT_TRUE(pool.try_tick());
    EXPECT_EQ(ran, 1);
    EXPECT_EQ(pool.run_until(Clock::time_point::max()), 2U);
    EXPECT_TRUE(group.done());
    EXPECT_EQ(ran, 3);
}

TEST(Broadcast, CallsOnceOnEachWorkerWhatEverTheyDo) {
    const HangGuard guard("a broadcast never came back");
    WorkerPool pool({.thread_count_override = 4});
    for (int round = 0; round < 200; ++round) {
        std::vector<int> calls(4);
        pool.broadcast([&](int worker) {
            EXPECT_EQ(WorkerPool::current_worker_index(), worker);
            ++calls[static_cast<std::size_t>(worker)];
        });
        ASSERT_EQ(calls, (std::vector<int>{1, 1, 1, 1}));
    }
    EXPECT_THROW(pool.broadcast([](int worker) {
        if (worker == 2) throw std::runtime_error("two");
    }),
                 std::runtime_error);
}

TEST(InlinePool, RunsWhatIsSpawnedBeforeSpawnReturnsHoweverDeep) {
    std::string message;
    WorkerPool pool(
        {.run_inline = true, .on_panic = [&](const PanicInfo& panic) { message = panic.message; }});
    EXPECT_EQ(pool.thread_count(), 0);
    EXPECT_EQ(pool.utilization_average(), 0);
    std::vector<int> order;
    pool.spawn([&] {
        order.push_back(1);
        pool.spawn([&] { order.push_back(3); });
        order.push_back(2);
    });
    EXPECT_EQ(order, (std::vector<int>{1, 2, 3}));
    pool.spawn([] { throw std::runtime_error("inline"); });
    EXPECT_EQ(message, "inline");
    // A chain that would overflow the stack if each ran inside the other.
    struct Chain {
        WorkerPool& pool;
        int& left;
        void operator()() const {
            if (--left > 0) pool.spawn(Chain{pool, left});
        }
    };
    int left = test::kWithYields ? 100'000 : 1'000'000;
    pool.spawn(Chain{pool, left});
    EXPECT_EQ(left, 0);
    const std::vector<int> results = pool.scope([](Scope<int>& s) {
        for (int i = 0; i < 5; ++i) s.spawn([i] { return i; });
    });
    EXPECT_EQ(results, (std::vector<int>{0, 1, 2, 3, 4}));
    pool.broadcast([](int) { FAIL(); });
}

// A task of a group waited there until somebody waited for it, however often done() was asked.
TEST(InlinePool, RunsWhatAGroupSpawnsBeforeSpawnReturnsHoweverDeep) {
    WorkerPool pool({.run_inline = true});
    std::string order;
    TaskGroup group(pool);
    group.spawn([&] {
        order += 'a';
        group.spawn([&] {
            order += 'e';
            pool.spawn([&] { order += 'g'; });
            order += 'f';
        });
        order += 'b';
        pool.spawn([&] { order += 'd'; });
        order += 'c';
    });
    EXPECT_EQ(order, "abcdefg");
    EXPECT_TRUE(group.done());
    std::thread([&] { group.spawn([&] { order += 'h'; }); }).join();
    EXPECT_TRUE(group.done()) << "spawned on another thread";
    group.spawn_batch(3, [&](std::size_t i) { order += static_cast<char>('i' + i); });
    EXPECT_EQ(order, "abcdefghijk");
    EXPECT_TRUE(group.done());
    // Only the owner's wait runs these; what they spawn runs before the wait goes on.
    group.spawn_on_owner([&] {
        pool.spawn([&] { order += 'n'; });
        group.spawn([&] { order += 'm'; });  // more urgent
        order += 'l';
    });
    EXPECT_FALSE(group.done());
    group.wait();
    EXPECT_EQ(order, "abcdefghijklmn");
    pool.scope([&](Scope<>& s) {
        s.spawn([&] { order += 'o'; });
        EXPECT_EQ(order.back(), 'o');
    });
    // Chains that would overflow the stack if each task ran inside the other.
    struct Chain {
        WorkerPool& pool;
        TaskGroup& group;
        int& left;
        void operator()() const {
            if (--left <= 0) return;
            if (left % 3 == 0)
                group.spawn(Chain(*this));
            else if (left % 3 == 1)
                group.spawn_batch(1, [next = Chain(*this)](std::size_t) { next(); });
            else
                pool.spawn(Chain(*this));
        }
    };
    int left = test::kWithYields ? 50'000 : 300'000;
    group.spawn(Chain{pool, group, left});
    EXPECT_EQ(left, 0);
    left = test::kWithYields ? 50'000 : 300'000;
    group.spawn_on_owner(Chain{pool, group, left});
    group.wait();
    EXPECT_EQ(left, 0);
}

// Two pools without workers: each has its own turn, though one works inside of the other.
TEST(InlinePool, RunsWhatATaskOfAnotherInlinePoolSpawns) {
    std::string order;
    WorkerPool outer({.run_inline = true});
    WorkerPool inner({.run_inline = true});
    outer.spawn([&] {
        order += 'a';
        inner.spawn([&] {
            order += 'b';
            outer.spawn([&] { order += 'd'; });
        });
        order += 'c';
    });
    EXPECT_EQ(order, "abcd");
}

TEST(Reserve, OneWorkerDoesTheBackgroundWhateverIsReserved) {
    const HangGuard guard("a background task was never run");
    for (const int reserve : {1, 2, 1000}) {
        std::latch done(1);
        WorkerPool pool({.thread_count_override = 1, .background_reserve = reserve});
        pool.spawn([&] { done.count_down(); }, {.band = Band::Background});
        done.wait();
    }
}

// A group's tasks have the group's band, whatever the task has that waits for them.
TEST(ShouldYield, ComparesWithTheGroupWhoseTaskRuns) {
    const HangGuard guard("a scope never ended");
    WorkerPool pool({.thread_count_override = 1});
    std::latch done(1);
    pool.spawn(
        [&] {
            pool.scope(
                [&](Scope<>& s) {
                    s.spawn([&] {
                        EXPECT_FALSE(WorkerPool::should_yield());
                        pool.spawn([] {});
                        EXPECT_TRUE(WorkerPool::should_yield());
                        pool.scope([](Scope<>& inner) {
                            inner.spawn([] { EXPECT_FALSE(WorkerPool::should_yield()); });
                        });
                        EXPECT_TRUE(WorkerPool::should_yield());
                    });
                },
                {.band = Band::Background});
            EXPECT_FALSE(WorkerPool::should_yield());
            done.count_down();
        },
        {.band = Band::Frame});
    done.wait();
}

TEST(SpawnOrder, AWorkersOwnTasksRunYoungestFirstOrAsTheyWereSpawned) {
    const HangGuard guard("a task was never run");
    std::string order;
    std::latch done(8);
    WorkerPool pool({.thread_count_override = 1});
    pool.spawn([&] {
        for (const char name : {'a', 'b', 'c', 'd'})
            pool.spawn(
                [&, name] {
                    order += name;
                    done.count_down();
                },
                {.order = Order::OldestFirst});
        for (const char name : {'1', '2', '3', '4'})
            pool.spawn([&, name] {
                order += name;
                done.count_down();
            });
    });
    done.wait();
    EXPECT_EQ(order, "4321abcd");
}

class DetachedBatch : public testing::TestWithParam<int> {};  // the parameter: workers; 0 is inline
INSTANTIATE_TEST_SUITE_P(Workers, DetachedBatch, testing::Values(0, 1, 2, 8));

TEST_P(DetachedBatch, CallsEveryIndexOnceAndDestroysEveryCopy) {
    const auto alive = std::make_shared<int>(0);
    std::vector<std::atomic<int>> calls(1'000);
    {
        WorkerPool pool(GetParam() == 0 ? WorkerPoolConfig{.run_inline = true}
                                        : WorkerPoolConfig{.thread_count_override = GetParam()});
        pool.spawn_batch(0, [](std::size_t) { ADD_FAILURE(); });
        pool.spawn_batch(calls.size(), [&calls, alive](std::size_t i) { ++calls[i]; });
    }
    for (const std::atomic<int>& count : calls) ASSERT_EQ(count, 1);
    EXPECT_EQ(alive.use_count(), 1);
}

TEST_P(DetachedBatch, OneThatCannotBeCopiedToTheEndQueuesNothing) {
    struct ThrowsAtItsThirdCopy {
        explicit ThrowsAtItsThirdCopy(std::atomic<int>& counted) : calls(&counted) {}
        ThrowsAtItsThirdCopy(const ThrowsAtItsThirdCopy& other)
            : calls(other.calls), copies(other.copies) {
            if (++*copies == 3) throw std::runtime_error("third");
        }
        ThrowsAtItsThirdCopy(ThrowsAtItsThirdCopy&&) noexcept = default;
        void operator()(std::size_t) const { ++*calls; }
        std::atomic<int>* calls;
        std::shared_ptr<int> copies = std::make_shared<int>(0);
    };
    std::atomic<int> calls{0};
    {
        WorkerPool pool(GetParam() == 0 ? WorkerPoolConfig{.run_inline = true}
                                        : WorkerPoolConfig{.thread_count_override = GetParam()});
        EXPECT_THROW(pool.spawn_batch(10, ThrowsAtItsThirdCopy(calls)), std::runtime_error);
    }
    EXPECT_EQ(calls, 0);
}

TEST(OnWorker, CallsOnAWorkerAndBringsBackWhatCameOfIt) {
    const HangGuard guard("a call on a worker never came back");
    WorkerPool pool({.thread_count_override = 2});
    EXPECT_EQ(WorkerPool::current_worker_index(), -1);
    EXPECT_GE(pool.on_worker([] { return WorkerPool::current_worker_index(); }), 0);
    EXPECT_THROW(pool.on_worker([] { throw std::runtime_error("there"); }), std::runtime_error);
    // On a worker: right there.
    const auto [outer, inner] = pool.on_worker([&] {
        return std::pair(WorkerPool::current_worker_index(),
                         pool.on_worker([] { return WorkerPool::current_worker_index(); }));
    });
    EXPECT_EQ(outer, inner);
    const std::vector<int> where = pool.scope_on_worker([](Scope<int>& s) {
        const int body = WorkerPool::current_worker_index();
        s.spawn([body] { return body; });
        s.spawn_on_main([] { return WorkerPool::current_worker_index(); });
    });
    EXPECT_GE(where[0], 0);
    EXPECT_EQ(where[0], where[1]);
    WorkerPool none({.run_inline = true});
    EXPECT_EQ(none.on_worker([] { return 3; }), 3);
}

}  // namespace
}  // namespace nebula
