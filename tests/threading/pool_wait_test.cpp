// SPDX-License-Identifier: MIT
// Pools that wait for each other. Each of these once hung: a worker that waited for another pool
// slept on its place, and its own pool had nobody left for what the other one waited for.
#include "nebula/threading/io_threads.hpp"
#include "nebula/threading/job.hpp"
#include "nebula/threading/ranked_results.hpp"
#include "nebula/threading/task_pools.hpp"
#include "nebula/threading/worker_pool.hpp"
#include "support.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

namespace nebula {
namespace {

struct OneWorker : WorkerPool {
    OneWorker() : WorkerPool({.thread_count_override = 1}) {}
};

class PoolsThatWaitForEachOther : public testing::Test {
protected:
    const test::HangGuard guard{"pools wait for each other", std::chrono::seconds(60)};
    OneWorker a;
    OneWorker b;
    OneWorker c;
};

TEST_F(PoolsThatWaitForEachOther, OnWorkerThereAndBack) {
    EXPECT_EQ(
        a.on_worker([&] { return b.on_worker([&] { return a.on_worker([] { return 7; }); }); }), 7);
}

TEST_F(PoolsThatWaitForEachOther, OnWorkerDeeperThanThereAreSpares) {
    const std::function<int(int)> go = [&](int depth) {
        if (depth == 0) return 0;
        WorkerPool& next = depth % 2 == 0 ? static_cast<WorkerPool&>(a) : b;
        return 1 + next.on_worker([&] { return go(depth - 1); });
    };
    EXPECT_EQ(go(40), 40);
}

TEST_F(PoolsThatWaitForEachOther, AChainOfThreePools) {
    EXPECT_EQ(a.on_worker([&] {
        return b.on_worker(
            [&] { return c.on_worker([&] { return a.on_worker([] { return 5; }); }); });
    }),
              5);
}

TEST_F(PoolsThatWaitForEachOther, ABroadcastBackReachesTheWorkerThatWaits) {
    std::atomic<int> calls{0};
    a.on_worker([&] { b.on_worker([&] { a.broadcast([&](int) { ++calls; }); }); });
    EXPECT_EQ(calls, 1);
    a.on_worker([&] { b.broadcast([&](int) { a.broadcast([&](int) { ++calls; }); }); });
    EXPECT_EQ(calls, 2);
}

TEST_F(PoolsThatWaitForEachOther, ABroadcastReachesAWorkerThatWaitsForItsOwnPool) {
    WorkerPool two({.thread_count_override = 2});
    std::atomic<int> calls{0};
    two.on_worker([&] {
        two.scope([&](Scope<>& s) {
            s.spawn([&] { b.on_worker([&] { two.broadcast([&](int) { ++calls; }); }); });
            s.spawn([&] { test::wait_until([&] { return calls == 2 || calls == 1; }); });
        });
    });
    EXPECT_EQ(calls, 2);
}

TEST_F(PoolsThatWaitForEachOther, ScopesGroupsAndJoins) {
    std::atomic<int> calls{0};
    const auto back = [&] { a.on_worker([&] { ++calls; }); };
    a.on_worker([&] { b.scope([&](Scope<>& s) { s.spawn(back); }); });
    a.on_worker([&] {
        TaskGroup group(b);
        group.spawn(back);
        group.spawn_batch(3, [&](std::size_t) { back(); });
        group.wait();
    });
    a.on_worker([&] { b.join(back, back); });
    a.on_worker([&] { b.scope_on_worker([&](Scope<>& s) { s.spawn(back); }); });
    EXPECT_EQ(calls, 1 + 4 + 2 + 1);
}

TEST_F(PoolsThatWaitForEachOther, AJobOfAnotherPool) {
    EXPECT_EQ(a.on_worker([&] {
        std::atomic<bool> begun{false};
        Job<int> job = spawn_job(b, [&] {
            begun = true;
            return a.on_worker([] { return 9; });
        });
        test::wait_until([&] { return begun.load(); });
        return job.get();
    }),
              9);
}

// next() slept past the place where such waits sleep: it kept its worker, and no broadcast reached
// it.
TEST_F(PoolsThatWaitForEachOther, RankedResultsOfAnotherPool) {
    std::atomic<int> calls{0};
    EXPECT_EQ(a.on_worker([&] {
        RankedResults<int> results(b);
        std::atomic<bool> begun{false};
        results.spawn(0, [&] {
            begun = true;
            a.broadcast([&](int) { ++calls; });
            return a.on_worker([] { return 9; });
        });
        test::wait_until([&] { return begun.load(); });
        return results.next().value_or(0);
    }),
              9);
    EXPECT_EQ(calls, 1);
}

TEST_F(PoolsThatWaitForEachOther, IoThatWaitsForThePoolThatWaitsForIt) {
    WorkerPool pool({.thread_count_override = 1, .io_threads = 1});
    std::atomic<int> calls{0};
    pool.on_worker([&] {
        pool.io().scope([&](IoScope& s) {
            s.spawn([&] {
                pool.on_worker([&] {
                    pool.io().scope([&](IoScope& inner) { inner.spawn([&] { ++calls; }); });
                });
            });
        });
    });
    EXPECT_EQ(calls, 1);
}

TEST_F(PoolsThatWaitForEachOther, TheEndOfAPoolWhoseLastTaskComesBack) {
    std::atomic<int> calls{0};
    a.on_worker([&] {
        auto other = std::make_unique<OneWorker>();
        other->spawn([&] { a.on_worker([&] { ++calls; }); });
        other.reset();
    });
    EXPECT_EQ(calls, 1);
}

TEST_F(PoolsThatWaitForEachOther, OftenAndFromManySides) {
    std::vector<Job<void>> jobs;
    std::atomic<int> calls{0};
    for (int i = 0; i < 200; ++i) {
        jobs.push_back(spawn_job(a, [&] { b.on_worker([&] { a.on_worker([&] { ++calls; }); }); }));
        jobs.push_back(spawn_job(b, [&] { a.on_worker([&] { b.on_worker([&] { ++calls; }); }); }));
    }
    for (Job<void>& job : jobs) job.get();
    EXPECT_EQ(calls, 400);
}

}  // namespace
}  // namespace nebula
