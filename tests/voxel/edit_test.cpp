// SPDX-License-Identifier: MIT
#include "simd_levels.hpp"
#include "world_samples.hpp"

#include "nebula/voxel/edit/edit.hpp"
#include "nebula/voxel/gen/noise_generator.hpp"
#include "nebula/voxel/gen/shape_generators.hpp"
#include "nebula/voxel/query/raycast.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace nebula::voxel {
namespace {

using Kind = SphereEdit::Kind;

Box3i surroundings(const SphereEdit& e, int margin) {
    const auto reach = static_cast<std::int32_t>(std::ceil(e.radius)) + margin;
    const Vec3i c{static_cast<std::int32_t>(std::floor(e.centre.x)),
                  static_cast<std::int32_t>(std::floor(e.centre.y)),
                  static_cast<std::int32_t>(std::floor(e.centre.z))};
    return {c - Vec3i{reach, reach, reach}, c + Vec3i{reach + 1, reach + 1, reach + 1}};
}

template <class F>
void for_each_voxel(const Box3i& box, F&& f) {
    for (std::int32_t x = box.min.x; x < box.max.x; ++x)
        for (std::int32_t y = box.min.y; y < box.max.y; ++y)
            for (std::int32_t z = box.min.z; z < box.max.z; ++z) f(Vec3i{x, y, z});
}

// A world must not depend on the machine that it was dug on.
TEST(SphereEdit, LeavesTheSameBytesAtEverySimdLevel) {
    std::map<BrickId, Brick> expected;
    std::vector<ChunkId> expected_chunks;
    int levels = 0;
    for_each_simd_level([&](const char* level) {
        Volume volume(low_hills());
        Dice dice(3);
        std::map<BrickId, Brick> found;
        std::vector<ChunkId> chunks;
        for (int round = 0; round < 40; ++round) {
            const auto report = apply(volume, {round % 3 == 2 ? Kind::Add : Kind::Dig,
                                               dice.point(30.0F), dice.real(0.5F, 20.0F)});
            ASSERT_TRUE(report);
            for (const BrickId id : report->bricks) found.insert_or_assign(id, *volume.find(id));
            chunks.insert(chunks.end(), report->chunks.begin(), report->chunks.end());
        }
        if (levels++ == 0) {
            expected = std::move(found);
            expected_chunks = std::move(chunks);
            EXPECT_GT(expected.size(), 100U);
            return;
        }
        EXPECT_EQ(chunks, expected_chunks) << level;
        ASSERT_EQ(found.size(), expected.size()) << level;
        for (const auto& [id, brick] : found)
            ASSERT_EQ(brick.samples, expected.at(id).samples) << level;
    });
}

// Every sample afterwards, by the definition, in double.
TEST(SphereEdit, IsTheExactCsgOfEverySample) {
    Volume volume(low_hills());
    Dice dice(1);
    for (int round = 0; round < 12; ++round) {
        const SphereEdit e{round % 3 == 2 ? Kind::Add : Kind::Dig, dice.point(20.0F),
                           dice.real(0.5F, 9.0F)};
        const Box3i box = surroundings(e, 8);
        std::map<Vec3i, Sample> before;
        for_each_voxel(box, [&](Vec3i p) { before[p] = sample_of(volume, p); });
        ASSERT_TRUE(apply(volume, e));
        for_each_voxel(box, [&](Vec3i p) {
            const double dx = p.x - double{e.centre.x};
            const double dy = p.y - double{e.centre.y};
            const double dz = p.z - double{e.centre.z};
            const double into = double{e.radius} - std::sqrt(dx * dx + dy * dy + dz * dz);
            const Sample now = sample_of(volume, p);
            ASSERT_NE(now, 0);
            const int dig = std::max<int>(before[p], quantize(static_cast<float>(into)));
            const int add = std::min<int>(before[p], quantize(static_cast<float>(-into)));
            // One unit: the edit computes in float, this in double.
            ASSERT_NEAR(now, e.kind == Kind::Dig ? dig : add, 1.0)
                << "round " << round << " at " << p.x << ' ' << p.y << ' ' << p.z;
        });
    }
}

// The oracle compares every sample near the edit and asks each chunk's block for every changed one.
// Under uneven scale a sphere of metres is an ellipsoid of voxels. Its surface must cross each axis
// at its own distance, and no sample on the wrong side of it may change sides.
TEST(SphereEdit, WithProportionsIsAnEllipsoid) {
    Dice dice(9);
    for (int round = 0; round < 6; ++round) {
        Volume volume(std::make_shared<FunctionGenerator>([](Vec3f) { return -100.0F; }));
        const SphereEdit e{.kind = Kind::Dig,
                           .centre = dice.point(20.0F),
                           .radius = dice.real(6.0F, 14.0F),
                           .proportions = {1.0F, dice.real(0.3F, 1.0F), dice.real(0.3F, 1.0F)}};
        ASSERT_TRUE(apply(volume, e));
        for_each_voxel(surroundings(e, 8), [&](Vec3i p) {
            const double dx = (p.x - double{e.centre.x}) / double{e.proportions.x};
            const double dy = (p.y - double{e.centre.y}) / double{e.proportions.y};
            const double dz = (p.z - double{e.centre.z}) / double{e.proportions.z};
            const double length = std::sqrt(dx * dx + dy * dy + dz * dz);
            if (std::abs(length - double{e.radius}) < 0.1) return;  // a rounding of the sample
            ASSERT_EQ(is_inside(sample_of(volume, p)), length > double{e.radius})
                << p.x << ' ' << p.y << ' ' << p.z;
        });
        // Samples are distances in voxels, so the surface lies where the axis says; at a pointed
        // end, whose radius is below a voxel, the blend of samples rounds it off.
        Raycaster raycaster(volume);
        const Vec3f axes[] = {{1, 0, 0}, {0, -1, 0}, {0, 0, 1}};
        const float shares[] = {e.proportions.x, e.proportions.y, e.proportions.z};
        for (int i = 0; i < 3; ++i) {
            const auto hit = raycaster.cast(e.centre, axes[i], 40.0F);
            ASSERT_TRUE(hit && *hit);
            EXPECT_NEAR((*hit)->distance, e.radius * shares[i], 0.25F) << "axis " << i;
        }
    }
}

// The distance from a point outside an ellipsoid, by bisection in double.
double distance_outside(const std::array<double, 3>& half_axes, const std::array<double, 3>& p) {
    const auto sum = [&](double t, double power) {
        double s = 0;
        for (std::size_t i = 0; i < 3; ++i) {
            const double w = half_axes[i] * half_axes[i];
            s += std::pow(half_axes[i], power) * p[i] * p[i] / ((t + w) * (t + w));
        }
        return s;
    };
    double low = 0;
    double high = 1e6;
    for (int i = 0; i < 80; ++i) {
        const double middle = (low + high) / 2;
        (sum(middle, 2) > 1 ? low : high) = middle;
    }
    return low * std::sqrt(sum(low, 0));
}

// A node with the scale (1, 200, 1) digs with the proportions (1, 0.005, 1). A flat ellipsoid with
// radius 4 changed 3560 bricks, because the distance that the brush estimates stays near zero for
// hundreds of voxels around its plane, and so did the box of what it can reach. A sphere changes 8.
TEST(SphereEdit, WithAnyProportionsChangesOnlySamplesNearTheEllipsoid) {
    constexpr float kSmallest = kMinEditProportion;
    const Vec3f proportions[] = {
        {1, 1, 1},         {1, 0.5F, 1},          {1, 0.02F, 1},
        {1, 0.005F, 1},    {1, kSmallest, 1},     {kSmallest, 1, kSmallest},
        {0.9F, 1, 0.1F},   {1, 0.05F, kSmallest}, {kSmallest, 1, 0.3F},
        {0.02F, 0.02F, 1}, {1, 1, kSmallest},     {0.01F, 0.005F, 0.01F}};
    Dice dice(12);
    for (const float radius : {0.3F, 4.0F, 11.0F, 64.0F})
        for (const Vec3f share : proportions) {
            if (radius > 20.0F && share.x < 1.0F) continue;  // they take long
            const SphereEdit e{Kind::Dig, dice.point(20.0F), radius, share};
            Volume ellipsoid(std::make_shared<FlatGenerator>(1000.0F));  // solid
            const auto report = apply(ellipsoid, e);
            ASSERT_TRUE(report);
            Volume ball(std::make_shared<FlatGenerator>(1000.0F));
            const auto most = apply(ball, {Kind::Dig, e.centre, radius});
            ASSERT_TRUE(most);
            const std::string where = "radius " + std::to_string(radius) + ", proportions " +
                                      std::to_string(share.x) + ' ' + std::to_string(share.y) +
                                      ' ' + std::to_string(share.z);
            const std::vector<Vec3i> few = on_level(0, report->bricks);
            const std::vector<Vec3i> many = on_level(0, most->bricks);
            EXPECT_TRUE(std::includes(many.begin(), many.end(), few.begin(), few.end()))
                << where << ": " << few.size() << " bricks, a sphere " << many.size();
            if (radius > 20.0F) continue;  // the samples are only counted
            const std::array<double, 3> half_axes{double{radius} * double{share.x},
                                                  double{radius} * double{share.y},
                                                  double{radius} * double{share.z}};
            for (const Vec3i brick : few)
                for_each_voxel(brick_region({brick}).box, [&](Vec3i p) {
                    const Sample now = sample_of(ellipsoid, p);
                    if (now == kSampleMin || !is_inside(now)) return;  // unchanged, or dug out
                    const double distance = distance_outside(
                        half_axes, {p.x - double{e.centre.x}, p.y - double{e.centre.y},
                                    p.z - double{e.centre.z}});
                    ASSERT_NEAR(now, -distance * kSampleUnitsPerVoxel, 1.0)
                        << where << ", at " << p.x << ' ' << p.y << ' ' << p.z;
                });
        }
}

// On every level by the definition, in that level's unit. And where levels share a point, they agree
// about its sign, whatever was done there and however small it was.
TEST(SphereEdit, IsTheSameOnEveryLevel) {
    NoiseSettings settings;
    settings.amplitude = 20.0F;
    settings.period = 90.0F;
    settings.overhang = 10.0F;
    const auto generator = std::make_shared<NoiseGenerator>(settings);
    Dice dice(21);
    int shown_far = 0;
    for (int round = 0; round < 3; ++round) {
        Volume volume(generator);
        for (int i = 0; i < 8; ++i) {
            const bool flat = i % 3 == 2;
            const SphereEdit e{dice.whole(0, 2) == 0 ? Kind::Add : Kind::Dig, dice.point(24.0F),
                               i % 4 == 0 ? dice.real(0.2F, 2.0F) : dice.real(2.0F, 12.0F),
                               flat ? Vec3f{1.0F, 0.4F, 0.7F} : Vec3f{1.0F, 1.0F, 1.0F}};
            std::map<std::pair<Level, Vec3i>, Sample> before;
            const auto near = [&](Level level) {
                const float size = voxel_size(level);
                return surroundings({e.kind, e.centre * (1.0F / size), e.radius / size}, 5);
            };
            if (!flat)
                for (Level level = 1; level < 5; ++level)
                    for_each_voxel(near(level), [&](Vec3i p) {
                        before[{level, p}] = sample_of(volume, p, level);
                    });
            ASSERT_TRUE(apply(volume, e));
            for (const auto& [at, old] : before) {
                const auto& [level, p] = at;
                const double size = static_cast<double>(voxel_size(level));
                const double dx = p.x - double{e.centre.x} / size;
                const double dy = p.y - double{e.centre.y} / size;
                const double dz = p.z - double{e.centre.z} / size;
                const double into =
                    double{e.radius} / size - std::sqrt(dx * dx + dy * dy + dz * dz);
                const int dig = std::max<int>(old, quantize(static_cast<float>(into)));
                const int add = std::min<int>(old, quantize(static_cast<float>(-into)));
                const int now = sample_of(volume, p, level);
                if (now == old && double{e.radius} / size < 0.5) continue;  // may be left out
                ASSERT_NEAR(now, e.kind == Kind::Dig ? dig : add, 1);
                shown_far += level >= 3 && now != old ? 1 : 0;
            }
        }
        for (Level level = 1; level < 6; ++level)
            for_each_voxel({{-20, -12, -20}, {20, 12, 20}}, [&](Vec3i p) {
                if (dice.whole(0, level < 3 ? 15 : 3) != 0) return;
                const Vec3i finer = p * 2;
                ASSERT_EQ(is_inside(sample_of(volume, p, level)),
                          is_inside(sample_of(volume, finer, level - 1)))
                    << "level " << level << " at " << p.x << ' ' << p.y << ' ' << p.z;
            });
    }
    EXPECT_GT(shown_far, 20);
}

TEST(SphereEdit, NamesExactlyTheChunksWhoseBlockChanges) {
    const auto generator = std::make_shared<FunctionGenerator>(
        [](Vec3f p) { return p.y - 2.0F * std::sin(p.x * 0.2F) - 1.0F; });
    Dice dice(2);
    std::set<std::size_t> sizes;
    for (int round = 0; round < 60; ++round) {
        Volume volume(generator);
        SphereEdit e{round % 2 == 0 ? Kind::Dig : Kind::Add, {}, dice.real(0.5F, 5.0F)};
        // Around corners and borders of chunks, where it is easy to be wrong.
        e.centre = {static_cast<float>(dice.whole(-1, 1) * 32) + dice.real(-8.0F, 8.0F),
                    dice.real(-7.0F, 7.0F),
                    static_cast<float>(dice.whole(-1, 1) * 32) + dice.real(-8.0F, 8.0F)};
        const Box3i near = surroundings(e, 6);
        std::vector<Sample> before;
        for_each_voxel(near, [&](Vec3i p) { before.push_back(sample_of(volume, p)); });
        const auto report = apply(volume, e);
        ASSERT_TRUE(report);
        std::vector<Vec3i> changed;
        std::size_t i = 0;
        for_each_voxel(near, [&](Vec3i p) {
            if (sample_of(volume, p) != before[i++]) changed.push_back(p);
        });
        std::vector<Vec3i> expected;
        const Box3i chunks{floor_div(near.min, kChunkSize) - Vec3i{1, 1, 1},
                           floor_div(near.max, kChunkSize) + Vec3i{2, 2, 2}};
        for_each_voxel(chunks, [&](Vec3i c) {
            const Vec3i corner = c * kChunkSize;
            const Box3i block{corner + Vec3i{-1, -1, -1}, corner + Vec3i{34, 34, 34}};
            if (std::any_of(changed.begin(), changed.end(),
                            [&](Vec3i p) { return block.contains(p); }))
                expected.push_back(c);
        });
        EXPECT_EQ(on_level(0, report->chunks), expected) << "round " << round;
        sizes.insert(expected.size());
    }
    EXPECT_GE(sizes.size(), 3U) << "the positions must differ in how many chunks they touch";
}

TEST(SphereEdit, NamesTheBricksThatChangedAndNoOthers) {
    Volume volume(std::make_shared<FlatGenerator>(0.0F));
    const auto report = apply(volume, {Kind::Dig, {8.0F, -8.0F, 8.0F}, 3.0F});
    ASSERT_TRUE(report);
    EXPECT_THAT(on_level(0, report->bricks), testing::ElementsAre(Vec3i{0, -1, 0}));
    EXPECT_TRUE(volume.is_edited({{0, -1, 0}}));
    EXPECT_EQ(volume.edited_count(), report->bricks.size());
}

TEST(SphereEdit, ThatChangesNothingTouchesNothing) {
    Volume volume(std::make_shared<FlatGenerator>(0.0F));
    const auto in_the_sky = apply(volume, {Kind::Dig, {0.0F, 100.0F, 0.0F}, 10.0F});
    ASSERT_TRUE(in_the_sky);
    EXPECT_TRUE(in_the_sky->bricks.empty() && in_the_sky->chunks.empty());
    const auto in_the_deep = apply(volume, {Kind::Add, {0.0F, -100.0F, 0.0F}, 10.0F});
    ASSERT_TRUE(in_the_deep);
    EXPECT_TRUE(in_the_deep->bricks.empty());
    ASSERT_TRUE(apply(volume, {Kind::Dig, {0.0F, 0.0F, 0.0F}, 4.0F}));
    const std::uint64_t version = volume.version();
    const auto again = apply(volume, {Kind::Dig, {0.0F, 0.0F, 0.0F}, 4.0F});
    ASSERT_TRUE(again);
    EXPECT_TRUE(again->chunks.empty()) << "the same crater twice";
    EXPECT_EQ(volume.version(), version);
    EXPECT_EQ(volume.edited_count(), volume.brick_count());
}

TEST(SphereEdit, BricksDugEmptyCostNoMemory) {
    Volume volume(std::make_shared<FlatGenerator>(100.0F));
    ASSERT_TRUE(apply(volume, {Kind::Dig, {8.0F, 8.0F, 8.0F}, 30.0F}));
    EXPECT_EQ(volume.find({{0, 0, 0}}), &kAirBrick);
}

TEST(SphereEdit, WrongInputIsAnErrorAndChangesNothing) {
    Volume volume(low_hills());
    const float nan = std::numeric_limits<float>::quiet_NaN();
    const float infinite = std::numeric_limits<float>::infinity();
    const auto kind_of = [&](Vec3f centre, float radius) {
        const auto result = apply(volume, {Kind::Dig, centre, radius});
        EXPECT_FALSE(result);
        EXPECT_FALSE(result ? true : result.error().message.empty());
        return result ? VoxelError::Kind::ZeroDirection : result.error().kind;
    };
    EXPECT_EQ(kind_of({0, nan, 0}, 1.0F), VoxelError::Kind::NotFinite);
    EXPECT_EQ(kind_of({infinite, 0, 0}, 1.0F), VoxelError::Kind::NotFinite);
    EXPECT_EQ(kind_of({0, 0, 0}, nan), VoxelError::Kind::NotFinite);
    EXPECT_EQ(kind_of({0, 0, 0}, infinite), VoxelError::Kind::NotFinite);
    EXPECT_EQ(kind_of({0, 0, 0}, -1.0F), VoxelError::Kind::OutOfRange);
    EXPECT_EQ(kind_of({0, 0, 0}, 0.0F), VoxelError::Kind::OutOfRange);
    EXPECT_EQ(kind_of({0, 0, 0}, 64.1F), VoxelError::Kind::OutOfRange);
    EXPECT_EQ(kind_of({0, 0, 2e7F}, 1.0F), VoxelError::Kind::OutsideWorld);
    EXPECT_EQ(volume.version(), 0U);
    EXPECT_EQ(volume.brick_count(), 0U);
}

TEST(SphereEdit, WorksAtTheEndOfTheWorld) {
    Volume volume(std::make_shared<FlatGenerator>(0.0F));
    for (const float x : {-kWorldLimit, kWorldLimit}) {
        const auto report = apply(volume, {Kind::Dig, {x, 0.0F, x}, 64.0F});
        ASSERT_TRUE(report);
        EXPECT_FALSE(report->chunks.empty());
    }
}

TEST(SphereEdit, AThrowingGeneratorLeavesTheWorldAsItWas) {
    Volume volume(std::make_shared<FunctionGenerator>([](Vec3f p) -> float {
        if (p.x > 20.0F) throw std::runtime_error("no data east of 20");
        return p.y;
    }));
    const auto result = apply(volume, {Kind::Dig, {16.0F, 0.0F, 0.0F}, 6.0F});
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, VoxelError::Kind::GeneratorFailed);
    EXPECT_EQ(result.error().message, "no data east of 20");
    EXPECT_EQ(volume.brick_count(), 0U);
    EXPECT_EQ(volume.version(), 0U);
}

}  // namespace
}  // namespace nebula::voxel
