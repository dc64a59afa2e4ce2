// SPDX-License-Identifier: MIT
#include "nebula/voxel/field/sample.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace nebula::voxel {
namespace {

TEST(Quantize, NeverGivesZeroAndKeepsTheSign) {
    for (int i = -20'000; i <= 20'000; ++i) {
        const float d = static_cast<float>(i) / 4096.0F;
        const Sample s = quantize(d);
        ASSERT_NE(s, 0) << d;
        ASSERT_EQ(is_inside(s), d < 0.0F) << d;
    }
    EXPECT_EQ(quantize(0.0F), 1);
    EXPECT_EQ(quantize(-0.0F), 1);
    EXPECT_EQ(quantize(-1e-30F), -1);
}

TEST(Quantize, RoundTripsEveryStoredValue) {
    for (int s = int{kSampleMin}; s <= kSampleMax; ++s) {
        if (s == 0) continue;
        EXPECT_EQ(quantize(to_distance(static_cast<Sample>(s))), static_cast<Sample>(s));
    }
}

TEST(Quantize, ClampsSymmetricallyAndTakesNanForAir) {
    constexpr float infinity = std::numeric_limits<float>::infinity();
    EXPECT_EQ(quantize(100.0F), kSampleMax);
    EXPECT_EQ(quantize(infinity), kSampleMax);
    EXPECT_EQ(quantize(-100.0F), kSampleMin);
    EXPECT_EQ(quantize(-infinity), kSampleMin);
    EXPECT_EQ(quantize(std::numeric_limits<float>::quiet_NaN()), kSampleMax);
}

TEST(ToCoarserLevel, NeverGivesZeroAndKeepsTheSign) {
    for (int s = int{kSampleMin}; s <= kSampleMax; ++s) {
        if (s == 0) continue;
        const Sample coarse = to_coarser_level(static_cast<Sample>(s));
        EXPECT_EQ(coarse < 0, s < 0);
        EXPECT_NE(coarse, 0);
        EXPECT_LE(std::abs(2 * int{coarse} - s), 1);
    }
}

}  // namespace
}  // namespace nebula::voxel
