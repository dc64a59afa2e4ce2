// SPDX-License-Identifier: MIT
// Code built with -fno-exceptions (godot-cpp's default) uses the library, which has them.
#include "no_exceptions.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace nebula::test {
namespace {

TEST(NoExceptions, SpawnScopeJoinAndLoopsWorkFromCodeWithoutExceptions) {
    ASSERT_TRUE(built_without_exceptions());
    WorkerPool pool({.thread_count_override = 2});
    EXPECT_EQ(spawned_sum(pool, 1000), 500'500);
    EXPECT_EQ(scope_sum(pool, 1000), 500'500);
    EXPECT_EQ(join_fib(pool, 20), 6765);
    EXPECT_EQ(par_for_sum(pool, 1000), 500'500);
    EXPECT_EQ(channel_sum(pool, 1000), 500'500);
}

TEST(NoExceptions, WhatATaskThrowsPassesThroughCodeWithoutExceptions) {
    WorkerPool pool({.thread_count_override = 2});
    EXPECT_THROW(run_in_scope(pool, [] { throw std::runtime_error("theirs"); }),
                 std::runtime_error);
    EXPECT_EQ(scope_sum(pool, 10), 55);
}

}  // namespace
}  // namespace nebula::test
