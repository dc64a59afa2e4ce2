// SPDX-License-Identifier: MIT
#include "nebula/voxel/query/mover.hpp"

#include "shown_triangles.hpp"
#include "world_samples.hpp"

#include "nebula/voxel/edit/edit.hpp"
#include "nebula/voxel/gen/shape_generators.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <memory>
#include <optional>

namespace nebula::voxel {
namespace {

using Vec = ShownTriangles::Vec;
using Triangle = ShownTriangles::Triangle;

Vec to_vec(Vec3f v) { return {v.x, v.y, v.z}; }
double length(const Vec& v) { return std::sqrt(dot(v, v)); }

// The distance of a point from a triangle, by its regions.
double distance(const Triangle& t, const Vec& p) {
    const Vec n = cross(t[1] - t[0], t[2] - t[0]);
    bool over = dot(n, n) > 0;
    double best = 1e9;
    for (std::size_t i = 0; i < 3; ++i) {
        const Vec a = t[i];
        const Vec e = t[(i + 1) % 3] - a;
        over = over && dot(cross(e, p - a), n) >= 0;
        const double s = dot(e, e) > 0 ? std::clamp(dot(p - a, e) / dot(e, e), 0.0, 1.0) : 0.0;
        best = std::min(best, length(p - (a + e * s)));
    }
    return over ? std::abs(dot(n, p - t[0])) / length(n) : best;
}

// Of a segment: the distance is convex along it.
double distance(const Triangle& t, const Vec& a, const Vec& b) {
    double low = 0;
    double high = 1;
    for (int i = 0; i < 30; ++i) {
        const double s = low + (high - low) / 3;
        const double u = high - (high - low) / 3;
        const bool is_first = distance(t, a + (b - a) * s) < distance(t, a + (b - a) * u);
        (is_first ? high : low) = is_first ? u : s;
    }
    return distance(t, a + (b - a) * low);
}

class MoverOracle : public testing::Test {
protected:
    MoverOracle() {
        Dice dice(31);
        for (int i = 0; i < 24; ++i)
            EXPECT_TRUE(apply(volume_, {i % 2 == 0 ? SphereEdit::Kind::Dig : SphereEdit::Kind::Add,
                                        {dice.real(-12, 12), dice.real(-6, 6), dice.real(-12, 12)},
                                        dice.real(1.2F, 5.0F)}));
        triangles_.add(volume_, {-1, -1, -1}, {1, 1, 1});
    }

    [[nodiscard]] double distance_at(const Capsule& c, const Vec& moved) const {
        double least = 1e9;
        const Vec a = to_vec(c.a) + moved;
        const Vec b = to_vec(c.b) + moved;
        triangles_.for_each_near((a + b) * 0.5, 2, [&](const Triangle& t) {
            least = std::min(least, distance(t, a, b));
        });
        return least;
    }

