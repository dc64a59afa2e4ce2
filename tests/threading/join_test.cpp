// SPDX-License-Identifier: MIT
#include "nebula/threading/fork_context.hpp"
#include "nebula/threading/worker_pool.hpp"
#include "support.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <latch>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <type_traits>
#include <variant>
#include <vector>

namespace nebula {
namespace {

using std::chrono::milliseconds;
using test::HangGuard;

// 2^depth leaves.
std::uint64_t count_leaves(ForkContext fork, int depth) {
    if (depth == 0) return 1;
    const auto [a, b] = fork.join([depth](ForkContext f) { return count_leaves(f, depth - 1); },
                                  [depth](ForkContext f) { return count_leaves(f, depth - 1); });
    return a + b;
}

/// Runs f on a worker and waits for it.
template <class F>
void on_worker(WorkerPool& pool, F f) {
    std::latch done(1);
    pool.spawn([&] {
        f();
        done.count_down();
    });
    done.wait();
}

class Join : public testing::TestWithParam<int> {};  // the parameter: workers; 0 is inline
INSTANTIATE_TEST_SUITE_P(Workers, Join, testing::Values(0, 1, 2, 3, 8));

WorkerPoolConfig with_workers(int count) {
    if (count == 0) return {.run_inline = true};
    return {.thread_count_override = count};
}

TEST_P(Join, ReturnsWhatBothBranchesReturned) {
    WorkerPool pool(with_workers(GetParam()));
    const auto [text, number] = pool.join([] { return std::string("a"); }, [] { return 2; });
    EXPECT_EQ(text, "a");
    EXPECT_EQ(number, 2);
    const auto [nothing, three] = pool.join([] {}, [] { return std::make_unique<int>(3); });
    EXPECT_EQ(nothing, std::monostate());
    EXPECT_EQ(*three, 3);
    static_assert(std::is_void_v<decltype(pool.join([] {}, [] {}))>);
}

TEST_P(Join, VisitsEveryLeafOnceFromOutsideAndFromWorkersAtOnce) {
    const HangGuard guard("a join never came back");
    WorkerPool pool(with_workers(GetParam()));
    static constexpr int kDepth = test::kWithYields ? 10 : 16;
    std::vector<std::jthread> outside;
    std::atomic<std::uint64_t> leaves{0};
    for (int i = 0; i < 3; ++i)
        outside.emplace_back([&] {
            for (int round = 0; round < 5; ++round)
                leaves +=
                    pool.join([](ForkContext f) { return count_leaves(f, kDepth); }, [] {}).first;
        });
    pool.scope([&](Scope<>& s) {
        for (int i = 0; i < 3; ++i)
            s.spawn([&] {
                leaves +=
                    pool.join([](ForkContext f) { return count_leaves(f, kDepth); }, [] {}).first;
            });
    });
    outside.clear();
    EXPECT_EQ(leaves, (3 * 5 + 3) * (std::uint64_t{1} << kDepth));
}

TEST_P(Join, NestedWithoutItsContextFindsItselfAgain) {
    WorkerPool pool(with_workers(GetParam()));
    struct Sum {
        WorkerPool& pool;
        std::uint64_t operator()(std::uint64_t from, std::uint64_t to) const {
            if (to - from == 1) return from;
            const std::uint64_t middle = from + (to - from) / 2;
            const auto [a, b] = pool.join([&] { return (*this)(from, middle); },
                                          [&] { return (*this)(middle, to); });
            return a + b;
        }
    };
    EXPECT_EQ((Sum{pool}(0, 10'000)), 10'000U * 9'999U / 2);
}

// A context that was copied before other joins came and went knows an old depth.
TEST_P(Join, AContextMayBeUsedAgainAndAgain) {
    const HangGuard guard("a join never came back");
    WorkerPool pool(with_workers(GetParam()));
    std::uint64_t sum = 0;
    pool.join(
        [&](ForkContext fork) {
            const ForkContext copy = fork;
            for (int i = 0; i < 2'000; ++i) {
                ForkContext again = copy;
                const auto [a, b] = again.join([](ForkContext f) { return count_leaves(f, 3); },
                                               [](ForkContext f) { return count_leaves(f, 3); });
                sum += a + b;
            }
        },
        [] {});
    EXPECT_EQ(sum, 2'000U * 16);
}

TEST_P(Join, DeeperThanItsDequeIsStillRight) {
    WorkerPool pool(with_workers(GetParam()));
    struct Chain {
        std::uint64_t operator()(ForkContext fork, int left) const {
            if (left == 0) return 0;
            const auto [rest, one] =
                fork.join([this, left](ForkContext f) { return (*this)(f, left - 1); },
                          [] { return std::uint64_t{1}; });
            return rest + one;
        }
    };
    EXPECT_EQ(pool.join([](ForkContext f) { return Chain{}(f, 2'000); }, [] {}).first, 2'000U);
}

// Throws at leaf `bad` of a tree; every branch that was begun must have ended when it comes out.
struct ThrowingTree {
    std::atomic<int>& inside;
    int bad;

    void operator()(ForkContext fork, int depth, int leaf) const {
        struct Inside {
            explicit Inside(std::atomic<int>& c) : count(c) { ++count; }
            ~Inside() { --count; }
            std::atomic<int>& count;
        } const here{inside};
        if (depth == 0) {
            if (leaf == bad) throw std::runtime_error("leaf " + std::to_string(leaf));
            return;
        }
        fork.join([=, this](ForkContext f) { (*this)(f, depth - 1, 2 * leaf); },
                  [=, this](ForkContext f) { (*this)(f, depth - 1, 2 * leaf + 1); });
    }
};

TEST_P(Join, AnExceptionFromAnyBranchComesOutAfterAllThatBeganHasEnded) {
    const HangGuard guard("a join never came back");
    WorkerPool pool(with_workers(GetParam()));
    constexpr int kDepth = 5;
    for (int round = 0; round < (test::kWithYields ? 3 : 30); ++round) {
        for (int bad = 0; bad < (1 << kDepth); ++bad) {
            std::atomic<int> inside{0};
            const ThrowingTree tree{inside, bad};
            std::string what;
            try {
                pool.join([&](ForkContext f) { tree(f, kDepth, 0); }, [] {});
            } catch (const std::runtime_error& error) {
                what = error.what();
            }
            ASSERT_EQ(what, "leaf " + std::to_string(bad));
            ASSERT_EQ(inside, 0);
        }
    }
}

TEST_P(Join, WhenBothThrowTheFirstBranchIsHeard) {
    WorkerPool pool(with_workers(GetParam()));
    for (int round = 0; round < 200; ++round) {
        try {
            pool.join([]() -> int { throw std::runtime_error("a"); },
                      []() -> int { throw std::runtime_error("b"); });
            FAIL();
        } catch (const std::runtime_error& error) {
            ASSERT_STREQ(error.what(), "a");
        }
    }
}

TEST(JoinOnTwoWorkers, ABranchIsStolenHoweverLongTheOtherRuns) {
    const HangGuard guard("the second branch was never stolen");
    WorkerPool pool({.thread_count_override = 2});
    // From a worker of a quiet pool, ten joins deep: neither branch ends before the other began.
    on_worker(pool, [&] {
        struct Deep {
            void operator()(ForkContext fork, int depth) const {
                if (depth == 0) {
                    std::latch both(2);
                    fork.join([&] { both.arrive_and_wait(); }, [&] { both.arrive_and_wait(); });
                    return;
                }
                fork.join([depth, this](ForkContext f) { (*this)(f, depth - 1); }, [] {});
            }
        };
        pool.join([](ForkContext f) { Deep{}(f, 10); }, [] {});
    });
    // From a thread that is no worker, after the pool has gone to sleep.
    std::latch both(2);
    pool.join([&] { both.arrive_and_wait(); }, [&] { both.arrive_and_wait(); });
}

TEST(JoinOnTwoWorkers, AThiefsErrorReachesTheOwner) {
    const HangGuard guard("the second branch was never stolen");
    WorkerPool pool({.thread_count_override = 2});
    for (const bool first_throws_too : {false, true}) {
        std::latch both(2);
        try {
            pool.join(
                [&] {
                    both.arrive_and_wait();
                    if (first_throws_too) throw std::runtime_error("first");
                },
                [&] {
                    both.arrive_and_wait();
                    throw std::runtime_error("second");
                });
            FAIL();
        } catch (const std::runtime_error& error) {
            EXPECT_STREQ(error.what(), first_throws_too ? "first" : "second");
        }
    }
}

// A stolen result that nobody takes must be destroyed all the same.
TEST(JoinOnTwoWorkers, AStolenResultIsDestroyedWhenTheFirstBranchThrows) {
    const HangGuard guard("the second branch was never stolen");
    WorkerPool pool({.thread_count_override = 2});
    const auto alive = std::make_shared<int>(0);
    std::latch both(2);
    try {
        pool.join(
            [&]() -> int {
                both.arrive_and_wait();
                throw std::runtime_error("first");
            },
            [&] {
                both.arrive_and_wait();
                return alive;
            });
        FAIL();
    } catch (const std::runtime_error&) {
    }
    EXPECT_EQ(alive.use_count(), 1);
}

TEST(JoinOnTwoWorkers, AWaiterRunsNothingButItsOwnJoin) {
    const HangGuard guard("a join never came back");
    std::atomic<int> strangers{0};
    WorkerPool pool({.thread_count_override = 2});
    std::latch inside(2);
    std::latch gate(1);
    std::jthread opener;
    on_worker(pool, [&] {
        pool.join(
            [&] {
                inside.arrive_and_wait();
                // The thief holds the other branch, and this is what lies in the waiter's way.
                for (int i = 0; i < 10; ++i)
                    pool.spawn([&] { ++strangers; }, {.band = Band::Frame});
                opener = std::jthread([&] {
                    std::this_thread::sleep_for(milliseconds(20));
                    EXPECT_EQ(strangers, 0);
                    gate.count_down();
                });
            },
            [&] {
                inside.arrive_and_wait();
                gate.wait();
            });
    });
    opener.join();
}

// A seat has room for 256 branches, and one that was stolen keeps its place until its owner comes
// back to it, however far the thieves have come meanwhile.
TEST(JoinOnTwoWorkers, ABranchKeepsItsPlaceWhileMoreAreStolenThanThereArePlaces) {
    const HangGuard guard("a join never came back");
    WorkerPool pool({.thread_count_override = 1});
    struct Deep {
        std::uint64_t operator()(ForkContext fork, int level) const {
            if (level == 300) return 0;
            std::latch stolen(1);
            const auto [rest, one] = fork.join(
                [&, this](ForkContext f) {
                    // From there on this thread may have to run both.
                    if (level < 250) stolen.wait();
                    return (*this)(f, level + 1);
                },
                [&] {
                    stolen.count_down();
                    return std::uint64_t{1};
                });
            return rest + one;
        }
    };
    for (int round = 0; round < 2; ++round)
        EXPECT_EQ(pool.join([](ForkContext f) { return Deep{}(f, 0); }, [] {}).first, 300U);
}

// Each join of the loop uses up an index, and every 256th shares the place of the outer branch.
TEST(JoinOnTwoWorkers, AnyNumberOfJoinsUnderAStolenBranchAreRightAndStolenFrom) {
    const HangGuard guard("a join never came back, or its branch was never stolen");
    WorkerPool pool({.thread_count_override = 1});
    std::latch outer_stolen(1);
    int right = 0;
    const auto [nothing, seven] = pool.join(
        [&](ForkContext fork) {
            outer_stolen.wait();
            for (int i = 0; i < 1'000; ++i) {
                const auto [one, same] = fork.join([] { return 1; }, [i] { return i; });
                right += one == 1 && same == i ? 1 : 0;
                if (i % 250 != 0) continue;
                std::latch both(2);
                fork.join([&] { both.arrive_and_wait(); }, [&] { both.arrive_and_wait(); });
            }
        },
        [&] {
            outer_stolen.count_down();
            return 7;
        });
    EXPECT_EQ(right, 1'000);
    EXPECT_EQ(seven, 7);
}

// Each node a leaf of work and the rest: as a linked list, or a tree that was never balanced.
TEST_P(Join, ASkewedTreeIsSummedRight) {
    const HangGuard guard("a join never came back");
    WorkerPool pool(with_workers(GetParam()));
    struct Skewed {
        static std::uint64_t leaf() {
            test::spin_for(std::chrono::microseconds(20));
            return 1;
        }
        std::uint64_t operator()(ForkContext fork, int left) const {
            if (left == 0) return 0;
            const auto [rest, one] =
                fork.join([this, left](ForkContext f) { return leaf() + (*this)(f, left - 1); },
                          [] { return leaf(); });
            return rest + one;
        }
    };
    for (int round = 0; round < 3; ++round)
        EXPECT_EQ(pool.join([](ForkContext f) { return Skewed{}(f, 1'000); }, [] {}).first, 2'000U);
}

TEST(JoinAcrossPools, EachPoolKnowsItsOwnBranches) {
    const HangGuard guard("a join never came back");
    WorkerPool outer({.thread_count_override = 2, .name_prefix = "outer"});
    WorkerPool inner({.thread_count_override = 2, .name_prefix = "inner"});
    std::uint64_t leaves = 0;
    for (int round = 0; round < 50; ++round)
        leaves +=
            outer
                .join(
                    [&](ForkContext f) {
                        return count_leaves(f, 6) +
                               inner.join([](ForkContext g) { return count_leaves(g, 6); }, [] {})
                                   .first +
                               outer.join([](ForkContext g) { return count_leaves(g, 6); }, [] {})
                                   .first;
                    },
                    [] {})
                .first;
    EXPECT_EQ(leaves, 50U * 3 * 64);
}

// More threads than there are seats for: those go without help, and are right all the same.
TEST(JoinFromOutside, WorksForAnyNumberOfThreads) {
    const HangGuard guard("a join never came back");
    WorkerPool pool({.thread_count_override = 2});
    std::atomic<std::uint64_t> leaves{0};
    std::latch all_inside(20);
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 20; ++i)
            threads.emplace_back([&] {
                pool.join(
                    [&](ForkContext f) {
                        all_inside.arrive_and_wait();
                        leaves += count_leaves(f, 8);
                    },
                    [] {});
            });
    }
    EXPECT_EQ(leaves, 20U * 256);
}

TEST(JoinAtRest, LeavesNobodyAwake) {
    const HangGuard guard("workers go on waking up after the last join");
    WorkerPool pool({.thread_count_override = 2});
    (void)pool.join([](ForkContext f) { return count_leaves(f, 12); }, [] {});
    const auto wakes = [&] {
        std::uint64_t sum = 0;
        for (const WorkerCounters& worker : pool.counters()) sum += worker.wakes;
        return sum;
    };
    // The watcher notices within a millisecond that nobody is inside a join any more.
    std::uint64_t before = wakes();
    for (int quiet = 0; quiet < 3;) {
        std::this_thread::sleep_for(milliseconds(20));
        const std::uint64_t now = wakes();
        quiet = now == before ? quiet + 1 : 0;
        before = now;
    }
}

}  // namespace
}  // namespace nebula
