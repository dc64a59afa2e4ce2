// SPDX-License-Identifier: MIT
#include "world_samples.hpp"

#include "nebula/voxel/edit/edit.hpp"
#include "nebula/voxel/gen/noise_generator.hpp"
#include "nebula/voxel/gen/shape_generators.hpp"
#include "nebula/voxel/query/raycast.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <memory>
#include <optional>
#include <stdexcept>
#include <vector>

namespace nebula::voxel {
namespace {

constexpr float kTolerance = 0.05F;  // of a voxel

Vec3f unit(Vec3f v) { return v * (1.0F / std::sqrt(dot(v, v))); }

std::optional<RayHit> cast(Raycaster& caster, Vec3f from, Vec3f direction, float distance) {
    auto result = caster.cast(from, direction, distance);
    EXPECT_TRUE(result) << (result ? "" : result.error().message);
    return result ? *result : std::nullopt;
}

TEST(Raycaster, MeetsASphereWhereTheFormulaSays) {
    const Vec3f centre{100.3F, -20.7F, 5.1F};
    const float radius = 20.0F;
    const Volume volume(std::make_shared<SphereGenerator>(centre, radius));
    Raycaster caster(volume);
    Dice dice(1);
    int hits = 0;
    for (int i = 0; i < 2000; ++i) {
        const Vec3f from = centre + unit(dice.point(1.0F) + Vec3f{0.001F, 0, 0}) * 120.0F;
        const Vec3f direction = unit(centre + dice.point(16.0F) - from);
        const Vec3f to_centre = centre - from;
        const float along = dot(to_centre, direction);
        const float offset2 = dot(to_centre, to_centre) - along * along;
        const auto hit = cast(caster, from, direction, 300.0F);
        if (offset2 > 19.9F * 19.9F) continue;  // grazes, where any noise decides
        ASSERT_TRUE(hit) << "ray " << i;
        ++hits;
        const Vec3f out = hit->position - centre;
        EXPECT_NEAR(std::sqrt(dot(out, out)), radius, kTolerance) << "ray " << i;
        // A slanting ray turns a small step of the surface into a long one along itself.
        const float half_chord = std::sqrt(radius * radius - offset2);
        EXPECT_NEAR(hit->distance, along - half_chord, kTolerance * radius / half_chord)
            << "ray " << i;
        EXPECT_GT(dot(hit->normal, unit(out)), 0.995F) << "ray " << i;
    }
    EXPECT_GT(hits, 1000);
}

TEST(Raycaster, MeetsAPlaneAtItsHeight) {
    const Volume volume(std::make_shared<FlatGenerator>(3.3F));
    Raycaster caster(volume);
    Dice dice(2);
    for (int i = 0; i < 500; ++i) {
        const Vec3f from = dice.point(1000.0F) + Vec3f{0, 1100.0F, 0};
        const Vec3f direction{dice.real(-1, 1), dice.real(-1.0F, -0.4F), dice.real(-1, 1)};
        const auto hit = cast(caster, from, direction, 9000.0F);
        ASSERT_TRUE(hit) << "ray " << i;
        EXPECT_NEAR(hit->position.y, 3.3F, kTolerance);
        EXPECT_NEAR(hit->normal.y, 1.0F, 1e-4F);
    }
}

// Against a march in tiny steps over the same trilinear field.
TEST(Raycaster, AgreesWithATinyStepMarchOverHillsAndCraters) {
    NoiseSettings s;
    s.amplitude = 12.0F;
    s.period = 48.0F;
    Volume volume(std::make_shared<NoiseGenerator>(s));
    Dice dice(3);
    for (int i = 0; i < 6; ++i)
        ASSERT_TRUE(apply(volume, {i % 2 == 0 ? SphereEdit::Kind::Dig : SphereEdit::Kind::Add,
                                   dice.point(25.0F), dice.real(2.0F, 8.0F)}));
    Raycaster caster(volume);
    const auto field = [&](Vec3f p) {
        const Vec3i cell{static_cast<std::int32_t>(std::floor(p.x)),
                         static_cast<std::int32_t>(std::floor(p.y)),
                         static_cast<std::int32_t>(std::floor(p.z))};
        const Vec3f t{p.x - static_cast<float>(cell.x), p.y - static_cast<float>(cell.y),
                      p.z - static_cast<float>(cell.z)};
        float sum = 0;
        for (int c = 0; c < 8; ++c)
            sum += static_cast<float>(
                       sample_of(volume, cell + Vec3i{c & 1, (c >> 1) & 1, (c >> 2) & 1})) *
                   ((c & 1) != 0 ? t.x : 1 - t.x) * ((c & 2) != 0 ? t.y : 1 - t.y) *
                   ((c & 4) != 0 ? t.z : 1 - t.z);
        return sum;
    };
    int hits = 0;
    for (int i = 0; i < 60; ++i) {
        const Vec3f from{dice.real(-30, 30), 20.0F, dice.real(-30, 30)};
        const Vec3f direction = unit({dice.real(-1, 1), dice.real(-1.0F, -0.1F), dice.real(-1, 1)});
        if (field(from) < 0) continue;
        float marched = -1.0F;
        for (float t = 0; t < 60.0F && marched < 0; t += 0.02F)
            if (field(from + direction * t) < 0) marched = t;
        const auto hit = cast(caster, from, direction, 60.0F);
        ASSERT_EQ(hit.has_value(), marched >= 0) << "ray " << i;
        if (!hit) continue;
        ++hits;
        EXPECT_NEAR(hit->distance, marched, 0.03F) << "ray " << i;
    }
    EXPECT_GT(hits, 20);
}

// ---- Every direction, from every kind of place ----

/// Flat ground with hills and holes near the origin, and a copy of its samples that is quick to
/// interpolate.
class RaycastOracle : public testing::Test {
protected:
    static constexpr int kLow = -40;
    static constexpr int kEdge = 96;

