// SPDX-License-Identifier: MIT
#include "nebula/base/assert.hpp"

#include <gtest/gtest.h>

namespace nebula {
namespace {

#if !defined(NDEBUG)
TEST(AssertDeathTest, AFailureNamesTheReasonAndTheCondition) {
    EXPECT_DEATH(NEBULA_ASSERT(1 + 1 == 3, "sums must add up"), "sums must add up.*1 \\+ 1 == 3");
}

TEST(AssertDeathTest, AReplacedHandlerIsAskedInsteadOfStderr) {
    EXPECT_EXIT(
        {
            set_assert_handler(
                [](const char*, const char*, std::source_location) { std::exit(7); });
            NEBULA_ASSERT(false, "never printed");
        },
        testing::ExitedWithCode(7), "");
}
#endif

TEST(Assert, ATrueConditionIsEvaluatedAtMostOnce) {
    int evaluations = 0;
    NEBULA_ASSERT(++evaluations > 0, "counts");
    EXPECT_LE(evaluations, 1);
}

}  // namespace
}  // namespace nebula
