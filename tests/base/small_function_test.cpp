// SPDX-License-Identifier: MIT
#include "nebula/base/small_function.hpp"

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <utility>

namespace nebula {
namespace {

using Function = SmallFunction<int(int), 16>;

TEST(SmallFunction, AnEmptyOneIsFalse) {
    Function f;
    EXPECT_FALSE(f);
}

TEST(SmallFunction, CallsWhatItHolds) {
    Function f = [](int x) { return x + 1; };
    EXPECT_EQ(f(41), 42);
}

TEST(SmallFunction, AVoidOneTakesClosuresThatReturnSomething) {
    int calls = 0;
    SmallFunction<void(), 16> small = [&calls] { return ++calls; };
    small();
    SmallFunction<void(), 16> large = [&calls, ballast = std::array<char, 64>{}] {
        return ++calls + ballast[0];
    };
    large();
    EXPECT_EQ(calls, 2);
}

TEST(SmallFunction, HoldsMoveOnlyClosuresInPlace) {
    auto closure = [p = std::make_unique<int>(5)](int x) { return *p + x; };
    static_assert(Function::kFitsInline<decltype(closure)>);
    Function f = std::move(closure);
    EXPECT_EQ(f(1), 6);
}

TEST(SmallFunction, ALargeClosureGoesToTheHeapAndWorksTheSame) {
    std::array<int, 64> big{};
    big[63] = 9;
    auto closure = [big](int x) { return big[63] + x; };
    static_assert(!Function::kFitsInline<decltype(closure)>);
    Function f = closure;
    Function g = std::move(f);
    EXPECT_EQ(g(1), 10);
}

TEST(SmallFunction, DestroysItsClosureExactlyOnceThroughMoves) {
    const auto witness = std::make_shared<int>(0);
    {
        Function f = [witness](int x) { return x; };
        Function g = std::move(f);
        f = std::move(g);
        EXPECT_EQ(witness.use_count(), 2);
        EXPECT_FALSE(g);  // NOLINT(bugprone-use-after-move): a moved-from function is empty
    }
    EXPECT_EQ(witness.use_count(), 1);
}

TEST(SmallFunction, MayBeMovedOntoItself) {
    Function f = [](int x) { return x; };
    Function& alias = f;
    f = std::move(alias);
    EXPECT_EQ(f(3), 3);
}

}  // namespace
}  // namespace nebula
