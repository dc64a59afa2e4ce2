// SPDX-License-Identifier: MIT
// Tasks pinned to the thread that opened a group. They once ran when nothing else was left: a
// finished chunk waited 5.5 ms for its commit.
#include "nebula/threading/worker_pool.hpp"
#include "support.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <string>

namespace nebula {
namespace {

// Calls body(group) where spawns only queue, so that its owner runs all, in one order.
template <class Body>
void in_one_order(Body body) {
    WorkerPool pool({.run_inline = true});
    pool.spawn([&] {
        TaskGroup group(pool);
        body(group);
        group.wait();
    });
}

TEST(PinnedOrder, TheyRunFirstAndInOrder) {
    std::string order;
    in_one_order([&](TaskGroup& group) {
        for (int i = 0; i < 3; ++i) group.spawn([&] { order += 'o'; });
        for (char c = '1'; c <= '3'; ++c) group.spawn_on_owner([&order, c] { order += c; });
    });
    EXPECT_EQ(order, "123ooo");
}

TEST(PinnedOrder, TheOwnerLeavesAChunkForThem) {
    std::string order;
    in_one_order([&](TaskGroup& group) {
        for (int i = 0; i < 40; ++i)
            group.spawn([&, i] {
                order += 'o';
                if (i % 10 == 4) group.spawn_on_owner([&] { order += '!'; });
            });
    });
    std::string expected;
    for (int i = 0; i < 40; ++i) expected += i % 10 == 4 ? "o!" : "o";
    EXPECT_EQ(order, expected);
}

TEST(PinnedOrder, ABatchIsLeftForThemToo) {
    std::string order;
    in_one_order([&](TaskGroup& group) {
        group.spawn_batch(6, [&](std::size_t i) {
            order += 'o';
            if (i == 1) group.spawn_on_owner([&] { order += '!'; });
        });
    });
    EXPECT_EQ(order, "oo!oooo");
}

// The owner looks for a while before it sleeps, and sleeps then: in both it comes at once.
TEST(PinnedOrder, OneThatComesWhileTheOwnerWaitsRunsBeforeTheTaskThatWaitsForIt) {
    WorkerPool pool({.thread_count_override = 1});
    for (int round = 0; round < 50; ++round) {
        std::atomic<bool> begun{false};
        std::atomic<bool> committed{false};
        pool.scope([&](Scope<>& s) {
            s.spawn([&] {
                begun = true;
                if (round % 2 != 0) test::spin_for(std::chrono::microseconds(200));
                s.spawn_on_main([&] { committed = true; });
                test::wait_until([&] { return committed.load(); });
            });
            test::wait_until([&] { return begun.load(); });  // on the worker, not here
        });
        EXPECT_TRUE(committed);
    }
}

}  // namespace
}  // namespace nebula