    RaycastOracle() {
        Dice dice(11);
        for (int i = 0; i < 24; ++i)
            EXPECT_TRUE(apply(volume_, {i % 2 == 0 ? SphereEdit::Kind::Dig : SphereEdit::Kind::Add,
                                        {dice.real(-20, 36), dice.real(-8, 6), dice.real(-20, 36)},
                                        dice.real(1.2F, 7.0F)}));
        for (int z = 0; z < kEdge; ++z)
            for (int y = 0; y < kEdge; ++y)
                for (int x = 0; x < kEdge; ++x) {
                    const Vec3i at{kLow + x, kLow + y, kLow + z};
                    const Vec3i in = floor_mod(at, kBrickSize);
                    const Brick* brick = volume_.find({floor_div(at, kBrickSize)});
                    Sample sample = quantize(static_cast<float>(at.y) - kGround);
                    if (brick != nullptr) sample = brick->at(in.x, in.y, in.z);
                    samples_[index(x, y, z)] = sample;
                }
    }

    [[nodiscard]] double field(double x, double y, double z) const {
        x -= kLow;
        y -= kLow;
        z -= kLow;
        const int i = static_cast<int>(x);
        const int j = static_cast<int>(y);
        const int k = static_cast<int>(z);
        const auto row = [&](int dy, int dz) {
            const std::size_t at = index(i, j + dy, k + dz);
            return samples_[at] + (x - i) * (samples_[at + 1] - samples_[at]);
        };
        const double low = row(0, 0) + (y - j) * (row(1, 0) - row(0, 0));
        const double high = row(0, 1) + (y - j) * (row(1, 1) - row(0, 1));
        return low + (z - k) * (high - low);
    }

    /// A cast must find the first ground that a march in steps of 1/32 finds, or ground before it
    /// that the march stepped over.
    void compare(Vec3f from, Vec3f direction, const char* kind, int number) {
        constexpr double kStep = 1.0 / 32;
        constexpr double kLength = 14.0;
        const auto result = caster_.cast(from, direction, static_cast<float>(kLength));
        ASSERT_TRUE(result) << kind << " ray " << number << ": " << result.error().message;
        const double dx = direction.x;
        const double dy = direction.y;
        const double dz = direction.z;
        const double scale = 1.0 / std::sqrt(dx * dx + dy * dy + dz * dz);
        const auto value = [&](double t) {
            return field(from.x + dx * scale * t, from.y + dy * scale * t, from.z + dz * scale * t);
        };
        const double end = *result ? std::min<double>((*result)->distance, kLength) : kLength;
        for (double t = 0; t < end - kStep; t += kStep)
            ASSERT_GE(value(t), -1e-3)
                << kind << " ray " << number << " went through ground at " << t;
        if (*result) {
            EXPECT_NEAR(value((*result)->distance), 0.0, (*result)->distance == 0 ? 128.0 : 0.02)
                << kind << " ray " << number << " stopped in the air";
            ++hits_;
        }
    }

