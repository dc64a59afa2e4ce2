// SPDX-License-Identifier: MIT
// NoiseGenerator's vector code against the plain evaluation in noise_oracle.hpp, and what its
// bounds rest on.
#include "nebula/voxel/gen/detail/noise_lattice.hpp"
#include "nebula/voxel/space/voxel_error.hpp"
#include "noise_oracle.hpp"
#include "simd_levels.hpp"
#include "world_samples.hpp"

#include <gtest/gtest.h>
#include <hwy/targets.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <optional>
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
    s.layers = {1, dice.real(0, 8), 2, 0, 127};
    s.layers.soil_depth = s.layers.surface_depth + (dice.whole(0, 3) == 0 ? 0 : dice.real(0, 20));
    s.steep = 3;
    if (dice.whole(0, 1) == 0) s.steep_slope = dice.real(0, 1);
    s.shore = 4;
    if (dice.whole(0, 1) == 0) s.shore_height = s.base_height + dice.real(-1, 1) * s.amplitude;
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

TEST(NoiseKernel, EverySimdLevelWritesTheMaterialsOfThePlainEvaluation) {
    const RestoreTargets restore;
    const std::vector<std::int64_t> targets = simd_targets();
    Dice dice(6);
    std::array<int, kMaterials> seen{};
    for (int round = 0; round < 150; ++round) {
        const NoiseSettings settings = random_settings(dice);
        const NoiseOracle oracle(settings);
        const NoiseGenerator generator(settings);
        const auto edge = [&] { return dice.whole(0, 15) == 0 ? 70 : dice.whole(1, 20); };
        const Vec3i size{edge(), std::min(edge(), 40), std::min(edge(), 20)};
        Region region = random_region(dice, oracle, size);
        region.box.min.y -= dice.whole(0, 10);
        region.box.max.y = region.box.min.y + size.y;
        std::vector<Material> expected;
        for (std::int32_t z = 0; z < size.z; ++z)
            for (std::int32_t y = 0; y < size.y; ++y)
                for (std::int32_t x = 0; x < size.x; ++x) {
                    expected.push_back(
                        oracle.material(region.box.min + Vec3i{x, y, z}, region.level));
                    ++seen[expected.back()];
                }
        for (const std::int64_t target : targets) {
            hwy::SetSupportedTargetsForTest(target);
            std::vector<Material> written(expected.size());
            generator.generate_materials(region, written.data(), size.x,
                                         std::ptrdiff_t{size.x} * size.y);
            if (written == expected) continue;
            print(settings, std::cerr << "round " << round << ": ");
            FAIL() << " level " << region.level << " at " << hwy::TargetName(target);
        }
    }
    for (const int material : {1, 2, 3, 4, 127})
        EXPECT_GT(seen[static_cast<std::size_t>(material)], 1000) << material;
}

