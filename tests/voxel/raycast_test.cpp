// SPDX-License-Identifier: MIT
#include "shown_triangles.hpp"
#include "test_fields.hpp"
#include "world_samples.hpp"

#include "nebula/voxel/edit/edit.hpp"
#include "nebula/voxel/gen/noise_generator.hpp"
#include "nebula/voxel/gen/shape_generators.hpp"
#include "nebula/voxel/query/raycast.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>
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

// ---- Every direction, from every kind of place ----

/// The triangles of the finest chunk meshes, met one by one.
class RaycastOracle : public testing::Test {
protected:
    using Vec = ShownTriangles::Vec;
    using Triangle = ShownTriangles::Triangle;
    static constexpr double kLength = 12.0;

    /// Of chunks in [low, high).
    void build(std::shared_ptr<const Generator> generator, Vec3i low, Vec3i high, bool dig) {
        volume_ = std::make_unique<Volume>(std::move(generator));
        Dice dice(11);
        for (int i = 0; dig && i < 24; ++i)
            EXPECT_TRUE(apply(*volume_, {i % 2 == 0 ? SphereEdit::Kind::Dig : SphereEdit::Kind::Add,
                                         {dice.real(-20, 36), dice.real(-8, 6), dice.real(-20, 36)},
                                         dice.real(1.2F, 7.0F)}));
        caster_ = std::make_unique<Raycaster>(*volume_);
        triangles_.add(*volume_, low, high);
    }

    /// A cast must find the first triangle on its way, and start inside the ground if that is met
    /// from behind.
    void compare(Vec3f from, Vec3f direction, const char* kind, int number) {
        const auto result = caster_->cast(from, direction, static_cast<float>(kLength));
        ASSERT_TRUE(result) << kind << " ray " << number << ": " << result.error().message;
        const double length =
            std::hypot(double{direction.x}, double{direction.y}, double{direction.z});
        const Vec start{from.x, from.y, from.z};
        const Vec d{direction.x / length, direction.y / length, direction.z / length};
        double first = 1e9;
        bool from_behind = false;
        // Whatever the ray passes between two steps is beside the cell of one of them.
        for (double t = 0; t < kLength + 1.0; t += 0.9)
            triangles_.for_each_near(start + d * t, 1, [&](const Triangle& triangle) {
                meet(triangle, start, d, first, from_behind);
            });
        if (first > kLength) {
            EXPECT_TRUE(!*result || (*result)->distance == 0.0F)
                << kind << " ray " << number << " met what is not there";
            return;
        }
        ++crossings_;
        // An aligned ray may graze an edge where one triangle shows its front and the other its back.
        if (may_graze_ && from_behind && *result && (*result)->distance > 0.0F) from_behind = false;
        ASSERT_TRUE(*result) << kind << " ray " << number << " went through the ground at "
                             << first;
        EXPECT_NEAR((*result)->distance, from_behind ? 0.0 : first, 1e-4)
            << kind << " ray " << number << ", first " << first;
    }

    std::unique_ptr<Volume> volume_;
    std::unique_ptr<Raycaster> caster_;
    int crossings_ = 0;
    bool may_graze_ = false;

private:
    // By barycentric coordinates.
    static void meet(const Triangle& p, const Vec& start, const Vec& d, double& first,
                     bool& from_behind) {
        constexpr double kEdge = 1e-9;
        const Vec e1 = p[1] - p[0];
        const Vec e2 = p[2] - p[0];
        const Vec h = cross(d, e2);
        const double det = dot(e1, h);
        if (std::abs(det) < 1e-14) return;
        const Vec s = start - p[0];
        const double u = dot(s, h) / det;
        const Vec q = cross(s, e1);
        const double v = dot(d, q) / det;
        const double t = dot(e2, q) / det;
        if (u < -kEdge || v < -kEdge || u + v > 1 + kEdge || t < 0 || t >= first) return;
        first = t;
        from_behind = dot(cross(e2, e1), d) > 0;
    }

    ShownTriangles triangles_;
};