    static constexpr float kGround = -3.4F;
    Volume volume_{std::make_shared<FlatGenerator>(kGround)};
    Raycaster caster_{volume_};
    std::vector<int> samples_ = std::vector<int>(std::size_t{kEdge} * kEdge * kEdge);
    int hits_ = 0;

private:
    static std::size_t index(int x, int y, int z) {
        return static_cast<std::size_t>(x + (y + z * kEdge) * kEdge);
    }
};

// NEBULA_LONG_TESTS=1 casts a million of each kind.
int ray_count() { return std::getenv("NEBULA_LONG_TESTS") != nullptr ? 1'000'000 : 100'000; }

TEST_F(RaycastOracle, RandomRaysMeetWhatADenseMarchMeets) {
    Dice dice(21);
    for (int i = 0; i < ray_count() && !HasFatalFailure(); ++i) {
        const Vec3f from{dice.real(-20, 36), dice.real(-14, 30), dice.real(-20, 36)};
        compare(from, dice.point(1.0F), "random", i);
    }
    EXPECT_GT(hits_, ray_count() / 4);
}

// From corners, edges and faces of cells, bricks and chunks, along axes, diagonals and nearly so.
// Once two walks handed such a ray the same cell back and forth for ever.
TEST_F(RaycastOracle, LatticeAlignedRaysMeetWhatADenseMarchMeets) {
    Dice dice(22);
    constexpr float kDenormal = std::numeric_limits<float>::denorm_min();
    const float components[] = {-1.0F,  -0.5F, -0.37F,    -kDenormal, -0.0F, 0.0F,
                                1e-30F, 0.81F, kDenormal, 0.5F,       1.0F,  -1.0F};
    const auto coordinate = [&](int low, int high) {
        const float grid[] = {16.0F, 32.0F, 1.0F, 0.5F};
        const float step = grid[dice.whole(0, 3)];
        return std::clamp(
            std::round(dice.real(static_cast<float>(low), static_cast<float>(high)) / step) * step,
            static_cast<float>(low), static_cast<float>(high));
    };
    for (int i = 0; i < ray_count() && !HasFatalFailure(); ++i) {
        const Vec3f from{coordinate(-16, 32), coordinate(-8, 32), coordinate(-16, 32)};
        Vec3f direction;
        do {
            direction = {components[dice.whole(0, 11)], components[dice.whole(0, 11)],
                         components[dice.whole(0, 11)]};
        } while (direction.x == 0 && direction.y == 0 && direction.z == 0);
        compare(from, direction, "aligned", i);
    }
    EXPECT_GT(hits_, ray_count() / 8);
}

// The rays of the report, and all sign patterns of their kind, at full length.
TEST(Raycaster, EndsWhereSeveralBrickBordersMeet) {
    const Volume volume(std::make_shared<FlatGenerator>(0.0F));
    Raycaster caster(volume);
    EXPECT_TRUE(cast(caster, {0, 20, 0}, {-0.37F, -0.5F, -0.81F}, kMaxRayDistance));
    EXPECT_TRUE(cast(caster, {0, 16, 0}, {-1, -1, -1}, kMaxRayDistance));
    constexpr float kDenormal = std::numeric_limits<float>::denorm_min();
    const float steps[] = {-1.0F, -0.37F, -kDenormal, -0.0F, 0.0F, kDenormal, 0.81F, 1.0F};
    for (const float base : {0.0F, 32.0F, -15'999'984.0F, 15'999'984.0F, kWorldLimit, -kWorldLimit})
        for (const float x : steps)
            for (const float y : steps)
                for (const float z : steps) {
                    if (x == 0 && y == 0 && z == 0) continue;
                    const bool down = y / std::hypot(x, y, z) < -0.01F;
                    const auto hit = cast(caster, {base, 64, -base}, {x, y, z}, kMaxRayDistance);
                    EXPECT_EQ(hit.has_value(), down)
                        << x << " " << y << " " << z << " from " << base;
                }
}

TEST(Raycaster, SeesAnEditAtOnce) {
    Volume volume(std::make_shared<FlatGenerator>(0.0F));
    Raycaster caster(volume);
    const Vec3f down{0, -1, 0};
    EXPECT_NEAR(cast(caster, {8, 50, 8}, down, 100.0F)->position.y, 0.0F, kTolerance);
    ASSERT_TRUE(apply(volume, {SphereEdit::Kind::Dig, {8, 0, 8}, 6.0F}));
    EXPECT_NEAR(cast(caster, {8, 50, 8}, down, 100.0F)->position.y, -6.0F, kTolerance);
}

TEST(Raycaster, AWallOneVoxelThickStopsEveryRay) {
    const Volume volume(
        std::make_shared<FunctionGenerator>([](Vec3f p) { return std::abs(p.x - 40.0F) - 0.6F; }));
    Raycaster caster(volume);
    Dice dice(4);
    for (int i = 0; i < 300; ++i) {
        const auto hit = cast(caster, dice.point(30.0F),
                              {1.0F, dice.real(-0.8F, 0.8F), dice.real(-0.8F, 0.8F)}, 200.0F);
        ASSERT_TRUE(hit) << "ray " << i;
        EXPECT_NEAR(hit->position.x, 39.4F, kTolerance);
    }
}

TEST(Raycaster, StartingInsideTheGroundHitsAtOnce) {
    const Volume volume(std::make_shared<FlatGenerator>(0.0F));
    Raycaster caster(volume);
    const auto hit = cast(caster, {1, -50, 1}, {0, 1, 0}, 100.0F);
    ASSERT_TRUE(hit);
    EXPECT_EQ(hit->distance, 0.0F);
    EXPECT_NEAR(dot(hit->normal, hit->normal), 1.0F, 1e-4F);
}

TEST(Raycaster, EndsAtItsLength) {
    const Volume volume(std::make_shared<FlatGenerator>(0.0F));
    Raycaster caster(volume);
    EXPECT_FALSE(cast(caster, {0, 10, 0}, {0, -1, 0}, 9.9F));
    EXPECT_TRUE(cast(caster, {0, 10, 0}, {0, -1, 0}, 10.1F));
    EXPECT_FALSE(cast(caster, {0, 10, 0}, {0, 1, 0}, kMaxRayDistance));
    EXPECT_FALSE(cast(caster, {0, 10, 0}, {0, -1, 0}, 0.0F));
    EXPECT_TRUE(cast(caster, {0, 10, 0}, {0, -1e30F, 0}, 20.0F)) << "only the direction counts";
    EXPECT_TRUE(cast(caster, {0, 10, 0}, {0, -1e-30F, 0}, 20.0F));
}

TEST(Raycaster, WrongInputIsAnError) {
    const Volume volume(std::make_shared<FlatGenerator>(0.0F));
    Raycaster caster(volume);
    const float nan = std::numeric_limits<float>::quiet_NaN();
    const float infinite = std::numeric_limits<float>::infinity();
    const auto kind = [&](Vec3f from, Vec3f direction, float distance) {
        const auto result = caster.cast(from, direction, distance);
        EXPECT_FALSE(result);
        return result ? VoxelError::Kind::GeneratorFailed : result.error().kind;
    };
    EXPECT_EQ(kind({0, 0, 0}, {0, 0, 0}, 10), VoxelError::Kind::ZeroDirection);
    EXPECT_EQ(kind({nan, 0, 0}, {0, 1, 0}, 10), VoxelError::Kind::NotFinite);
    EXPECT_EQ(kind({0, 0, 0}, {0, nan, 0}, 10), VoxelError::Kind::NotFinite);
    EXPECT_EQ(kind({0, 0, 0}, {0, infinite, 0}, 10), VoxelError::Kind::NotFinite);
    EXPECT_EQ(kind({0, 0, 0}, {0, 1, 0}, infinite), VoxelError::Kind::NotFinite);
    EXPECT_EQ(kind({0, 0, 0}, {0, 1, 0}, -1), VoxelError::Kind::OutOfRange);
    EXPECT_EQ(kind({0, 0, 0}, {0, 1, 0}, 1e6F), VoxelError::Kind::OutOfRange);
    EXPECT_EQ(kind({0, 3e7F, 0}, {0, 1, 0}, 10), VoxelError::Kind::OutsideWorld);
}

TEST(Raycaster, AThrowingGeneratorIsAnErrorAndTheNextRayWorks) {
    bool broken = true;
    const Volume volume(std::make_shared<FunctionGenerator>([&](Vec3f p) -> float {
        if (broken) throw std::runtime_error("not now");
        return p.y;
    }));
    Raycaster caster(volume);
    const auto failed = caster.cast({0, 10, 0}, {0, -1, 0}, 20);
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().kind, VoxelError::Kind::GeneratorFailed);
    EXPECT_EQ(failed.error().message, "not now");
    broken = false;
    EXPECT_TRUE(cast(caster, {0, 10, 0}, {0, -1, 0}, 20));
}

}  // namespace
}  // namespace nebula::voxel
