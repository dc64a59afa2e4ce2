// SPDX-License-Identifier: MIT
#include "nebula/voxel/space/vec.hpp"

#include <gtest/gtest.h>

namespace nebula::voxel {
namespace {

TEST(FloorDiv, RoundsTowardsMinusInfinityAndItsRemainderIsNeverNegative) {
    for (int a = -100; a <= 100; ++a) {
        for (const int b : {1, 2, 16, 32}) {
            const int q = floor_div(a, b);
            const int r = floor_mod(a, b);
            EXPECT_EQ(q * b + r, a);
            EXPECT_GE(r, 0);
            EXPECT_LT(r, b);
        }
    }
    EXPECT_EQ(floor_div(-1, 32), -1);
    EXPECT_EQ(floor_mod(-1, 32), 31);
}

TEST(Box3i, ContainsItsLowestCornerAndNotItsHighest) {
    const Box3i box{{-1, 0, 2}, {1, 2, 4}};
    EXPECT_TRUE(box.contains({-1, 0, 2}));
    EXPECT_TRUE(box.contains({0, 1, 3}));
    EXPECT_FALSE(box.contains({1, 1, 3}));
    EXPECT_FALSE(box.empty());
    EXPECT_TRUE(intersection(box, {{1, 0, 2}, {5, 5, 5}}).empty());
}

}  // namespace
}  // namespace nebula::voxel