    Volume volume_{low_hills()};
    Mover mover_{volume_};
    ShownTriangles triangles_;
};

TEST_F(MoverOracle, ASweepAgreesWithADenseMarch) {
    constexpr double kStep = 1.0 / 4;
    constexpr double kRounding = 1e-4;
    Dice dice(32);
    int hits = 0;
    int misses = 0;
    for (int i = 0; i < 700; ++i) {
        Capsule capsule{dice.point(9.0F), {}, dice.real(0.2F, 0.8F)};
        capsule.b = i % 3 == 0 ? capsule.a : capsule.a + dice.point(0.7F);
        const auto inside = mover_.sample(capsule.a);  // most places are far from any surface
        ASSERT_TRUE(inside);
        if (*inside < 0.1F || *inside > 3.0F ||
            distance_at(capsule, {}) < double{capsule.radius} + double{kSweepGap} + kRounding)
            continue;
        const Vec3f motion = dice.point(5.0F);
        const auto result = mover_.sweep(capsule, motion);
        ASSERT_TRUE(result) << result.error().message;
        const double whole = length(to_vec(motion));
        const Vec d = to_vec(motion) * (1.0 / whole);
        const double end = *result ? double{(*result)->distance} : whole;
        for (double t = 0; t <= end; t += kStep)
            ASSERT_GE(distance_at(capsule, d * t), double{capsule.radius} - kRounding)
                << "sweep " << i << " is in the ground at " << t << " of " << end;
        if (!*result) {
            ++misses;
            continue;
        }
        ++hits;
        const double gap = distance_at(capsule, d * end) - double{capsule.radius};
        EXPECT_LE(gap, double{kSweepGap} + kRounding) << "sweep " << i << " stopped in the air";
        EXPECT_GE(gap, -kRounding) << "sweep " << i;
        EXPECT_LT(dot(to_vec((*result)->normal), d), 0.0) << "sweep " << i;
        EXPECT_NEAR(length(to_vec((*result)->normal)), 1.0, 1e-4);
        // One voxel is no longer one unit: the same world in another size gives the same answer.
        if (i % 8 != 0) continue;
        mover_.set_voxel_size({0.5F, 0.5F, 0.5F});
        const auto half = mover_.sweep({capsule.a * 0.5F, capsule.b * 0.5F, capsule.radius * 0.5F},
                                       motion * 0.5F);
        mover_.set_voxel_size({1, 1, 1});
        ASSERT_TRUE(half && *half) << "sweep " << i;
        EXPECT_NEAR((*half)->distance * 2.0F, end, 0.01) << "sweep " << i;
    }
    EXPECT_GT(hits, 50);
    EXPECT_GT(misses, 20);
}

TEST_F(MoverOracle, TheNearestSurfaceIsThatOfTheMesh) {
    Dice dice(33);
    for (int i = 0; i < 400; ++i) {
        const Vec3f p = dice.point(10.0F);
        double least = 1e9;
        triangles_.for_each_near(to_vec(p), 2, [&](const Triangle& t) {
            least = std::min(least, distance(t, to_vec(p)));
        });
        const auto found = mover_.nearest_surface(p, 1.5F);
        ASSERT_TRUE(found);
        EXPECT_EQ(found->has_value(), least <= 1.5) << i << " at " << least;
        if (!*found) continue;
        EXPECT_NEAR(std::abs((*found)->distance), least, 1e-4) << i;
        EXPECT_NEAR(length(to_vec((*found)->position - p)), least, 1e-4) << i;
        const auto blend = mover_.sample(p);
        // The blend and the mesh differ a little about where the surface is.
        if (std::abs(*blend) > 0.25F) {
            EXPECT_EQ((*found)->distance < 0, *blend < 0) << i;
        }
    }
}

TEST(Mover, ALongSweepMeetsTheGroundAtItsHeight) {
    const Volume volume(std::make_shared<FlatGenerator>(3.3F));
    Mover mover(volume);
    const auto hit = mover.sweep({{5, 500, 5}, {5, 501, 5}, 0.5F}, {300, -600, 100});
    ASSERT_TRUE(hit && *hit);
    const float down = std::sqrt(300.0F * 300 + 600 * 600 + 100 * 100) / 600.0F;
    EXPECT_NEAR((*hit)->distance, (500.0F - 0.5F - 3.3F) * down, 0.05F);
    EXPECT_NEAR((*hit)->normal.y, 1.0F, 1e-4F);
    EXPECT_EQ((*hit)->depth, 0.0F);
    const auto miss = mover.sweep({{5, 500, 5}, {5, 501, 5}, 0.5F}, {900, -400, 0});
    ASSERT_TRUE(miss);
    EXPECT_FALSE(*miss);
}

TEST(Mover, WhatTouchesTheGroundMaySlideAndLeave) {
    const Volume volume(std::make_shared<FlatGenerator>(0.3F));
    Mover mover(volume);
    Capsule capsule{{0.2F, 5, 0.4F}, {0.2F, 6, 0.4F}, 0.5F};
    const auto down = mover.sweep(capsule, {0, -8, 0});
    ASSERT_TRUE(down && *down);
    const Vec3f drop{0, -(*down)->distance, 0};
    capsule.a = capsule.a + drop;
    capsule.b = capsule.b + drop;
    EXPECT_FALSE(*mover.sweep(capsule, {7, 0, 3})) << "along the ground";
    EXPECT_FALSE(*mover.sweep(capsule, {0, 4, 0})) << "up";
    const auto again = mover.sweep(capsule, {0, -1, 0});
    ASSERT_TRUE(*again);
    EXPECT_LE((*again)->distance, kSweepGap);
}

TEST(Mover, AnEditCountsAtOnce) {
    Volume volume(std::make_shared<FlatGenerator>(0.0F));
    Mover mover(volume);
    const Capsule ball{{8, 2, 8}, {8, 2, 8}, 0.5F};
    EXPECT_NEAR((*mover.sweep(ball, {0, -20, 0}))->distance, 1.5F, 0.05F);
    ASSERT_TRUE(apply(volume, {SphereEdit::Kind::Dig, {8, 0, 8}, 6.0F}));
    EXPECT_NEAR((*mover.sweep(ball, {0, -20, 0}))->distance, 7.5F, 0.1F);
}

TEST(Mover, AnOverlapTellsTheWayOut) {
    Volume volume(std::make_shared<FlatGenerator>(0.3F));
    Mover mover(volume);
    const auto depth = [&](float y) {
        const auto contact = mover.overlap({{0.2F, y, 0.4F}, {0.2F, y + 1, 0.4F}, 0.5F});
        EXPECT_TRUE(contact);
        if (!*contact) return 0.0F;
        EXPECT_NEAR((*contact)->normal.y, 1.0F, 1e-3F) << y;
        return (*contact)->depth;
    };
    EXPECT_EQ(depth(0.9F), 0.0F);
    EXPECT_NEAR(depth(0.7F), 0.1F, 0.02F) << "it touches";
    EXPECT_NEAR(depth(0.1F), 0.7F, 0.02F) << "its axis is in the ground";
    EXPECT_NEAR(depth(-0.4F), 1.2F, 0.02F) << "most of its axis";
    EXPECT_GE(depth(-2.5F), 3.3F) << "all of it";
    // A thin wall does not push through itself.
    ASSERT_TRUE(apply(volume, {SphereEdit::Kind::Dig, {0, 0, 0}, 20.0F}));
    ASSERT_TRUE(apply(volume, {SphereEdit::Kind::Add, {0, 0, 0}, 4.0F, {0.1F, 1, 1}}));
    const auto left = mover.overlap({{-0.6F, 0, 0}, {-0.6F, 0, 0}, 0.5F});
    ASSERT_TRUE(left && *left);
    EXPECT_LT((*left)->normal.x, -0.7F);
    EXPECT_LT((*left)->depth, 0.6F);
}

TEST(Mover, WrongInputIsAnError) {
    const Volume volume(std::make_shared<FlatGenerator>(0.0F));
    Mover mover(volume);
    using Kind = VoxelError::Kind;
    const float nan = std::numeric_limits<float>::quiet_NaN();
    const auto sweep = [&](const Capsule& capsule, Vec3f motion) -> std::optional<Kind> {
        const auto result = mover.sweep(capsule, motion);
        if (!result) {
            EXPECT_FALSE(result.error().message.empty());
        }
        return result ? std::nullopt : std::optional(result.error().kind);
    };
    const Vec3f p{0, 9, 0};
    EXPECT_EQ(sweep({p, p, 0.0F}, {}), Kind::OutOfRange);
    EXPECT_EQ(sweep({p, p, -1.0F}, {}), Kind::OutOfRange);
    EXPECT_EQ(sweep({p, p, 17.0F}, {}), Kind::OutOfRange);
    EXPECT_EQ(sweep({p, p, nan}, {}), Kind::NotFinite);
    EXPECT_EQ(sweep({p, {0, 99, 0}, 1.0F}, {}), Kind::OutOfRange);
    EXPECT_EQ(sweep({{nan, 0, 0}, p, 1.0F}, {}), Kind::NotFinite);
    EXPECT_EQ(sweep({{3e7F, 0, 0}, p, 1.0F}, {}), Kind::OutsideWorld);
    EXPECT_EQ(sweep({p, p, 1.0F}, {nan, 0, 0}), Kind::NotFinite);
    EXPECT_EQ(sweep({p, p, 1.0F}, {0, 1001, 0}), Kind::OutOfRange);
    EXPECT_EQ(sweep({p, p, 1.0F}, {3e38F, 3e38F, 0}), Kind::OutOfRange);
    EXPECT_EQ(sweep({p, p, 1.0F}, {}), std::nullopt) << "no motion at all is a motion";
    EXPECT_EQ(mover.nearest_surface(p, -1.0F).error().kind, Kind::OutOfRange);
    EXPECT_EQ(mover.nearest_surface(p, 33.0F).error().kind, Kind::OutOfRange);
    EXPECT_EQ(mover.nearest_surface(p, nan).error().kind, Kind::NotFinite);
    EXPECT_TRUE(mover.nearest_surface({0, 0.01F, 0}, 0.0F));
    EXPECT_EQ(mover.sample({nan, 0, 0}).error().kind, Kind::NotFinite);
    EXPECT_EQ(mover.overlap({p, p, nan}).error().kind, Kind::NotFinite);
}

}  // namespace
}  // namespace nebula::voxel
