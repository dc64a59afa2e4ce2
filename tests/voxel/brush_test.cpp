// SPDX-License-Identifier: MIT
#include "brush_oracle.hpp"
#include "world_samples.hpp"

#include "nebula/voxel/edit/edit.hpp"
#include "nebula/voxel/gen/shape_generators.hpp"
#include "nebula/voxel/store/brick_key.hpp"

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
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace nebula::voxel {
namespace {

using test::any_shape;
using test::kShapeKinds;

Sample by_definition(const Operation& o, Sample before, Vec3i p, Level level) {
    const double into = test::into(o.shape, p, level) / static_cast<double>(voxel_size(level));
    return o.mode == Mode::Dig ? std::max(before, quantize(static_cast<float>(into)))
                               : std::min(before, quantize(static_cast<float>(-into)));
}

// Points of a level in and around a shape that is about `size` voxels of level 0 large.
std::vector<Vec3i> points_around(Dice& dice, Vec3f centre, float size, Level level, int count) {
    std::vector<Vec3i> points;
    const float reach = size / voxel_size(level) + 5.0F;
    for (int i = 0; i < count; ++i) {
        const Vec3f p = centre * (1.0F / voxel_size(level)) + dice.point(reach);
        points.push_back({static_cast<std::int32_t>(std::floor(p.x)),
                          static_cast<std::int32_t>(std::floor(p.y)),
                          static_cast<std::int32_t>(std::floor(p.z))});
    }
    return points;
}

class EveryShape : public testing::TestWithParam<int> {};  // the parameter: the index in Shape
INSTANTIATE_TEST_SUITE_P(Kinds, EveryShape, testing::Range(0, kShapeKinds));

TEST_P(EveryShape, IsDugAndAddedByDefinitionOnEveryLevel) {
    Dice dice(41 + static_cast<std::uint32_t>(GetParam()));
    int changed = 0;
    int changed_far = 0;
    for (int round = 0; round < 6; ++round) {
        Volume volume(low_hills());
        Operation o;
        o.mode = round % 2 == 0 ? Mode::Dig : Mode::Add;
        o.shape = any_shape(dice, GetParam(), 6.0F, round < 4 ? 12.0F : 40.0F);
        const float size = round < 4 ? 20.0F : 60.0F;
        std::map<std::pair<Level, Vec3i>, Sample> before;
        for (Level level = 0; level < 5; ++level)
            for (const Vec3i p : points_around(dice, {}, size, level, level == 0 ? 600 : 200))
                before[{level, p}] = sample_of(volume, p, level);
        const auto report = apply(volume, o);
        ASSERT_TRUE(report) << report.error().message;
        for (const auto& [at, old] : before) {
            const auto& [level, p] = at;
            const int now = sample_of(volume, p, level);
            if (now == old && size / voxel_size(level) < 4.0F) continue;  // may be left out
            ASSERT_NEAR(now, by_definition(o, old, p, level), 1)
                << "round " << round << ", level " << level << " at " << p.x << ' ' << p.y << ' '
                << p.z;
            changed += now != old ? 1 : 0;
            changed_far += level > 1 && now != old ? 1 : 0;
        }
    }
    EXPECT_GT(changed, 40);
    EXPECT_GT(changed_far, 10);
}

// A brush begins in the world and reaches beyond its border, where every level has room for it.
TEST(Brushes, WorkAtTheBorderOfTheWorld) {
    Dice dice(9);
    for (const float side : {1.0F, -1.0F}) {
        const Vec3f at{kWorldLimit * side, -kWorldLimit, kWorldLimit};
        const Vec3f inward = at - Vec3f{9.0F * side, -9.0F, 9.0F};
        const std::vector<Shape> shapes{
            SphereShape{at, 60.0F},
            BoxShape{at, {30, 30, 30}, {0, 0, 0.3F, 0.9F}},
            CapsulePathShape{{at, inward}, 30.0F},
            ConeShape{at, inward, 20.0F, 30.0F},
            PlaneCutShape{at, {0, 1, 0}, {40, 40, 40}},
            StampShape{test::dented_ball(40), at, {}},
        };
        for (const Shape& shape : shapes) {
            Volume volume(std::make_shared<FlatGenerator>(0.0F));  // deep below it
            const Operation dig{.shape = shape};
            const auto report = apply(volume, dig);
            ASSERT_TRUE(report) << report.error().message;
            for (const BrickId brick : report->bricks)
                ASSERT_TRUE(key_of(brick)) << "no file could keep it";
            for (Level level = 0; level < 4; ++level)
                for (const Vec3i p : points_around(dice, at, 40.0F, level, 200))
                    ASSERT_NEAR(sample_of(volume, p, level),
                                by_definition(dig, kSampleMin, p, level), 2)  // none is 0
                        << "shape " << shape.index() << ", level " << level;
        }
    }
}

// However a world came about, levels that share a point agree about its sign.
TEST(Brushes, AgreeAboutSignsOnAllLevels) {
    Dice dice(77);
    for (int world = 0; world < 2; ++world) {
        Volume volume(low_hills());
        for (int i = 0; i < 60; ++i) {
            Operation o;
            o.mode = static_cast<Mode>(dice.whole(0, 6));
            o.shape = any_shape(dice, o.mode == Mode::Paste ? 5 : dice.whole(0, kShapeKinds - 1),
                                16.0F, dice.whole(0, 5) == 0 ? 2.0F : 14.0F);
            if (o.mode != Mode::Paste && dice.whole(0, 1) == 0) {
                o.strength = dice.real(0.1F, 1.0F);
                o.falloff = dice.real(0.0F, 8.0F);
            }
            o.target = {dice.point(5.0F), dice.point(0.5F) + Vec3f{0, 1, 0}};
            const auto report = apply(volume, o);
            ASSERT_TRUE(report) << report.error().message;
            for (const BrickId id : report->bricks) {
                if (id.level == 0) continue;
                const Brick& brick = *volume.find(id);
                for (int k = 0; k < 60; ++k) {
                    const Vec3i in{dice.whole(0, 15), dice.whole(0, 15), dice.whole(0, 15)};
                    const Vec3i p = id.at * kBrickSize + in;
                    ASSERT_EQ(is_inside(brick.at(in.x, in.y, in.z)),
                              is_inside(sample_of(volume, p * 2, id.level - 1)))
                        << "edit " << i << ", level " << id.level << " at " << p.x << ' ' << p.y
                        << ' ' << p.z;
                    ASSERT_NE(brick.at(in.x, in.y, in.z), 0);
                }
            }
        }
    }
}

// Smaller than a voxel of most levels, but with a point of every level inside.
TEST(Brushes, AgreeAboutThePointInATinyShape) {
    Dice dice(12);
    for (int kind = 0; kind < kShapeKinds; ++kind)
        for (const Mode mode : {Mode::Dig, Mode::Add}) {
            const bool dig = mode == Mode::Dig;
            Volume volume(std::make_shared<FlatGenerator>(dig ? 1000.0F : -1000.0F));
            const Vec3f at{64.0F, 0.0F, -128.0F};
            Operation o{.mode = mode, .shape = any_shape(dice, kind, 0.0F, 1.5F)};
            if (auto* path = std::get_if<CapsulePathShape>(&o.shape)) path->points = {at};
            std::visit(
                [&](auto& shape) {
                    using S = std::remove_cvref_t<decltype(shape)>;
                    if constexpr (requires { shape.centre; }) shape.centre = at;
                    if constexpr (std::is_same_v<S, ConeShape>)
                        shape = {at - Vec3f{0, 1, 0}, at + Vec3f{0, 1, 0}, 0.4F, 0.6F};
                    if constexpr (std::is_same_v<S, PlaneCutShape>)
                        shape = {at - Vec3f{0, 0.1F, 0}, {0, 1, 0}, {0.5F, 0.5F, 0.5F}};
                    if constexpr (std::is_same_v<S, StampShape>)
                        shape = {test::dented_ball(4), at - Vec3f{2, 2, 2}, {}};
                },
                o.shape);
            ASSERT_TRUE(apply(volume, o));
            for (Level level = 0; level < 6; ++level)
                EXPECT_EQ(is_inside(sample_of(volume, {64 >> level, 0, -128 >> level}, level)),
                          !dig)
                    << "kind " << kind << ", level " << level;
        }
}

std::int64_t ground_in(const Volume& volume, const std::vector<BrickId>& bricks) {
    std::int64_t sum = 0;
    for (const BrickId id : bricks) {
        if (id.level != 0) continue;
        for (int z = 0; z < kBrickSize; ++z)
            for (int y = 0; y < kBrickSize; ++y)
                for (int x = 0; x < kBrickSize; ++x)
                    sum += std::clamp(16 - sample_of(volume, id.at * kBrickSize + Vec3i{x, y, z}),
                                      0, 32);
    }
    return sum;
}

TEST_P(EveryShape, ReportsTheGroundThatItRemovesAndAdds) {
    Dice dice(5);
    Operation o;
    o.shape = any_shape(dice, GetParam(), 3.0F, 12.0F);
    if (auto* stamp = std::get_if<StampShape>(&o.shape)) *stamp = {stamp->grid, {-6, -6, -6}, {}};
    const auto generator = std::make_shared<FlatGenerator>(0.3F);
    for (const bool soft : {false, true})
        for (const Mode mode : {Mode::Dig, Mode::Add}) {
            o.mode = mode;
            o.strength = soft ? 0.6F : 1.0F;
            Volume volume(generator);
            const Volume pristine(generator);
            const auto report = apply(volume, o);
            ASSERT_TRUE(report);
            const std::int64_t before = ground_in(pristine, report->bricks);
            const std::int64_t after = ground_in(volume, report->bricks);
            EXPECT_EQ(report->volume.added - report->volume.removed, after - before);
            EXPECT_GT(mode == Mode::Dig ? report->volume.removed : report->volume.added, 0);
            EXPECT_EQ(mode == Mode::Dig ? report->volume.added : report->volume.removed, 0);
        }
}

// A ball in the depth: its volume is known. The interior is reported without being painted.
TEST(Brushes, ReportTheVolumeOfABall) {
    Volume volume(std::make_shared<FlatGenerator>(1000.0F));
    const auto report = apply(volume, {.shape = SphereShape{{0.3F, 0.2F, -0.4F}, 60.0F}});
    ASSERT_TRUE(report);
    const double expected = 4.0 / 3.0 * 3.14159265 * 60.0 * 60.0 * 60.0;
    EXPECT_NEAR(static_cast<double>(report->volume.removed) / kVolumeUnitsPerVoxel, expected,
                expected * 0.001);
    EXPECT_EQ(volume.find({{0, 0, 0}}), &kAirBrick);
}

// What the interior of a shape leaves out is what painting it would leave.
TEST(Brushes, LeaveTheSameWhereABrickIsWhollyInside) {
    Dice dice(8);
    for (int kind = 0; kind < kShapeKinds; ++kind) {
        Volume volume(low_hills());
        const Operation o{.mode = Mode::Add, .shape = any_shape(dice, kind, 2.0F, 60.0F)};
        std::map<Vec3i, Sample> before;
        for (const Vec3i p : points_around(dice, {}, 40.0F, 0, 1500))
            before[p] = sample_of(volume, p);
        ASSERT_TRUE(apply(volume, o));
        for (const auto& [p, old] : before)
            ASSERT_NEAR(sample_of(volume, p), by_definition(o, old, p, 0), 1) << "kind " << kind;
    }
}

TEST(Brushes, NameExactlyTheBricksAndChunksThatChange) {
    Dice dice(4);
    for (int round = 0; round < 24; ++round) {
        Volume volume(low_hills());
        Operation o;
        o.mode =
            static_cast<Mode>(std::array{0, 1, 3, 4, 5, 6}[static_cast<std::size_t>(round % 6)]);
        o.shape = any_shape(dice, dice.whole(0, kShapeKinds - 1), 20.0F, 7.0F);
        if (round % 2 == 0) o.falloff = 2.0F;
        const Level level = round % 3 == 0 ? 1 : 0;
        const auto samples = [&] {
            std::map<BrickId, Brick> all;
            const int reach = level == 0 ? 3 : 2;
            for (std::int32_t z = -reach; z < reach; ++z)
                for (std::int32_t y = -reach; y < reach; ++y)
                    for (std::int32_t x = -reach; x < reach; ++x) {
                        const BrickId id{{x, y, z}, level};
                        Brick& brick = all[id];
                        if (const Brick* existing = volume.find(id))
                            brick = *existing;
                        else
                            volume.generator().generate(brick_region(id), brick.samples.data(),
                                                        kBrickSize, kBrickSize * kBrickSize);
                    }
            return all;
        };
        const auto before = samples();
        const auto report = apply(volume, o);
        ASSERT_TRUE(report) << report.error().message;
        const auto after = samples();
        std::vector<Vec3i> bricks;
        std::set<Vec3i> chunks;
        for (const auto& [id, brick] : after) {
            const Brick& old = before.at(id);
            if (brick.samples == old.samples) continue;
            bricks.push_back(id.at);
            for (int i = 0; i < static_cast<int>(kBrickSamples); ++i) {
                if (brick.samples[static_cast<std::size_t>(i)] ==
                    old.samples[static_cast<std::size_t>(i)])
                    continue;
                const Vec3i p = id.at * kBrickSize + Vec3i{i % 16, i / 16 % 16, i / 256};
                ASSERT_TRUE(report->reach[static_cast<std::size_t>(level)].contains(p));
                for (std::int32_t z = floor_div(p.z - 33, 32); z <= floor_div(p.z + 1, 32); ++z)
                    for (std::int32_t y = floor_div(p.y - 33, 32); y <= floor_div(p.y + 1, 32); ++y)
                        for (std::int32_t x = floor_div(p.x - 33, 32); x <= floor_div(p.x + 1, 32);
                             ++x)
                            if (Box3i{Vec3i{x, y, z} * 32 + Vec3i{-1, -1, -1},
                                      Vec3i{x, y, z} * 32 + Vec3i{34, 34, 34}}
                                    .contains(p))
                                chunks.insert({x, y, z});
            }
        }
        std::vector<Vec3i> named = on_level(level, report->bricks);
        std::sort(named.begin(), named.end());
        EXPECT_EQ(named, bricks) << "round " << round;
        EXPECT_EQ(on_level(level, report->chunks), std::vector<Vec3i>(chunks.begin(), chunks.end()))
            << "round " << round;
    }
}

using Samples = std::map<Vec3i, Sample>;

// What a soft operation makes of a sample of the finest level.
double soft_by_definition(const Operation& o, const Samples& before, Vec3i p) {
    const int here = before.at(p);
    const double into = test::into(o.shape, p);
    if (into < 0) return here;
    const double most =
        32.0 * double{o.strength} * (o.falloff > 0 ? std::min(into / double{o.falloff}, 1.0) : 1.0);
    double away = std::abs(here);
    double sum = 0;
    bool known = std::abs(here) < 127;
    if (!known) away = 1000;
    for (int i = 0; i < 27; ++i) {
        const Vec3i d{i % 3 - 1, i / 3 % 3 - 1, i / 9 - 1};
        const int there = before.at(p + d);
        sum += there / 27.0;
        if (std::abs(here) < 127 || std::abs(there) == 127) continue;
        known = true;
        const double step = std::sqrt(double(d.x * d.x + d.y * d.y + d.z * d.z)) * 32;
        away = std::min(away, (here < 0 ? -there : there) + step);
    }
    if (!known) return here;
    if (std::abs(here) == 127) away = std::max(away, 127.0);
    const double distance = here < 0 ? -away : away;
    const auto towards = [&](double goal) {
        return distance + std::clamp(goal - distance, -most, most);
    };
    switch (o.mode) {
        case Mode::Dig:
            return std::min(std::max(double(here), 32 * into), distance + most);
        case Mode::Add:
            return std::max(std::min(double(here), -32 * into), distance - most);
        case Mode::Grow:
            return distance - most;
        case Mode::Shrink:
            return distance + most;
        case Mode::Smooth:
            return std::abs(here) == 127 ? here : towards(sum);
        default:
            return towards(
                32 *
                -test::into(
                    PlaneCutShape{o.target.point, o.target.normal * -1.0F, {1e4F, 1e4F, 1e4F}}, p));
    }
}

// And each coarser level takes the signs of the finer one, where that has changed.
TEST(SoftBrushes, AreTheirDefinitionOnEveryLevel) {
    Dice dice(19);
    const auto in_box = [](std::int32_t reach, auto&& f) {
        for (std::int32_t z = -reach; z <= reach; ++z)
            for (std::int32_t y = -reach; y <= reach; ++y)
                for (std::int32_t x = -reach; x <= reach; ++x) f(Vec3i{x, y, z});
    };
    constexpr std::int32_t kReach = 9;
    constexpr Level kChecked = 4;
    int changed = 0;
    int changed_far = 0;
    Volume volume(low_hills());
    for (int round = 0; round < 12; ++round) {
        Operation o;
        o.mode =
            static_cast<Mode>(std::array{0, 1, 3, 4, 5, 6}[static_cast<std::size_t>(round % 6)]);
        o.shape = any_shape(dice, dice.whole(0, kShapeKinds - 1), 4.0F, 12.0F);
        o.strength = dice.real(0.3F, 0.9F);
        o.falloff = round % 3 == 0 ? 0.0F : dice.real(0.5F, 5.0F);
        o.target = {dice.point(3.0F), dice.point(0.4F) + Vec3f{0, 1, 0}};
        std::array<Samples, kChecked> before;
        for (Level level = 0; level < kChecked; ++level)
            in_box((kReach + 1) >> level, [&](Vec3i p) {
                before[static_cast<std::size_t>(level)][p] = sample_of(volume, p, level);
            });
        const auto report = apply(volume, o);
        ASSERT_TRUE(report) << report.error().message;
        in_box(kReach, [&](Vec3i p) {
            const int now = sample_of(volume, p);
            if (std::abs(test::into(o.shape, p)) < 0.01) return;
            const double expected = std::clamp(soft_by_definition(o, before[0], p), -127.0, 127.0);
            ASSERT_NEAR(now, expected, 1.1)
                << "round " << round << " at " << p.x << ' ' << p.y << ' ' << p.z;
            changed += now != before[0].at(p) ? 1 : 0;
        });
        for (Level level = 1; level < kChecked; ++level)
            in_box(kReach >> level, [&](Vec3i p) {
                const int old = before[static_cast<std::size_t>(level)].at(p);
                const int finer = sample_of(volume, p * 2, level - 1);
                int expected = old;
                if (finer != before[static_cast<std::size_t>(level) - 1].at(p * 2)) {
                    expected = to_coarser_level(static_cast<Sample>(finer));
                    if (std::abs(finer) == 127 && (old < 0) == (finer < 0) && std::abs(old) > 64)
                        expected = old;
                }
                ASSERT_EQ(int{sample_of(volume, p, level)}, expected) << "level " << level;
                changed_far += expected != old ? 1 : 0;
            });
    }
    EXPECT_GT(changed, 800);
    EXPECT_GT(changed_far, 40);
}

// Without a look at the neighbours, saturated air would come nearer by a voxel each time, and after four
// operations everything in the brush would be ground.
TEST(Brushes, GrowingInTheSkyMakesNoGround) {
    Volume volume(std::make_shared<FlatGenerator>(0.0F));
    const Operation o{.mode = Mode::Grow,
                      .shape = BoxShape{{4.0F, 20.0F, 4.0F}, {12.0F, 12.0F, 12.0F}, {}}};
    for (int i = 0; i < 8; ++i) ASSERT_TRUE(apply(volume, o));
    EXPECT_FALSE(is_inside(sample_of(volume, {4, 20, 4})));
    EXPECT_EQ(volume.edited_count(), 0U);
}

TEST(Brushes, MoveTheSurfaceByTheirStrength) {
    for (const auto& [mode, sign] : {std::pair{Mode::Grow, 1.0}, std::pair{Mode::Shrink, -1.0}}) {
        Volume volume(std::make_shared<FlatGenerator>(0.3F));
        const Operation o{
            .mode = mode, .shape = BoxShape{{0, 0, 0}, {20, 20, 20}, {}}, .strength = 0.5F};
        for (int i = 0; i < 20; ++i) ASSERT_TRUE(apply(volume, o));
        // Ten voxels, on each level that has a point there.
        for (const Level level : {0, 1, 2}) {
            const double size = static_cast<double>(voxel_size(level));
            const double surface = 0.3 + sign * 10.0;
            const auto below = static_cast<std::int32_t>(std::floor(surface / size));
            const int a = sample_of(volume, {0, below, 0}, level);
            const int b = sample_of(volume, {0, below + 1, 0}, level);
            ASSERT_LT(a, 0) << level;
            ASSERT_GT(b, 0) << level;
            const double crossing = (below + double(a) / (a - b)) * size;
            EXPECT_NEAR(crossing, surface, level == 0 ? 0.1 : 0.3 * size) << level;
        }
    }
}

// A soft brush passes over what is far from the ground's surface.
TEST(Brushes, SoftOnesFindWhatWasBuiltFarFromTheGround) {
    Volume volume(std::make_shared<FlatGenerator>(0.0F));
    for (const float height : {200.0F, -200.0F}) {
        const Vec3f centre{3, height, -5};
        const bool in_the_sky = height > 0.0F;
        ASSERT_TRUE(apply(volume, {.mode = in_the_sky ? Mode::Add : Mode::Dig,
                                   .shape = SphereShape{centre, 6.0F}}));
        const auto report =
            apply(volume, {.mode = Mode::Grow, .shape = SphereShape{centre, 40.0F}});
        ASSERT_TRUE(report);
        const double area = 4.0 * 3.1416 * 6.0 * 6.0;  // moved by a voxel
        EXPECT_NEAR(static_cast<double>(report->volume.added) / kVolumeUnitsPerVoxel,
                    in_the_sky ? area * 1.17 : area * 0.84, area * 0.1);
    }
    // And far inside the ground, a dig that no hardness meets is done at once.
    const SphereShape deep{{0, -500, 0}, 20.0F};
    ASSERT_TRUE(apply(volume, {.shape = deep, .hardness = {{7, 0.5F}}}));
    Volume hard(std::make_shared<FlatGenerator>(0.0F));
    ASSERT_TRUE(apply(hard, {.shape = deep}));
    for (std::int32_t x = -30; x <= 30; ++x)
        EXPECT_EQ(sample_of(volume, {x, -500, 3}), sample_of(hard, {x, -500, 3})) << x;
}

TEST(Brushes, SoftDigsEndWhereHardOnesDo) {
    const auto generator = low_hills();
    for (const Mode mode : {Mode::Dig, Mode::Add}) {
        Operation o{.mode = mode, .shape = SphereShape{{0, 0, 0}, 9.0F}};
        Volume hard(generator);
        ASSERT_TRUE(apply(hard, o));
        Volume soft(generator);
        o.strength = 0.9F;
        std::size_t last = 1;
        for (int i = 0; i < 60 && last > 0; ++i) {
            const auto report = apply(soft, o);
            ASSERT_TRUE(report);
            last = report->bricks.size();
        }
        EXPECT_EQ(last, 0U);
        for (std::int32_t z = -8; z <= 8; ++z)
            for (std::int32_t y = -8; y <= 8; ++y)
                for (std::int32_t x = -8; x <= 8; ++x) {
                    if (test::into(o.shape, {x, y, z}) <= 0) continue;
                    ASSERT_EQ(is_inside(sample_of(soft, {x, y, z})),
                              is_inside(sample_of(hard, {x, y, z})))
                        << x << ' ' << y << ' ' << z;
                }
    }
}

TEST(Brushes, SmoothAndFlattenMakeTheGroundFlatter) {
    const auto generator = std::make_shared<FunctionGenerator>(
        [](Vec3f p) { return p.y - 2.0F * std::sin(p.x * 0.9F) * std::sin(p.z * 0.8F) - 0.2F; });
    const auto roughness = [](const Volume& volume) {
        // Of the surface's height over columns near the middle.
        double sum = 0;
        for (std::int32_t z = -6; z <= 6; ++z)
            for (std::int32_t x = -6; x <= 6; ++x)
                for (std::int32_t y = -6; y < 6; ++y) {
                    const int a = sample_of(volume, {x, y, z});
                    const int b = sample_of(volume, {x, y + 1, z});
                    if (a < 0 && b > 0) sum += std::abs(y + double(a) / (a - b) - 0.2);
                }
        return sum;
    };
    for (const Mode mode : {Mode::Smooth, Mode::Flatten}) {
        Volume volume(generator);
        const double before = roughness(volume);
        Operation o{.mode = mode, .shape = SphereShape{{0, 0, 0}, 16.0F}};
        o.target.point = {0.0F, 0.2F, 0.0F};
        for (int i = 0; i < 6; ++i) ASSERT_TRUE(apply(volume, o));
        EXPECT_LT(roughness(volume), before * (mode == Mode::Flatten ? 0.05 : 0.6));
    }
}

TEST(Brushes, PasteWhatWasCopied) {
    Volume volume(low_hills());
    ASSERT_TRUE(apply(volume, {.shape = SphereShape{{3, 0, 3}, 7.0F}}));
    const Box3i box{{-10, -14, -9}, {15, 13, 16}};
    auto copied = copy_region(volume, box);
    ASSERT_TRUE(copied);
    const auto grid = std::make_shared<const DistanceGrid>(std::move(*copied));
    const Vec3i to{140, 3, -70};
    Operation paste{.mode = Mode::Paste};
    paste.shape = StampShape{grid, {140, 3, -70}, {}};
    const auto report = apply(volume, paste);
    ASSERT_TRUE(report) << report.error().message;
    for (std::int32_t z = 0; z < grid->size.z; ++z)
        for (std::int32_t y = 0; y < grid->size.y; ++y)
            for (std::int32_t x = 0; x < grid->size.x; ++x)
                ASSERT_EQ(sample_of(volume, to + Vec3i{x, y, z}),
                          sample_of(volume, box.min + Vec3i{x, y, z}));
    // And nothing beside it.
    Volume untouched(low_hills());
    for (std::int32_t z = -2; z <= grid->size.z + 1; ++z)
        for (const std::int32_t x : {-1, grid->size.x})
            EXPECT_EQ(sample_of(volume, to + Vec3i{x, 12, z}),
                      sample_of(untouched, to + Vec3i{x, 12, z}));
}

// Every refusal is one sentence and leaves the world as it was.
TEST(Brushes, RefuseWhatCannotBeMade) {
    Volume volume(low_hills());
    constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
    constexpr float kInfinite = std::numeric_limits<float>::infinity();
    const auto refused = [&](const Operation& o, const char* what) {
        const auto result = apply(volume, o);
        EXPECT_FALSE(result) << what;
        EXPECT_FALSE(!result && result.error().message.empty()) << what;
    };
    Dice dice(6);
    for (const float bad : {kNan, kInfinite, -kInfinite, 1e30F, -1.0F, 0.0F}) {
        refused({.shape = SphereShape{{}, bad}}, "radius");
        refused({.shape = BoxShape{{}, {1, bad, 1}, {}}}, "half size");
        refused({.shape = CapsulePathShape{{{}, {1, 1, 1}}, bad}}, "path radius");
        refused({.shape = ConeShape{{}, {0, 1, 0}, bad, 0}}, "cone radius");
        refused({.shape = PlaneCutShape{{}, {0, 1, 0}, {1, bad, 1}}}, "cut");
        refused({.shape = SphereShape{}, .strength = bad}, "strength");
        if (bad == 0.0F) continue;
        refused({.shape = SphereShape{}, .falloff = bad}, "falloff");
        if (bad == -1.0F) continue;
        refused({.shape = SphereShape{{0, bad, 0}, 1}}, "centre");
        refused({.shape = BoxShape{{0, bad, 0}, {1, 1, 1}, {}}}, "centre");
        refused({.shape = BoxShape{{}, {1, 1, 1}, {bad, 0, 0, 1}}}, "rotation");
        refused({.shape = CapsulePathShape{{{0, bad, 0}}, 1}}, "path");
        refused({.shape = ConeShape{{}, {bad, 1, 0}, 1, 0}}, "cone");
        refused({.shape = PlaneCutShape{{bad, 0, 0}, {0, 1, 0}, {1, 1, 1}}}, "cut");
        refused({.shape = PlaneCutShape{{}, {0, bad, 0}, {1, 1, 1}}}, "normal");
        refused({.shape = StampShape{test::dented_ball(5), {bad, 0, 0}, {}}}, "stamp");
        refused({.mode = Mode::Flatten, .shape = SphereShape{}, .target = {{bad, 0, 0}, {0, 1, 0}}},
                "plane");
    }
    refused({.shape = SphereShape{{}, 64.1F}}, "too large");
    refused({.shape = BoxShape{{}, {50, 50, 50}, {}}}, "too large");
    refused({.shape = CapsulePathShape{{}, 1}}, "no point");
    refused({.shape = CapsulePathShape{std::vector<Vec3f>(65), 1}}, "too many points");
    refused({.shape = ConeShape{{1, 1, 1}, {1, 1, 1}, 1, 1}}, "no axis");
    refused({.shape = ConeShape{{}, {0, 1, 0}, 0, 0}}, "no radius");
    refused({.shape = PlaneCutShape{{}, {0, 0, 0}, {1, 1, 1}}}, "no normal");
    refused({.shape = BoxShape{{}, {1, 1, 1}, {0, 0, 0, 0}}}, "no rotation");
    refused({.shape = StampShape{}}, "no grid");
    refused({.mode = Mode::Paste, .shape = SphereShape{}}, "a pasted sphere");
    refused({.mode = static_cast<Mode>(200), .shape = SphereShape{}}, "mode");
    const auto zero =
        std::make_shared<DistanceGrid>(DistanceGrid{{2, 2, 2}, std::vector<std::int16_t>(8)});
    refused({.shape = StampShape{zero, {}, {}}}, "zeros");
    EXPECT_EQ(volume.version(), 0U);
    EXPECT_EQ(volume.brick_count(), 0U);
}

}  // namespace
}  // namespace nebula::voxel