// NEBULA_LONG_TESTS=1 casts a million of each kind.
int ray_count() { return std::getenv("NEBULA_LONG_TESTS") != nullptr ? 1'000'000 : 10'000; }

TEST_F(RaycastOracle, RandomRaysMeetTheMesh) {
    build(std::make_shared<FlatGenerator>(-3.4F), {-2, -2, -2}, {2, 2, 2}, true);
    Dice dice(21);
    for (int i = 0; i < ray_count() && !HasFatalFailure(); ++i) {
        const Vec3f from{dice.real(-20, 36), dice.real(-14, 12), dice.real(-20, 36)};
        compare(from, dice.point(1.0F), "random", i);
    }
    EXPECT_GT(crossings_, ray_count() / 4);
}

// Ground in which no sample agrees with its neighbours: where the trilinear blend and the triangles
// have least in common.
TEST_F(RaycastOracle, RaysThroughLacyGroundMeetTheMesh) {
    class Lace final : public Generator {
        void generate(const Region& region, Sample* out, std::ptrdiff_t y_step,
                      std::ptrdiff_t z_step) const override {
            const auto field = test::random_field(9);
            const Box3i& box = region.box;
            for (std::int32_t z = box.min.z; z < box.max.z; ++z)
                for (std::int32_t y = box.min.y; y < box.max.y; ++y)
                    for (std::int32_t x = box.min.x; x < box.max.x; ++x)
                        out[(x - box.min.x) + (y - box.min.y) * y_step + (z - box.min.z) * z_step] =
                            field({x, y, z});
        }
    };
    build(std::make_shared<Lace>(), {0, 0, 0}, {1, 1, 1}, false);
    Dice dice(23);
    for (int i = 0; i < ray_count() / 4 && !HasFatalFailure(); ++i)
        compare(dice.point(2.0F) + Vec3f{16, 16, 16}, dice.point(1.0F), "lacy", i);
    EXPECT_GT(crossings_, ray_count() / 5);
}

// From corners, edges and faces of cells, bricks and chunks, along axes, diagonals and nearly so.
// Once two walks handed such a ray the same cell back and forth for ever.
TEST_F(RaycastOracle, LatticeAlignedRaysMeetTheMesh) {
    may_graze_ = true;
    build(std::make_shared<FlatGenerator>(-3.4F), {-2, -2, -2}, {2, 2, 2}, true);
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
        const Vec3f from{coordinate(-16, 32), coordinate(-12, 12), coordinate(-16, 32)};
        Vec3f direction;
        do {
            direction = {components[dice.whole(0, 11)], components[dice.whole(0, 11)],
                         components[dice.whole(0, 11)]};
        } while (direction.x == 0 && direction.y == 0 && direction.z == 0);
        compare(from, direction, "aligned", i);
    }
    EXPECT_GT(crossings_, ray_count() / 8);
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

// Rays that are too short to leap over more than a brick at a time, one after the other.
std::optional<RayHit> in_short_rays(Raycaster& caster, Vec3f from, Vec3f way, int count) {
    const float length = std::sqrt(dot(way, way));
    for (int i = 0; i < count; ++i)
        if (auto hit = cast(caster, from + way * static_cast<float>(i), way, length)) return hit;
    return std::nullopt;
}

TEST(Raycaster, LeapsOverLongAirAndMissesNothingInIt) {
    Volume volume(low_hills());
    Raycaster caster(volume);
    Dice dice(8);
    // Things in the air, on which some of the rays are aimed.
    std::vector<Vec3f> things;
    for (int i = 0; i < 60; ++i) {
        things.push_back({dice.real(-500, 500), dice.real(20, 3000), dice.real(-500, 500)});
        ASSERT_TRUE(apply(volume, {SphereEdit::Kind::Add, things.back(), dice.real(1.5F, 20)}));
    }
    constexpr int count = 80;
    int in_the_air = 0;
    for (int i = 0; i < 600; ++i) {
        // Of whole numbers, so the start of each short ray is exact.
        Vec3f way{0, -48, 0};
        if (i % 3 == 1) way = {static_cast<float>(dice.whole(-6, 6)), -40, 1};
        if (i % 3 == 2) way = i % 2 == 0 ? Vec3f{44, 0, 0} : Vec3f{3, 2, -44};
        const Vec3f to = things[static_cast<std::size_t>(dice.whole(0, 59))] +
                         (i % 4 == 0 ? Vec3f{} : dice.point(30.0F));
        const Vec3f from{std::floor(to.x) - way.x * 40, std::floor(to.y) - way.y * 40,
                         std::floor(to.z) - way.z * 40};
        const auto expected = in_short_rays(caster, from, way, count);
        const auto hit = cast(caster, from, way, std::sqrt(dot(way, way)) * count);
        ASSERT_EQ(hit.has_value(), expected.has_value()) << "ray " << i;
        if (!hit) continue;
        in_the_air += hit->position.y > 20.0F ? 1 : 0;
        const Vec3f off = hit->position - expected->position;
        EXPECT_LT(std::sqrt(dot(off, off)), 2e-3F) << "ray " << i;
    }
    EXPECT_GT(in_the_air, 100);
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

// These went through the ground at a vertex, and then hit their own start.
TEST(Raycaster, RaysFromAReportMeetTheVertexThatTheyAreAimedAt) {
    const Volume volume(std::make_shared<FlatGenerator>(0.5F));
    Raycaster caster(volume);
    const std::pair<Vec3f, Vec3f> rays[] = {{{0.5F, 10.5F, 0.5F}, {3.5F, -10.0F, 6.5F}},
                                            {{0.0F, 15.5F, 0.0F}, {3.0F, -15.0F, 9.0F}},
                                            {{0.25F, 1.25F, 0.25F}, {3.75F, -0.75F, -12.25F}}};
    for (const auto& [from, way] : rays) {
        const auto hit = cast(caster, from, way, 100.0F);
        ASSERT_TRUE(hit);
        EXPECT_NEAR(hit->distance, std::sqrt(dot(way, way)), 1e-4F);
    }
}

// Of plain ground, and of a sheet whose other side is one voxel below.
TEST(Raycaster, ARayAimedAtAVertexMeetsIt) {
    constexpr float kTop = 0.5F;
    Dice dice(31);
    for (const bool sheet : {false, true}) {
        const Volume volume(std::make_shared<FunctionGenerator>(
            [=](Vec3f p) { return sheet ? std::abs(p.y) - 0.5F : p.y - kTop; }));
        Raycaster caster(volume);
        for (int i = 0; i < 10'000; ++i) {
            const auto whole = [&](int size) {
                return static_cast<float>(dice.whole(-size, size));
            };
            const Vec3f vertex{whole(15), kTop, whole(15)};
            // From where the way is exact in floats, so the line through the vertex is as well.
            const Vec3f away =
                Vec3f{whole(200), 4.0F + std::abs(whole(300)), whole(200)} * (1.0F / 16.0F);
            const auto hit = cast(caster, vertex + away, Vec3f{} - away, 100.0F);
            ASSERT_TRUE(hit) << "ray " << i << " of " << sheet;
            const float distance = std::sqrt(dot(away, away));
            ASSERT_NEAR(hit->distance, distance, 1e-6F * (1.0F + distance))
                << "ray " << i << " of " << sheet;
        }
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