// What is said to be of one material is, whatever the settings.
TEST(NoiseBounds, OneMaterialIsProvenOnlyWhereItIsTrue) {
    Dice dice(7);
    int proven = 0;
    for (int round = 0; round < 6000; ++round) {
        const NoiseSettings settings = random_settings(dice);
        const NoiseGenerator generator(settings);
        const Vec3i size{dice.whole(1, 35), dice.whole(1, 35), dice.whole(1, 35)};
        Region region = random_region(dice, NoiseOracle(settings), size);
        const auto away = static_cast<std::int32_t>(
            dice.real(-1, 1) * std::min(settings.amplitude, 80.0F) / voxel_size(region.level));
        region.box.min.y += away;
        region.box.max.y += away;
        const std::optional<Material> one = generator.uniform_material(region);
        if (!one) continue;
        ++proven;
        std::vector<Material> written(static_cast<std::size_t>(size.x * size.y * size.z));
        generator.generate_materials(region, written.data(), size.x,
                                     std::ptrdiff_t{size.x} * size.y);
        for (const Material material : written)
            if (material != *one) {
                print(settings, std::cerr << "round " << round << ": ");
                FAIL() << " level " << region.level << ": " << int{material} << " is not "
                       << int{*one};
            }
    }
    EXPECT_GT(proven, 300);
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

// No sample lies outside the bounds, whatever the settings, and no SIMD level proves less.
TEST(NoiseBounds, HoldEverySampleAtEverySimdLevel) {
    const RestoreTargets restore;
    const std::vector<std::int64_t> targets = simd_targets();
    Dice dice(3);
    int proven = 0;
    for (int round = 0; round < 600; ++round) {
        const NoiseSettings settings = random_settings(dice);
        const NoiseGenerator generator(settings);
        const Vec3i size{dice.whole(1, 35), dice.whole(1, 35), dice.whole(1, 35)};
        Region region = random_region(dice, NoiseOracle(settings), size);
        // Near enough to need the octaves, far enough to prove something.
        const auto away = static_cast<std::int32_t>(dice.real(-1, 1) * settings.amplitude /
                                                    voxel_size(region.level));
        region.box.min.y += away;
        region.box.max.y += away;
        hwy::SetSupportedTargetsForTest(0);
        const Range range = generator.bounds(region);
        proven += range.all_air() || range.all_solid() ? 1 : 0;
        std::vector<Sample> written(static_cast<std::size_t>(size.x * size.y * size.z));
        generator.generate(region, written.data(), size.x, std::ptrdiff_t{size.x} * size.y);
        const auto [min, max] = std::ranges::minmax(written);
        if (min < range.min || max > range.max) {
            print(settings, std::cerr << "round " << round << ": ");
            FAIL() << " level " << region.level << ": [" << int{min} << ", " << int{max}
                   << "] is not in [" << int{range.min} << ", " << int{range.max} << ']';
        }
        for (const std::int64_t target : targets) {
            hwy::SetSupportedTargetsForTest(target);
            const Range there = generator.bounds(region);
            ASSERT_TRUE(there.min == range.min && there.max == range.max)
                << hwy::TargetName(target);
        }
    }
    EXPECT_GT(proven, 100);
}

// The same for one or two large octaves, which the patches of a footprint resolve: here the bounds
// are so narrow that an error in them shows.
TEST(NoiseBounds, HoldTheHighestAndTheLowestColumn) {
    Dice dice(4);
    double height_of_all = 0;
    double height_of_bounds = 0;
    for (int round = 0; round < 1500; ++round) {
        NoiseSettings s;
        s.seed = static_cast<std::uint64_t>(round);
        s.amplitude = 2000;
        s.period = dice.real(100, 1000);
        s.octaves = dice.whole(1, 2);
        if (round % 2 == 0) {
            s.warp = dice.real(1, 400);
            s.warp_period = dice.real(100, 1000);
        }
        const NoiseGenerator generator(s);
        const Vec3i min{dice.whole(-5000, 5000), 0, dice.whole(-5000, 5000)};
        const Vec3i size{dice.whole(1, 300), 1, dice.whole(1, 300)};
        const auto bounds_at = [&](std::int32_t y) {
            const Vec3i from = min + Vec3i{0, y, 0};
            return generator.bounds({{from, from + size}, 0});
        };
        std::int32_t air = 2001;  // the lowest layer that is proven empty
        for (std::int32_t step = 2048; step > 0; step /= 2)
            if (air - step > -2001 && bounds_at(air - step).all_air()) air -= step;
        std::int32_t solid = -2001;
        for (std::int32_t step = 2048; step > 0; step /= 2)
            if (solid + step < 2001 && bounds_at(solid + step).all_solid()) solid += step;
        float lowest = 2000;
        float highest = -2000;
        for (int i = 0; i < 100; ++i) {
            const bool edge = i % 2 == 0;  // slopes end in extremes there
            const std::int32_t x =
                edge ? dice.whole(0, 1) * (size.x - 1) : dice.whole(0, size.x - 1);
            const float height = generator.height(min.x + x, min.z + dice.whole(0, size.z - 1));
            lowest = std::min(lowest, height);
            highest = std::max(highest, height);
        }
        ASSERT_LT(highest, static_cast<float>(air)) << "round " << round;
        ASSERT_GT(lowest, static_cast<float>(solid)) << "round " << round;
        height_of_all += static_cast<double>(highest - lowest);
        height_of_bounds += air - solid;
    }
    EXPECT_LT(height_of_bounds, 2 * height_of_all) << "too wide to be of use";
}

// Of the chunks around a mountain's surface that hold none, most must be proven empty or solid, or
// they are generated and meshed for nothing.
TEST(NoiseBounds, ProveMostChunksWithoutSurface) {
    struct Case {
        float amplitude, period, warp;
        int octaves;
        Level level;
        double at_least;  // proven, as a part of those without surface
    };
    for (const Case& c : {Case{400, 1500, 0, 8, 0, 0.90}, Case{400, 1500, 0, 8, 2, 0.90},
                          Case{400, 1500, 200, 8, 0, 0.70}, Case{48, 192, 0, 6, 0, 0.90},
                          Case{48, 192, 40, 6, 0, 0.90}, Case{2000, 20000, 0, 12, 5, 0.90}}) {
        NoiseSettings settings;
        settings.amplitude = c.amplitude;
        settings.period = c.period;
        settings.warp = c.warp;
        settings.octaves = c.octaves;
        const NoiseGenerator generator(settings);
        constexpr std::int32_t kSize = 35;
        std::vector<Sample> written(std::size_t{kSize} * kSize * kSize);
        const auto middle = static_cast<std::int32_t>(
            std::floor(generator.height(0, 0) / (32 * voxel_size(c.level))));
        int without = 0;
        int proven = 0;
        for (std::int32_t z = -3; z < 3; ++z)
            for (std::int32_t y = middle - 3; y < middle + 3; ++y)
                for (std::int32_t x = -3; x < 3; ++x) {
                    const Vec3i min = Vec3i{x, y, z} * kChunkSize + Vec3i{-1, -1, -1};
                    const Region region{{min, min + Vec3i{kSize, kSize, kSize}}, c.level};
                    generator.generate(region, written.data(), kSize, kSize * kSize);
                    const auto [least, most] = std::ranges::minmax(written);
                    if (is_inside(least) != is_inside(most)) continue;
                    const Range range = generator.bounds(region);
                    ++without;
                    proven += range.all_air() || range.all_solid() ? 1 : 0;
                }
        EXPECT_GT(proven, c.at_least * without)
            << "amplitude " << c.amplitude << " warp " << c.warp << " level " << c.level;
    }
}

// kMaxBend2, computed. At a point, second derivatives are linear in the four gradients, so their
// largest value over all choices of gradients is a sum of four largest values.
TEST(NoiseBounds, NoCellBendsMore) {
    const auto blend = [](double t, int corner) {  // weight of the corner, and its derivatives
        const std::array<double, 3> upper{t * t * t * (t * (t * 6 - 15) + 10),
                                          30 * t * t * (t * (t - 2) + 1),
                                          60 * t * (t * (2 * t - 3) + 1)};
        return corner == 1 ? upper : std::array<double, 3>{1 - upper[0], -upper[1], -upper[2]};
    };
    constexpr int kSteps = 128;
    double most = 0;
    for (int a = 0; a <= kSteps; ++a)
        for (int b = 0; b <= kSteps / 2; ++b) {  // the other half is its mirror image
            const double tx = static_cast<double>(a) / kSteps;
            const double tz = static_cast<double>(b) / kSteps;
            for (const double mixed : {-1.0, 1.0})
                for (const double along_z : {-1.0, 1.0}) {
                    double sum = 0;
                    for (int corner = 0; corner < 4; ++corner) {
                        const auto u = blend(tx, corner % 2);
                        const auto v = blend(tz, corner / 2);
                        const double x = tx - corner % 2;
                        const double z = tz - corner / 2;
                        // Of u(x) v(z) (gx x + gz z): what gx and gz are multiplied by.
                        const double gx = (u[2] * x + 2 * u[1]) * v[0] +
                                          2 * mixed * (u[1] * x + u[0]) * v[1] +
                                          along_z * u[0] * x * v[2];
                        const double gz = u[2] * v[0] * z + 2 * mixed * u[1] * (v[1] * z + v[0]) +
                                          along_z * u[0] * (v[2] * z + 2 * v[1]);
                        double largest = 0;
                        for (std::size_t i = 0; i < 16; ++i)
                            largest = std::max(
                                largest, gx * static_cast<double>(detail::kDirectionX[i]) +
                                             gz * static_cast<double>(detail::kDirectionZ[i]));
                        sum += largest;
                    }
                    most = std::max(most, sum * static_cast<double>(detail::kScale2) / 2);
                }
        }
    EXPECT_LT(most, static_cast<double>(detail::kMaxBend2));
    EXPECT_GT(most, 0.99 * static_cast<double>(detail::kMaxBend2)) << "needlessly cautious";
}

}  // namespace
}  // namespace nebula::voxel
