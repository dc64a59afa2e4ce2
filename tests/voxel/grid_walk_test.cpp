// SPDX-License-Identifier: MIT
#include "nebula/voxel/query/detail/grid_walk.hpp"

#include "world_samples.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace nebula::voxel::detail {
namespace {

// The progress argument of the README, step by step, from borders and in every direction.
TEST(GridWalk, EveryStepLeavesACellAndTheDistanceNeverDecreases) {
    Dice dice(6);
    constexpr double kTiny = std::numeric_limits<float>::denorm_min();
    const double components[] = {-1.0, -0.5, -0.37, -kTiny, -0.0, 0.0, kTiny, 0.81, 1.0};
    for (int i = 0; i < 20'000; ++i) {
        const double base = dice.whole(0, 3) == 0 ? 15'999'984.0 : 0.0;
        const auto coordinate = [&] { return base + dice.whole(-4, 4) * 8.0; };
        const Vec3d from{coordinate(), coordinate(), -coordinate()};
        const auto part = [&] {
            return dice.whole(0, 2) == 0 ? static_cast<double>(dice.real(-1, 1))
                                         : components[dice.whole(0, 8)];
        };
        Vec3d d{part(), part(), part()};
        const double length = std::sqrt(d.x * d.x + d.y * d.y + d.z * d.z);
        if (length == 0.0) continue;
        d = {d.x / length, d.y / length, d.z / length};
        GridWalk walk(from, d);
        const auto sign = [](double v) { return v > 0 ? 1 : v < 0 ? -1 : 0; };
        for (int step = 0; step < 60; ++step) {
            const Vec3i before = walk.cell();
            const double entered = walk.entered();
            const Vec3i brick = floor_div(before, 16) * 16;
            if (dice.whole(0, 1) == 0)
                walk.leave({brick, brick + Vec3i{16, 16, 16}});
            else
                walk.advance();
            ASSERT_GE(walk.entered(), entered) << "ray " << i;
            const Vec3i moved = walk.cell() - before;
            ASSERT_TRUE(moved.x * sign(d.x) >= 0 && moved.y * sign(d.y) >= 0 &&
                        moved.z * sign(d.z) >= 0)
                << "ray " << i << " came back";
            ASSERT_NE(moved, Vec3i{}) << "ray " << i << " stays";
        }
    }
}

}  // namespace
}  // namespace nebula::voxel::detail
