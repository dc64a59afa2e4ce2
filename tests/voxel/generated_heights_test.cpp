// SPDX-License-Identifier: MIT
#include "nebula/voxel/gen/generated_heights.hpp"
#include "nebula/voxel/gen/noise_generator.hpp"
#include "nebula/voxel/gen/shape_generators.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace nebula::voxel {
namespace {

constexpr float kNone = -std::numeric_limits<float>::infinity();

// In blocks of 32 columns, and a rest.
TEST(GeneratedHeights, AreThoseOfTheHills) {
    NoiseSettings settings;
    settings.base_height = 900.0F;
    settings.octaves = 2;
    const NoiseGenerator hills(settings);
    for (const Level level : {0, 3}) {
        const Columns columns{-40, 17, 70, 33, level};
        const std::vector<float> heights = generated_heights(hills, columns);
        ASSERT_EQ(heights.size(), 70U * 33U);
        std::size_t i = 0;
        for (std::int32_t z = 0; z < columns.depth; ++z)
            for (std::int32_t x = 0; x < columns.width; ++x, ++i)
                ASSERT_NEAR(heights[i],
                            hills.height((columns.x + x) << level, (columns.z + z) << level),
                            voxel_size(level) / 8.0F)
                    << x << ' ' << z << " on level " << level;
    }
}

TEST(GeneratedHeights, TheUppermostGroundCounts) {
    const auto two_floors = [](Vec3f p) {
        const float lower = p.y + 1000.5F;
        const float upper = std::abs(p.y - 1000.5F) - 3.0F;
        return p.x < 8.0F ? lower : std::fmin(lower, upper);
    };
    const FunctionGenerator floors(two_floors);
    const std::vector<float> heights = generated_heights(floors, {0, 0, 16, 1, 4});
    EXPECT_NEAR(heights[0], -1000.5F, 0.5F);
    const std::vector<float> fine = generated_heights(floors, {6, 0, 3, 1, 0});
    EXPECT_NEAR(fine[0], -1000.5F, 0.05F);
    EXPECT_NEAR(fine[2], 1003.5F, 0.05F);
}

TEST(GeneratedHeights, WhereThereIsNoGroundThereIsNoHeight) {
    const SphereGenerator ball({0, 0, 0}, 5.0F);
    const std::vector<float> heights = generated_heights(ball, {0, 0, 9, 1, 0});
    EXPECT_NEAR(heights[0], 5.0F, 0.05F);
    EXPECT_EQ(heights[8], kNone);
    EXPECT_EQ(generated_heights(FlatGenerator(1.0e6F), {0, 0, 1, 1, 0})[0], kNone);
}

}  // namespace
}  // namespace nebula::voxel
