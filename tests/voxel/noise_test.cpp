// SPDX-License-Identifier: MIT
// NoiseGenerator's vector code against the plain evaluation in noise_oracle.hpp.
#include "nebula/voxel/space/voxel_error.hpp"
#include "noise_oracle.hpp"
#include "world_samples.hpp"

#include <gtest/gtest.h>
#include <hwy/targets.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <ostream>
#include <vector>

namespace nebula::voxel {
namespace {

using test::NoiseOracle;

void print(const NoiseSettings& s, std::ostream& out) {
    out << "seed " << s.seed << " base " << s.base_height << " amplitude " << s.amplitude
        << " period " << s.period << " octaves " << s.octaves << " lacunarity " << s.lacunarity
        << " gain " << s.gain << " warp " << s.warp << '/' << s.warp_period << " overhang "
        << s.overhang << '/' << s.overhang_period;
}

// Any settings that the generator takes, the ends of the ranges more often than chance would.
NoiseSettings random_settings(Dice& dice) {
    const auto value = [&](float low, float high, float usual) {
        switch (dice.whole(0, 9)) {
            case 0:
                return low;
            case 1:
                return high;
            case 2:
                return dice.real(low, high);
            default:
                return dice.real(low, std::min(high, usual));
        }
    };
    NoiseSettings s;
    s.seed = static_cast<std::uint64_t>(dice.whole(0, 0x7FFFFFFF)) << 33U ^
             static_cast<std::uint64_t>(dice.whole(0, 0x7FFFFFFF));
    if (dice.whole(0, 2) == 0) s.seed &= 0xFFFFFFFFU;
    s.base_height = value(-100000, 100000, 100);
    s.amplitude = value(0, 2000, 100);
    s.period = value(4, 100000, 300);
    s.octaves = dice.whole(1, 12);
    s.lacunarity = value(1, 4, 2.5F);
    s.gain = value(0, 1, 0.7F);
    s.warp_period = value(4, 100000, 300);
    s.overhang_period = value(4, 100000, 60);
    if (dice.whole(0, 1) == 0) s.warp = value(0, 1000, 60);
    if (dice.whole(0, 1) == 0) s.overhang = value(0, 200, 40);
    return s;
}

constexpr auto kEdge = static_cast<std::int32_t>(kWorldLimit);

// A column anywhere, at the edges of the world more often than chance would, for a box of that many
// points.
std::int32_t random_start(Dice& dice, Level level, std::int32_t points) {
    const std::int32_t last = (kEdge >> level) - points;
    switch (dice.whole(0, 4)) {
        case 0:
            return -(kEdge >> level);
        case 1:
            return last;
        case 2:
            return -points / 2;
        default:
            return dice.whole(-(kEdge >> level), last);
    }
}

// A box around the surface.
Region random_region(Dice& dice, const NoiseOracle& oracle, Vec3i size) {
    const Level level = dice.whole(0, 2) == 0 ? 0 : dice.whole(0, kLevels - 1);
    Vec3i min{random_start(dice, level, size.x), 0, random_start(dice, level, size.z)};
    const Vec3i at = to_level_0(min, level);
    const float height = oracle.height(at.x, at.z) / voxel_size(level);
    min.y = static_cast<std::int32_t>(std::floor(height)) - dice.whole(0, size.y);
    return {{min, min + size}, level};
}

struct RestoreTargets {
    ~RestoreTargets() { hwy::SetSupportedTargetsForTest(0); }
};

std::vector<std::int64_t> simd_targets() {
    hwy::SetSupportedTargetsForTest(0);
    std::vector<std::int64_t> targets{HWY_STATIC_TARGET};  // what a machine without any has
    for (std::int64_t left = hwy::SupportedTargets(); left != 0; left &= left - 1)
        if ((left & -left) != HWY_STATIC_TARGET) targets.push_back(left & -left);
    return targets;
}

TEST(NoiseKernel, EverySimdLevelWritesWhatThePlainEvaluationDoes) {
    const RestoreTargets restore;
    const std::vector<std::int64_t> targets = simd_targets();
    Dice dice(1);
    std::ptrdiff_t telling = 0;
    for (int round = 0; round < 150; ++round) {
        const NoiseSettings settings = random_settings(dice);
        const NoiseOracle oracle(settings);
        const NoiseGenerator generator(settings);
        // Now and then wider, higher or deeper than a tile.
        const auto edge = [&] { return dice.whole(0, 15) == 0 ? 70 : dice.whole(1, 20); };
        const Vec3i size{edge(), std::min(edge(), 12), std::min(edge(), 20)};
        const Region region = random_region(dice, oracle, size);
        // Rows and planes have a gap after them, which must stay as it was.
        constexpr Sample kUntouched = 0;
        const std::ptrdiff_t stride_y = size.x + 3;
        const std::ptrdiff_t stride_z = stride_y * size.y + 5;
        std::vector<Sample> expected(static_cast<std::size_t>(stride_z * size.z), kUntouched);
        for (std::int32_t z = 0; z < size.z; ++z)
            for (std::int32_t y = 0; y < size.y; ++y)
                for (std::int32_t x = 0; x < size.x; ++x)
                    expected[static_cast<std::size_t>(x + y * stride_y + z * stride_z)] =
                        oracle.sample(region.box.min + Vec3i{x, y, z}, region.level);
        telling +=
            std::ranges::count_if(expected, [](Sample s) { return std::abs(s) < kSampleMax; });
        for (const std::int64_t target : targets) {
            hwy::SetSupportedTargetsForTest(target);
            std::vector<Sample> written(expected.size(), kUntouched);
            generator.generate(region, written.data(), stride_y, stride_z);
            const auto [wrong, right] = std::ranges::mismatch(written, expected);
            if (wrong == written.end()) continue;
            const auto at = wrong - written.begin();
            print(settings, std::cerr << "round " << round << ": ");
            FAIL() << " level " << region.level << " at " << hwy::TargetName(target) << ": "
                   << int{*wrong} << " instead of " << int{*right} << " at x "
                   << region.box.min.x + at % stride_z % stride_y << " y "
                   << region.box.min.y + at % stride_z / stride_y << " z "
                   << region.box.min.z + at / stride_z;
        }
    }
    EXPECT_GT(telling, 100'000) << "too few samples between the extremes";
}

TEST(NoiseKernel, EverySimdLevelFindsTheHeightThatThePlainEvaluationFinds) {
    const RestoreTargets restore;
    const std::vector<std::int64_t> targets = simd_targets();
    Dice dice(2);
    for (int round = 0; round < 300; ++round) {
        const NoiseSettings settings = random_settings(dice);
        const std::int32_t x = random_start(dice, 0, 1);
        const std::int32_t z = random_start(dice, 0, 1);
        const float expected = NoiseOracle(settings).height(x, z);
        for (const std::int64_t target : targets) {
            hwy::SetSupportedTargetsForTest(target);
            ASSERT_EQ(NoiseGenerator(settings).height(x, z), expected)
                << hwy::TargetName(target) << " at " << x << ' ' << z;
        }
    }
}

}  // namespace
}  // namespace nebula::voxel
