// SPDX-License-Identifier: MIT
// What edits do to materials, and what masks and hardness do to edits.
#include "brush_oracle.hpp"
#include "world_samples.hpp"

#include "nebula/voxel/edit/edit.hpp"
#include "nebula/voxel/edit/undo.hpp"
#include "nebula/voxel/gen/shape_generators.hpp"
#include "nebula/voxel/world/world.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace nebula::voxel {
namespace {

using test::any_shape;
using test::kShapeKinds;

struct Point {
    Sample sample;
    Material material;

    friend bool operator==(const Point&, const Point&) = default;
};

Vec3i place_in_brick(std::size_t index) {
    const auto i = static_cast<std::int32_t>(index);
    return {i % kBrickSize, i / kBrickSize % kBrickSize, i / (kBrickSize * kBrickSize)};
}

Point point_at(const Volume& volume, Vec3i p, Level level) {
    return {sample_of(volume, p, level), material_of(volume, p, level)};
}

bool is_excluded(const Operation& o, Material material, bool ground) {
    if (!o.only.has(material)) return true;
    if (!ground || !meets_hardness(o.mode)) return false;
    return std::ranges::any_of(o.hardness, [material](const MaterialHardness& h) {
        return h.material == material && h.hardness >= 1.0F;
    });
}

// A hard operation, point by point. Nothing where the shape's surface is so near that rounding decides.
std::optional<Point> by_definition(const Operation& o, const Volume& volume, Point before, Vec3i p,
                                   Level level) {
    const double deep = test::into(o.shape, p, level) / static_cast<double>(voxel_size(level));
    if (std::abs(deep) < 1e-3) return {};
    const bool was_ground = is_inside(before.sample);
    if (is_excluded(o, before.material, was_ground)) return before;
    Point after = before;
    if (o.mode == Mode::Paint) {
        if (was_ground && deep > 0) after.material = o.material;
        return after;
    }
    const Sample mark = quantize(static_cast<float>(o.mode == Mode::Dig ? deep : -deep));
    after.sample =
        o.mode == Mode::Dig ? std::max(before.sample, mark) : std::min(before.sample, mark);
    if (!is_inside(after.sample))
        after.material = material_of(volume.generator(), p, level);
    else if (!was_ground)
        after.material = o.material;
    return after;
}

MaterialSet any_set(Dice& dice) {
    MaterialSet set = MaterialSet::none();
    for (Material m = 0; m < 12; ++m)
        if (dice.whole(0, 2) > 0) set.insert(m);
    set.insert(2);
    return set;
}

std::vector<MaterialHardness> any_hardness(Dice& dice, bool between) {
    std::vector<MaterialHardness> all;
    for (Material m = 0; m < 12; ++m)
        if (dice.whole(0, 2) == 0) all.push_back({m, between ? dice.real(0, 1) : 1.0F});
    return all;
}

Operation any_hard(Dice& dice, int kind, float size) {
    constexpr std::array modes{Mode::Dig, Mode::Add, Mode::Paint};
    Operation o;
    o.mode = modes[static_cast<std::size_t>(dice.whole(0, 2))];
    o.shape = any_shape(dice, kind, 4.0F, size);
    o.material = static_cast<Material>(dice.whole(0, 11));
    if (dice.whole(0, 1) == 0) o.only = any_set(dice);
    if (dice.whole(0, 1) == 0) o.hardness = any_hardness(dice, false);
    return o;
}

// Some points of the first levels, most of them within `reach` voxels of level 0 and `more` of their own.
std::map<std::pair<Level, Vec3i>, Point> some_points(const Volume& volume, Dice& dice, int count,
                                                     float reach, float more) {
    std::map<std::pair<Level, Vec3i>, Point> points;
    for (Level level = 0; level < 4; ++level)
        for (int i = 0; i < count; ++i) {
            const Vec3f at = dice.point(reach / voxel_size(level) + more);
            const Vec3i p{static_cast<std::int32_t>(at.x), static_cast<std::int32_t>(at.y),
                          static_cast<std::int32_t>(at.z)};
            points[{level, p}] = point_at(volume, p, level);
        }
    return points;
}

class EveryShapeOfMaterial : public testing::TestWithParam<int> {};  // the index in Shape
INSTANTIATE_TEST_SUITE_P(Kinds, EveryShapeOfMaterial, testing::Range(0, kShapeKinds));

TEST_P(EveryShapeOfMaterial, IsDugAddedAndPaintedByDefinitionOnEveryLevel) {
    Dice dice(141 + static_cast<std::uint32_t>(GetParam()));
    std::array<int, 8> changed{};  // by mode
    int far = 0;
    Volume volume(layered_hills());
    for (int round = 0; round < 40; ++round) {
        const bool large = round % 8 == 0;
        const Operation o = any_hard(dice, GetParam(), large ? 40.0F : 12.0F);
        const float size = large ? 30.0F : 10.0F;
        const auto before = some_points(volume, dice, 200, size, 4.0F);
        const auto report = apply(volume, o);
        ASSERT_TRUE(report) << report.error().message;
        for (const auto& [at, old] : before) {
            const auto& [level, p] = at;
            const Point now = point_at(volume, p, level);
            if (now == old && size / voxel_size(level) < 4.0F) continue;  // may be left out
            const std::optional<Point> expected = by_definition(o, volume, old, p, level);
            if (!expected) continue;
            ASSERT_NEAR(now.sample, expected->sample, 1)
                << "round " << round << ", level " << level << " at " << p.x << ' ' << p.y << ' '
                << p.z;
            ASSERT_EQ(now.material, expected->material)
                << "round " << round << ", level " << level << " at " << p.x << ' ' << p.y << ' '
                << p.z << ", mode " << static_cast<int>(o.mode);
            changed[static_cast<std::size_t>(o.mode)] += now != old ? 1 : 0;
            far += level > 1 && now.material != old.material ? 1 : 0;
        }
    }
    for (const Mode mode : {Mode::Dig, Mode::Add, Mode::Paint})
        EXPECT_GT(changed[static_cast<std::size_t>(mode)], 30) << static_cast<int>(mode);
    EXPECT_GT(far, 10);
}

// A paste of a grid with materials.
std::optional<Point> pasted_by_definition(const Operation& o, const Volume& volume, Point before,
                                          Vec3i p, Level level) {
    const auto& stamp = std::get<StampShape>(o.shape);
    const auto size = static_cast<double>(voxel_size(level));
    const test::Point at = test::turned_back(
        stamp.rotation,
        test::minus({p.x * size, p.y * size, p.z * size}, test::point_of(stamp.at)));
    const test::Point last = test::last_of(*stamp.grid);
    const test::Point half{last[0] / 2, last[1] / 2, last[2] / 2};
    const double into_box = test::in_box(test::minus(at, half), half);
    if (std::abs(into_box) < 1e-3) return {};
    if (into_box < 0 || !o.only.has(before.material)) return before;
    const double distance = test::grid_at(*stamp.grid, at) / size;
    if (std::abs(distance) < 1e-3) return {};
    if (distance > 0)
        return Point{quantize(static_cast<float>(distance)),
                     material_of(volume.generator(), p, level)};
    const std::optional<Material> material = test::grid_material_at(*stamp.grid, at);
    if (!material) return {};
    return Point{quantize(static_cast<float>(distance)), *material};
}

TEST(BrushMaterials, APasteIsOfWhatItsGridIsOfOnEveryLevel) {
    Dice dice(23);
    Volume volume(layered_hills());
    int grown = 0;
    int replaced = 0;
    int far = 0;
    int spared = 0;
    for (int round = 0; round < 40; ++round) {
        const bool large = round % 4 == 0;
        Operation o{.mode = Mode::Paste};
        o.shape = StampShape{test::in_patches(*test::dented_ball(large ? 40 : 12), dice),
                             dice.point(6.0F), test::any_rotation(dice)};
        o.material = 11;
        if (dice.whole(0, 1) == 0) o.only = any_set(dice);
        const auto before = some_points(volume, dice, 300, large ? 40.0F : 12.0F, 2.0F);
        const auto report = apply(volume, o);
        ASSERT_TRUE(report) << report.error().message;
        for (const auto& [at, old] : before) {
            const auto& [level, p] = at;
            const std::optional<Point> expected = pasted_by_definition(o, volume, old, p, level);
            if (!expected) continue;
            const Point now = point_at(volume, p, level);
            ASSERT_NEAR(now.sample, expected->sample, 1)
                << "round " << round << ", level " << level;
            ASSERT_EQ(now.material, expected->material)
                << "round " << round << ", level " << level << " at " << p.x << ' ' << p.y << ' '
                << p.z;
            if (!is_inside(now.sample)) continue;
            grown += is_inside(old.sample) ? 0 : 1;
            replaced += is_inside(old.sample) && now.material != old.material ? 1 : 0;
            far += level > 1 && now.material != old.material ? 1 : 0;
            spared += o.only.has(old.material) ? 0 : 1;
        }
    }
    EXPECT_GT(grown, 100);
    EXPECT_GT(replaced, 100);
    EXPECT_GT(far, 50);
    EXPECT_GT(spared, 100);
}

TEST(BrushMaterials, TravelWithCopiedGround) {
    Volume volume(layered_hills());
    ASSERT_TRUE(apply(volume, {.shape = SphereShape{{3, 0, 3}, 7.0F}}));
    ASSERT_TRUE(
        apply(volume, {.mode = Mode::Add, .shape = SphereShape{{8, 4, 8}, 5.0F}, .material = 9}));
    ASSERT_TRUE(apply(
        volume, {.mode = Mode::Paint, .shape = SphereShape{{0, -8, 0}, 4.0F}, .material = 7}));
    const Box3i box{{-10, -14, -9}, {15, 13, 16}};
    const auto copied = copy_region(volume, box);
    ASSERT_TRUE(copied) << copied.error().message;
    const auto grid = std::make_shared<const DistanceGrid>(*copied);
    // Layers of the old place lie in the middle of another layer of the new one, or in the air.
    for (const Vec3i to : {box.min, Vec3i{140, -40, -70}, Vec3i{-99, 30, 17}}) {
        const auto point = [](std::int32_t c) { return static_cast<float>(c); };
        const auto report =
            apply(volume, {.mode = Mode::Paste,
                           .shape = StampShape{grid, {point(to.x), point(to.y), point(to.z)}, {}}});
        ASSERT_TRUE(report) << report.error().message;
        if (to == box.min) {
            EXPECT_TRUE(report->reach[0].empty()) << "nothing changed on the finest level";
        }
        std::set<Material> seen;
        for (std::int32_t z = 0; z < grid->size.z; ++z)
            for (std::int32_t y = 0; y < grid->size.y; ++y)
                for (std::int32_t x = 0; x < grid->size.x; ++x) {
                    const Point now = point_at(volume, to + Vec3i{x, y, z}, 0);
                    const Point there = point_at(volume, box.min + Vec3i{x, y, z}, 0);
                    ASSERT_EQ(now.sample, there.sample);
                    if (!is_inside(now.sample)) continue;
                    ASSERT_EQ(now.material, there.material) << x << ' ' << y << ' ' << z;
                    seen.insert(now.material);
                }
        EXPECT_EQ(seen, (std::set<Material>{1, 2, 3, 7, 9}));
    }
}

TEST(BrushMaterials, OfAWorldThatSaysNothingAreNotCopied) {
    Volume volume(low_hills());
    const Box3i box{{-10, -14, -9}, {15, 13, 16}};
    ASSERT_TRUE(apply(volume, {.shape = SphereShape{{3, 0, 3}, 7.0F}}));
    EXPECT_TRUE(copy_region(volume, box)->materials.empty());
    EXPECT_EQ(*read_region_materials(volume, box), std::vector<Material>(25 * 27 * 25));
    ASSERT_TRUE(
        apply(volume, {.mode = Mode::Add, .shape = SphereShape{{8, 4, 8}, 5.0F}, .material = 9}));
    const auto grid = copy_region(volume, box);
    EXPECT_EQ(*read_region_materials(volume, box), grid->materials);
    for (const auto& [p, material] : {std::pair{Vec3i{8, 4, 8}, 9}, {Vec3i{-10, -14, -9}, 0}}) {
        const Vec3i in = p - box.min;
        EXPECT_EQ(grid->materials[grid->index(in.x, in.y, in.z)], material);
    }
}

// All of the box is of 0, but the world is not.
TEST(BrushMaterials, RockOf0ReplacesGrass) {
    Volume volume(
        std::make_shared<FlatGenerator>(0.3F, GroundLayers{.surface = 1, .surface_depth = 5.0F}));
    const auto rock = copy_region(volume, {{0, -40, 0}, {4, -36, 4}});
    ASSERT_TRUE(rock) << rock.error().message;
    ASSERT_EQ(material_of(volume, {2, -2, 2}, 0), 1);
    ASSERT_TRUE(apply(
        volume,
        {.mode = Mode::Paste,
         .shape = StampShape{std::make_shared<DistanceGrid>(*rock), {0.0F, -4.0F, 0.0F}, {}}}));
    EXPECT_EQ(material_of(volume, {2, -2, 2}, 0), 0);
    EXPECT_EQ(material_of(volume, {5, -2, 2}, 0), 1);
}

Operation any_operation(Dice& dice) {
    Operation o;
    o.mode = static_cast<Mode>(dice.whole(0, 7));
    const bool hard = o.mode == Mode::Paste || o.mode == Mode::Paint;
    o.shape = any_shape(dice, o.mode == Mode::Paste ? 5 : dice.whole(0, kShapeKinds - 1), 16.0F,
                        dice.whole(0, 5) == 0 ? 2.0F : 14.0F);
    if (!hard && dice.whole(0, 1) == 0) {
        o.strength = dice.real(0.1F, 1.0F);
        o.falloff = dice.real(0.0F, 8.0F);
    }
    o.target = {dice.point(5.0F), dice.point(0.5F) + Vec3f{0, 1, 0}};
    o.material = static_cast<Material>(dice.whole(0, 11));
    if (dice.whole(0, 1) == 0) o.only = any_set(dice);
    if (dice.whole(0, 1) == 0) o.hardness = any_hardness(dice, dice.whole(0, 1) == 0);
    return o;
}

// However a world came about, levels that share a point agree about its sign and its material.
TEST(BrushMaterials, AgreeOnAllLevelsWithSigns) {
    Dice dice(177);
    std::set<Material> seen;
    for (int world = 0; world < 2; ++world) {
        Volume volume(layered_hills());
        for (int i = 0; i < 80; ++i) {
            const auto report = apply(volume, any_operation(dice));
            ASSERT_TRUE(report) << report.error().message;
            for (const BrickId id : report->bricks) {
                if (id.level == 0) continue;
                const Brick& brick = *volume.find(id);
                for (std::size_t k = 0; k < kBrickSamples; ++k) {
                    // Of the points with a placed material more than of the others.
                    if (dice.whole(0, brick.placed_at(k) != kNotPlaced ? 5 : 60) > 0) continue;
                    const Vec3i p = id.at * kBrickSize + place_in_brick(k);
                    const Point here = point_at(volume, p, id.level);
                    const Point finer = point_at(volume, p * 2, id.level - 1);
                    ASSERT_EQ(is_inside(here.sample), is_inside(finer.sample))
                        << "edit " << i << ", level " << id.level << " at " << p.x << ' ' << p.y
                        << ' ' << p.z;
                    ASSERT_EQ(here.material, finer.material)
                        << "edit " << i << ", level " << id.level << " at " << p.x << ' ' << p.y
                        << ' ' << p.z;
                    ASSERT_NE(here.sample, 0);
                    if (is_inside(here.sample)) seen.insert(here.material);
                }
            }
        }
    }
    EXPECT_GT(seen.size(), 8U);
}

// What a brick keeps of its materials follows from what it is made of alone: equal worlds are equal.
TEST(BrushMaterials, HaveOneFormWhateverHappenedBefore) {
    Dice dice(3);
    Volume volume(layered_hills());
    for (int i = 0; i < 120; ++i) {
        const auto report = apply(volume, any_operation(dice));
        ASSERT_TRUE(report) << report.error().message;
        for (const BrickId id : report->bricks) {
            if (dice.whole(0, 5) > 0) continue;
            const Brick& brick = *volume.find(id);
            std::set<Material> ground;
            bool is_placed = false;
            bool is_generated = true;
            for (std::size_t k = 0; k < kBrickSamples; ++k) {
                const Vec3i p = id.at * kBrickSize + place_in_brick(k);
                const Material generated = material_of(volume.generator(), p, id.level);
                if (!is_inside(brick.samples[k])) {
                    if (brick.placed.array() != nullptr) {
                        ASSERT_EQ((*brick.placed.array())[k], kNotPlaced);
                    }
                    continue;
                }
                is_placed |= brick.placed_at(k) != kNotPlaced;
                const Material is = material_of(volume, p, id.level);
                is_generated &= is == generated;
                ground.insert(is);
            }
            ASSERT_EQ(is_placed, !is_generated) << "edit " << i;
            ASSERT_EQ(brick.placed.none(), is_generated) << "edit " << i;
            ASSERT_EQ(brick.placed.array() != nullptr, !is_generated && ground.size() > 1)
                << "edit " << i;
            ASSERT_EQ(bytes_of(&brick) == 0, is_uniform(&brick));
        }
    }
}

// The rule for what Grow, Smooth and Flatten make ground, point by point.
Material beside(const std::map<Vec3i, Point>& before, Vec3i p) {
    Material found = before.at(p).material;
    std::optional<std::pair<int, Sample>> best;
    for (int z = -1; z <= 1; ++z)
        for (int y = -1; y <= 1; ++y)
            for (int x = -1; x <= 1; ++x) {
                const Point& there = before.at(p + Vec3i{x, y, z});
                if (!is_inside(there.sample)) continue;
                const std::pair<int, Sample> rank{std::abs(x) + std::abs(y) + std::abs(z),
                                                  there.sample};
                if (best && rank >= *best) continue;
                best = rank;
                found = there.material;
            }
    return found;
}

TEST(BrushMaterials, SoftOnesFollowTheGroundBesideAndSpareWhatIsExcluded) {
    Dice dice(19);
    Volume volume(layered_hills());
    int grown = 0;
    int spared = 0;
    for (int round = 0; round < 16; ++round) {
        // Some patches first.
        ASSERT_TRUE(apply(volume, {.mode = Mode::Paint,
                                   .shape = SphereShape{dice.point(8.0F), 5.0F},
                                   .material = static_cast<Material>(dice.whole(4, 11))}));
        Operation o = any_operation(dice);
        o.mode = static_cast<Mode>(dice.whole(3, 6));
        o.shape = SphereShape{dice.point(4.0F), dice.real(2.0F, 6.0F)};
        o.strength = dice.real(0.3F, 1.0F);
        std::map<Vec3i, Point> before;
        for (int z = -11; z <= 11; ++z)
            for (int y = -11; y <= 11; ++y)
                for (int x = -11; x <= 11; ++x) before[{x, y, z}] = point_at(volume, {x, y, z}, 0);
        ASSERT_TRUE(apply(volume, o));
        for (int z = -10; z <= 10; ++z)
            for (int y = -10; y <= 10; ++y)
                for (int x = -10; x <= 10; ++x) {
                    const Vec3i p{x, y, z};
                    const Point old = before.at(p);
                    const Point now = point_at(volume, p, 0);
                    const bool was_ground = is_inside(old.sample);
                    const Material own = was_ground ? old.material : beside(before, p);
                    if (is_excluded(o, own, was_ground)) {
                        ASSERT_EQ(now, old) << "round " << round;
                        ++spared;
                    } else if (!is_inside(now.sample)) {
                        ASSERT_EQ(now.material, material_of(volume.generator(), p, 0));
                    } else {
                        ASSERT_EQ(now.material, own) << "round " << round;
                        grown += was_ground ? 0 : 1;
                    }
                }
    }
    EXPECT_GT(grown, 50);
    EXPECT_GT(spared, 100);
}

TEST(BrushMaterials, HardnessTakesItsShareOfTheStrength) {
    const auto removed = [](float hardness, float strength) {
        Volume volume(std::make_shared<FlatGenerator>(0.3F));
        Operation o{.shape = SphereShape{{}, 6.0F}, .strength = strength};
        o.hardness = {{0, hardness}, {5, 1.0F}};
        const auto report = apply(volume, o);
        EXPECT_TRUE(report);
        return report->volume.removed;
    };
    EXPECT_EQ(removed(1.0F, 1.0F), 0);
    EXPECT_EQ(removed(0.5F, 1.0F), removed(0.0F, 0.5F));
    EXPECT_EQ(removed(0.5F, 0.5F), removed(0.75F, 1.0F));
    EXPECT_GT(removed(0.0F, 1.0F), 5 * removed(0.5F, 1.0F));
    // Where ground has no hardness, a dig is done at once though other ground has some.
    Volume volume(std::make_shared<FlatGenerator>(0.3F));
    ASSERT_TRUE(apply(
        volume, {.mode = Mode::Paint, .shape = BoxShape{{-8, 0, 0}, {8, 8, 8}}, .material = 7}));
    Operation o{.shape = SphereShape{{}, 6.0F}};
    o.hardness = {{7, 0.5F}};
    const auto report = apply(volume, o);
    ASSERT_TRUE(report);
    Volume plain(std::make_shared<FlatGenerator>(0.3F));
    ASSERT_TRUE(apply(plain, {.shape = SphereShape{{}, 6.0F}}));
    for (const Vec3i p : {Vec3i{2, -1, 0}, Vec3i{4, -2, 1}, Vec3i{8, -1, 0}, Vec3i{3, 1, 0}})
        EXPECT_EQ(sample_of(volume, p), sample_of(plain, p)) << p.x;
    EXPECT_TRUE(is_inside(sample_of(volume, {-3, -2, 0})));
}

// Most ground is of what the generator says, or of one material. Then there is nothing to keep.
TEST(BrushMaterials, TakeNoMemoryWhereNothingIsSaid) {
    Volume plain(low_hills());
    Dice dice(4);
    for (int i = 0; i < 30; ++i) {
        Operation o = any_operation(dice);
        if (o.mode == Mode::Paste) continue;  // its stamp may have materials
        o.material = 0;
        ASSERT_TRUE(apply(plain, o));
    }
    Volume ball(std::make_shared<FlatGenerator>(-1000.0F, kLayers));
    const auto report =
        apply(ball, {.mode = Mode::Add, .shape = SphereShape{{}, 60.0F}, .material = 9});
    ASSERT_TRUE(report);
    EXPECT_EQ(ball.find({{0, 0, 0}}), solid_brick(9));
    std::size_t owned = 0;
    for (const BrickId id : report->bricks) {
        EXPECT_EQ(ball.find(id)->placed.array(), nullptr);
        owned += bytes_of(ball.find(id)) > 0 ? 1U : 0U;
    }
    EXPECT_LT(owned, report->bricks.size());
    for (Level level = 0; level < 3; ++level)
        for (std::int32_t x = -1; x <= 0; ++x)
            if (const Brick* brick = plain.find({{x, 0, 0}, level})) {
                EXPECT_TRUE(brick->placed.none());
            }
    // Dug empty, it is as if it had never been.
    ASSERT_TRUE(apply(ball, {.shape = SphereShape{{}, 64.0F}}));
    EXPECT_EQ(ball.find({{0, 0, 0}}), &kAirBrick);
    for (const BrickId id : report->bricks) EXPECT_TRUE(ball.find(id)->placed.none());
}

TEST(BrushMaterials, ReportWhatWasRemovedAndAddedByMaterial) {
    Dice dice(6);
    Volume volume(layered_hills());
    for (int i = 0; i < 60; ++i) {
        const auto report = apply(volume, any_operation(dice));
        ASSERT_TRUE(report);
        EXPECT_EQ(total(report->materials), report->volume) << "edit " << i;
        for (std::size_t k = 1; k < report->materials.size(); ++k)
            EXPECT_LT(report->materials[k - 1].material, report->materials[k].material);
    }
    // A ball of one material in the air is all of that material, its border as well.
    Volume sky(std::make_shared<FlatGenerator>(-1000.0F, kLayers));
    const SphereShape ball{{0.3F, 0.1F, 0.7F}, 5.0F};
    const auto added = apply(sky, {.mode = Mode::Add, .shape = ball, .material = 9});
    ASSERT_TRUE(added);
    const double share = 32.0 * 4.0 / 3.0 * 3.14159 * 125.0;
    ASSERT_FALSE(added->materials.empty());
    const MaterialVolume nine = added->materials.back();
    EXPECT_EQ(nine.material, 9);
    EXPECT_NEAR(static_cast<double>(nine.volume.added), share, share * 0.05);
    // A dig through two layers: the bottom of the first is known.
    Volume flat(std::make_shared<FlatGenerator>(0.0F, kLayers));
    const auto dug = apply(flat, {.shape = BoxShape{{8, 0, 8}, {6, 20, 6}}});
    ASSERT_TRUE(dug);
    ASSERT_EQ(dug->materials.size(), 3U);
    EXPECT_NEAR(static_cast<double>(dug->materials[0].volume.removed), 32 * 144 * 2.5, 32 * 144);
    EXPECT_NEAR(static_cast<double>(dug->materials[1].volume.removed), 32 * 144 * 5, 32 * 144);
}

TEST(BrushMaterials, AreUndoneAndRedone) {
    World world(layered_hills());
    world.set_undo_limit(std::size_t{64} << 20U);
    Dice dice(31);
    const auto hashes = [&](const std::set<BrickId>& bricks) {
        std::vector<std::uint64_t> all;
        for (const BrickId id : bricks) {
            const Brick* brick = world.volume().find(id);
            all.push_back(brick == nullptr ? 0 : hash_of(*brick));
        }
        return all;
    };
    std::set<BrickId> bricks;
    std::vector<Operation> done;
    for (int i = 0; i < 12; ++i) {
        done.push_back(any_operation(dice));
        const auto report = world.apply(done.back());
        ASSERT_TRUE(report);
        bricks.insert(report->bricks.begin(), report->bricks.end());
    }
    const auto after = hashes(bricks);
    MaterialVolumes back;
    for (;;) {
        const auto report = world.undo(0);
        if (!report) {
            EXPECT_EQ(report.error().kind, VoxelError::Kind::NothingToUndo)
                << report.error().message;
            break;
        }
        add(back, report->materials);
    }
    EXPECT_EQ(world.volume().edited_count(), 0U);
    while (world.redo(0)) {
    }
    EXPECT_EQ(hashes(bricks), after);
    // From their records, in another world.
    World again(layered_hills());
    for (const Operation& o : done) {
        std::vector<std::byte> record;
        serialise(o, record);
        const auto read = parse(record);
        ASSERT_TRUE(read) << read.error().message;
        ASSERT_EQ(*read, o);
        ASSERT_TRUE(again.apply(*read));
    }
    for (const BrickId id : bricks)
        EXPECT_EQ(hash_of(*again.volume().find(id)), hash_of(*world.volume().find(id)));
}

TEST(BrushMaterials, RefuseWhatIsNoMaterialOrMask) {
    const auto message = [](auto change) {
        Operation o{.shape = SphereShape{{}, 2.0F}};
        change(o);
        const auto fault = check(o);
        return fault ? fault->message : std::string();
    };
    EXPECT_EQ(message([](Operation& o) { o.material = 128; }),
              "the edit's material must be from 0 to 127");
    EXPECT_EQ(message([](Operation& o) { o.only = MaterialSet::none(); }),
              "the edit's mask has no material, so nothing could change");
    EXPECT_EQ(message([](Operation& o) {
                  o.hardness = {{3, 1.5F}};
              }),
              "the edit's hardness must be from 0 to 1");
    EXPECT_EQ(message([](Operation& o) {
                  o.hardness = {{3, NAN}};
              }),
              "the edit's hardness is not a finite number");
    for (const auto& wrong : {std::vector<MaterialHardness>{{128, 0.5F}},
                              std::vector<MaterialHardness>{{4, 0.5F}, {4, 0.5F}},
                              std::vector<MaterialHardness>{{4, 0.5F}, {3, 0.5F}}})
        EXPECT_NE(message([&](Operation& o) { o.hardness = wrong; }), "");
    EXPECT_EQ(message([](Operation& o) {
                  o.mode = Mode::Paint;
                  o.strength = 0.5F;
              }),
              "ground is painted with strength 1 and without falloff");
    EXPECT_EQ(message([](Operation& o) { o.mode = Mode::Paint; }), "");
}

// A program that knows no materials wrote it.
TEST(OperationRecords, WithoutMaterialsAreThoseOfEarlierPrograms) {
    std::vector<std::byte> record;
    serialise({.shape = SphereShape{{1, 2, 3}, 4.0F}}, record);
    EXPECT_EQ(record.front(), std::byte{1});
    Operation o{.shape = SphereShape{{1, 2, 3}, 4.0F}};
    o.material = 1;
    std::vector<std::byte> with;
    serialise(o, with);
    EXPECT_EQ(with.front(), std::byte{2});
    EXPECT_EQ(with.size(), record.size() + 18);
    EXPECT_NE(hash_of(o), hash_of({.shape = SphereShape{{1, 2, 3}, 4.0F}}));
}

TEST(OperationRecords, OfAStampHaveItsMaterialsAtTheirEnd) {
    Dice dice(5);
    const auto plain = test::dented_ball(6);
    const auto of_patches = test::in_patches(*plain, dice);
    const auto record_of = [](std::shared_ptr<const DistanceGrid> grid, Material material) {
        std::vector<std::byte> record;
        serialise({.mode = Mode::Paste,
                   .shape = StampShape{std::move(grid), {1, 2, 3}, {}},
                   .material = material},
                  record);
        return record;
    };
    EXPECT_EQ(record_of(plain, 0).front(), std::byte{1});
    EXPECT_EQ(record_of(plain, 1).front(), std::byte{2});
    std::vector<std::byte> record = record_of(of_patches, 0);
    EXPECT_EQ(record.front(), std::byte{3});
    EXPECT_EQ(record.size(), record_of(plain, 1).size() + of_patches->materials.size());
    const auto read = parse(record);
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(*std::get<StampShape>(read->shape).grid, *of_patches);
    record.back() = std::byte{128};
    EXPECT_EQ(parse(record).error().message, "a grid's materials must be from 0 to 127");
    record.pop_back();
    EXPECT_EQ(parse(record).error().message, "the record of an edit is cut off");
    std::vector<std::byte> sphere;
    serialise({.shape = SphereShape{{1, 2, 3}, 4.0F}, .material = 1}, sphere);
    sphere.front() = std::byte{3};
    EXPECT_EQ(parse(sphere).error().message,
              "the record of an edit has a stamp's materials, but no stamp");
}

}  // namespace
}  // namespace nebula::voxel
