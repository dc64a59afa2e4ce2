// SPDX-License-Identifier: MIT
#include "nebula/threading/worker_pool.hpp"

#include "nebula/threading/par.hpp"

#include <gtest/gtest.h>
#include <atomic>

namespace nebula {
namespace {

TEST(WorkerPool, scoped_work_completes_within_scope) {
    WorkerPool pool({.thread_count_override = 2});
    for (int round = 0; round < 2000; ++round) {
        const auto squares = pool.scope([&](Scope<int>& s) {
            for (int i = 0; i < 100; ++i) s.spawn([i] { return i * i; });
        });
        ASSERT_EQ(squares.size(), 100U);
        for (int i = 0; i < 100; ++i) ASSERT_EQ(squares[static_cast<std::size_t>(i)], i * i);
    }
    std::atomic<int> ran{0};
    for (int i = 0; i < 10000; ++i) pool.spawn([&] { ++ran; });
    par_for(pool, 0, 1000, 7, [&](std::size_t) { ++ran; });
    int body = pool.scope([&](Scope<>& s) {
        s.spawn([&] { ++ran; });
        return 5;
    });
    EXPECT_EQ(body, 5);
    while (pool.queued() != 0) {
    }
}

}  // namespace
}  // namespace nebula
