// SPDX-License-Identifier: MIT
// What a pool has allocated once, it uses again.
#include "counting_allocator.hpp"
#include "nebula/threading/worker_pool.hpp"
#include "support.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace nebula {
namespace {

class SteadyState : public testing::TestWithParam<int> {};  // the parameter: workers
INSTANTIATE_TEST_SUITE_P(Workers, SteadyState, testing::Values(1, 2, 3));

/// What one more round allocates, once rounds of it have been run often enough for every worker to
/// have had its part in one.
template <class Round>
std::uint64_t allocations_of(Round&& round) {
    std::uint64_t quiet = 0;
    std::uint64_t last = 0;
    for (int i = 0; i < 2'000 && quiet < 200; ++i) {
        const std::uint64_t before = test::allocations();
        round();
        last = test::allocations() - before;
        quiet = last == 0 ? quiet + 1 : 0;
    }
    return quiet >= 200 ? 0 : last;
}

TEST_P(SteadyState, AScopeOfAThousandTasksAllocatesNothing) {
    WorkerPool pool({.thread_count_override = GetParam()});
    std::atomic<std::uint64_t> ran{0};
    EXPECT_EQ(allocations_of([&] {
                  pool.scope([&](Scope<>& s) {
                      for (int i = 0; i < 1'000; ++i) s.spawn([&ran] { ran.fetch_add(1); });
                  });
              }),
              0U);
}

TEST_P(SteadyState, ABatchAndTasksThatSpawnAllocateNothing) {
    WorkerPool pool({.thread_count_override = GetParam()});
    std::atomic<std::uint64_t> ran{0};
    EXPECT_EQ(allocations_of([&] {
                  pool.scope([&](Scope<>& s) {
                      s.spawn_batch(100, [&ran](std::size_t) { ran.fetch_add(1); });
                      for (int i = 0; i < 20; ++i)
                          s.spawn([&s, &ran] { s.spawn([&ran] { ran.fetch_add(1); }); });
                  });
              }),
              0U);
}

TEST_P(SteadyState, ADetachedTaskAllocatesNothing) {
    WorkerPool pool({.thread_count_override = GetParam()});
    std::atomic<std::uint32_t> ran{0};
    std::uint32_t spawned = 0;
    EXPECT_EQ(allocations_of([&] {
                  for (int i = 0; i < 100; ++i) {
                      pool.spawn([&ran] {
                          ran.fetch_add(1);
                          ran.notify_one();
                      });
                      ++spawned;
                  }
                  for (std::uint32_t seen = 0; (seen = ran.load()) < spawned;) ran.wait(seen);
              }),
              0U);
}

std::uint64_t count_leaves(ForkContext fork, int depth) {
    if (depth == 0) return 1;
    const auto [a, b] = fork.join([depth](ForkContext f) { return count_leaves(f, depth - 1); },
                                  [depth](ForkContext f) { return count_leaves(f, depth - 1); });
    return a + b;
}

TEST_P(SteadyState, AJoinAllocatesNothing) {
    WorkerPool pool({.thread_count_override = GetParam()});
    EXPECT_EQ(allocations_of([&] {
                  (void)pool.join([](ForkContext f) { return count_leaves(f, 10); }, [] {});
              }),
              0U);
}

// A thread that opens one group after the other while everybody else is busy leaves a ticket each
// time; they must not pile up, nor keep the groups they name.
TEST(BusyPool, GroupsThatNobodyHelpsAllocateNothing) {
    WorkerPool pool({.thread_count_override = 1});
    const test::Blocked blocked(pool);
    std::uint64_t ran = 0;
    EXPECT_EQ(allocations_of([&] {
                  pool.scope([&](Scope<>& s) {
                      for (int i = 0; i < 10; ++i) s.spawn([&ran] { ++ran; });
                  });
              }),
              0U);
}

}  // namespace
}  // namespace nebula
