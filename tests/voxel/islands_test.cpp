// SPDX-License-Identifier: MIT
#include "island_worlds.hpp"
#include "test_fields.hpp"
#include "world_samples.hpp"

#include "nebula/voxel/query/islands.hpp"
#include "nebula/voxel/world/world.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace nebula::voxel {
namespace {

const bool kLong = std::getenv("NEBULA_LONG_TESTS") != nullptr;

constexpr std::array<Vec3i, 6> kBeside{
    {{1, 0, 0}, {-1, 0, 0}, {0, 1, 0}, {0, -1, 0}, {0, 0, 1}, {0, 0, -1}}};

/// The components of a cube around the origin, by one sample at a time.
class Components {
public:
    Components(const Volume& volume, std::int32_t reach)
        : box_{{-reach, -reach, -reach}, {reach, reach, reach}},
          edge_(2 * reach),
          label_(static_cast<std::size_t>(edge_) * static_cast<std::size_t>(edge_) *
                 static_cast<std::size_t>(edge_)) {
        std::vector<bool> ground(label_.size());
        Brick generated;
        const Vec3i first = floor_div(box_.min, kBrickSize);
        const Vec3i last = floor_div(box_.max - Vec3i{1, 1, 1}, kBrickSize);
        for_each_of({first, last + Vec3i{1, 1, 1}}, [&](Vec3i at) {
            const Brick* brick = volume.find({at});
            if (brick == nullptr) {
                volume.generator().generate(brick_region({at}), generated.samples.data(),
                                            kBrickSize, kBrickSize * kBrickSize);
                brick = &generated;
            }
            for_each_of(intersection(brick_region({at}).box, box_), [&](Vec3i p) {
                const Vec3i in = floor_mod(p, kBrickSize);
                ground[index(p)] = is_inside(brick->at(in.x, in.y, in.z));
            });
        });
        islands_.emplace_back();  // 0: air
        std::vector<Vec3i> open;
        for_each_of(box_, [&](Vec3i from) {
            if (!ground[index(from)] || label_[index(from)] != 0) return;
            const auto label = static_cast<std::uint32_t>(islands_.size());
            Island island{{}, from, 0};
            label_[index(from)] = label;
            open.push_back(from);
            while (!open.empty()) {
                const Vec3i p = open.back();
                open.pop_back();
                ++island.samples;
                island.box = box_around(island.box, {p, p + Vec3i{1, 1, 1}});
                island.first = std::min(island.first, p);
                for (const Vec3i& d : kBeside) {
                    const Vec3i q = p + d;
                    if (!box_.contains(q) || !ground[index(q)] || label_[index(q)] != 0) continue;
                    label_[index(q)] = label;
                    open.push_back(q);
                }
            }
            islands_.push_back(island);
        });
    }

    template <class F>
    static void for_each_of(const Box3i& box, F&& f) {
        for (std::int32_t z = box.min.z; z < box.max.z; ++z)
            for (std::int32_t y = box.min.y; y < box.max.y; ++y)
                for (std::int32_t x = box.min.x; x < box.max.x; ++x) f(Vec3i{x, y, z});
    }

    /// The island of a sample, which is farther than `most` from the cube's border.
    [[nodiscard]] std::optional<Island> at(Vec3i p, std::int32_t most) const {
        const std::uint32_t label = label_[index(p)];
        const Island& island = islands_[label];
        const Vec3i size = island.box.max - island.box.min;
        if (label == 0 || std::max({size.x, size.y, size.z}) > most) return {};
        return island;
    }

private:
    [[nodiscard]] std::size_t index(Vec3i p) const {
        const Vec3i in = p - box_.min;
        return static_cast<std::size_t>(in.x + edge_ * (in.y + edge_ * in.z));
    }

    Box3i box_;
    std::int32_t edge_;
    std::vector<std::uint32_t> label_;
    std::vector<Island> islands_;
};

constexpr std::int32_t kEdits = 10;  // how far from the origin the middle of an edit may lie
constexpr float kLargestBrush = 7.0F;
constexpr std::int32_t kMost = 24;  // the largest limit
constexpr std::int32_t kCube = kEdits + 7 + 6 + kMost;

/// All islands with a sample in the reach of an edit's bricks, or beside it.
void add_islands_around(const Components& components, const EditReport& report, std::int32_t most,
                        std::map<Vec3i, Island>& out) {
    for (const BrickId& id : report.bricks) {
        if (id.level != 0) continue;
        const Box3i box = intersection(brick_region(id).box, report.reach[0]);
        const auto add = [&](Vec3i p) {
            if (const auto island = components.at(p, most)) out.emplace(island->first, *island);
        };
        Components::for_each_of(box, [&](Vec3i p) {
            add(p);
            for (const Vec3i& d : kBeside) add(p + d);
        });
    }
}

std::string text_of(const std::map<Vec3i, Island>& islands) {
    std::string text;
    for (const auto& [first, island] : islands)
        text += std::to_string(first.x) + ' ' + std::to_string(first.y) + ' ' +
                std::to_string(first.z) + ": " + std::to_string(island.samples) + "\n";
    return text;
}

std::map<Vec3i, Island> by_name(const std::vector<Island>& islands) {
    std::map<Vec3i, Island> out;
    for (const Island& island : islands) EXPECT_TRUE(out.emplace(island.first, island).second);
    return out;
}

std::vector<Island> find_all(IslandSearch& search) {
    std::vector<Island> found;
    while (search.pending()) EXPECT_TRUE(search.advance(found));
    return found;
}

Operation random_dig(Dice& dice) {
    const Vec3f at = dice.point(kEdits);
    switch (dice.whole(0, 2)) {
        case 0:
            return {.shape = SphereShape{at, dice.real(1.0F, kLargestBrush)}};
        case 1:
            return {.shape = BoxShape{at, {dice.real(1.0F, kLargestBrush), 1.5F, 4.0F}}};
        default:
            return {.shape = CapsulePathShape{{at, dice.point(kEdits)}, dice.real(1.0F, 3.0F)}};
    }
}

class IslandsOracle : public testing::TestWithParam<std::int32_t> {};

// Worlds of lumps, and random samples, in which hundreds of pieces lie around each edit.
TEST_P(IslandsOracle, EveryIslandAroundADigIsFound) {
    const std::int32_t most = GetParam();
    std::size_t islands = 0;
    for (std::uint32_t seed = 1; seed <= (kLong ? 60U : 3U); ++seed) {
        World world(seed % 3 == 0 ? std::make_shared<FieldGenerator>(test::random_field(seed))
                                  : lumps(seed));
        world.islands().set_largest(most);
        Dice dice(seed);
        for (int i = 0; i < 2; ++i) {
            const auto report = world.apply(random_dig(dice));
            ASSERT_TRUE(report) << report.error().message;
            const std::map<Vec3i, Island> found = by_name(find_all(world.islands()));
            std::map<Vec3i, Island> expected;
            if (report->volume.removed > 0)
                add_islands_around(Components(world.volume(), kCube), *report, most, expected);
            ASSERT_TRUE(found == expected) << "seed " << seed << ", edit " << i << "\n"
                                           << text_of(found) << "expected\n"
                                           << text_of(expected);
            islands += found.size();
        }
    }
    EXPECT_GT(islands, 20U) << "too few to say anything";
}
INSTANTIATE_TEST_SUITE_P(Largest, IslandsOracle, testing::Values(1, 9, kMost));

// Edits come between the steps. What is told in the end is what the last world has around all digs.
TEST(Islands, EditsMayComeBetweenTheStepsOfASearch) {
    std::size_t between = 0;
    std::size_t islands = 0;
    for (std::uint32_t seed = 1; seed <= (kLong ? 200U : 5U); ++seed) {
        World world(lumps(seed + 100));
        world.islands().set_largest(kMost);
        Dice dice(seed);
        std::vector<EditReport> reports;
        std::vector<Island> found;
        for (int i = 0; i < 6; ++i) {
            auto report = world.apply(random_dig(dice));
            ASSERT_TRUE(report);
            reports.push_back(std::move(*report));
            for (int step = dice.whole(0, 60); step > 0 && world.islands().pending(); --step) {
                ASSERT_TRUE(world.islands().advance(found));
                ++between;
            }
        }
        while (world.islands().pending()) ASSERT_TRUE(world.islands().advance(found));
        const Components components(world.volume(), kCube);
        std::map<Vec3i, Island> expected;
        for (const EditReport& report : reports)
            if (report.volume.removed > 0) add_islands_around(components, report, kMost, expected);
        // Some were told before a later edit changed them; who uses them looks again.
        std::map<Vec3i, Island> still_there;
        for (const Island& island : found)
            if (const auto now = components.at(island.first, kMost)) {
                const auto part = part_at(world.volume(), island.first, kMost);
                ASSERT_TRUE(part && part->has_value());
                EXPECT_EQ((*part)->box, now->box);
                if (*now == island) still_there.emplace(island.first, island);
            }
        ASSERT_TRUE(still_there == expected) << "seed " << seed << "\n"
                                             << text_of(still_there) << "expected\n"
                                             << text_of(expected);
        islands += expected.size();
    }
    EXPECT_GT(between, 100U);
    EXPECT_GT(islands, 20U);
}

// A floor, a pillar on it with a plate on top.
Sample table(Vec3i p) {
    const auto in = [&](Vec3i low, Vec3i high) { return Box3i{low, high}.contains(p); };
    const bool ground = p.y < 0 || in({-3, 0, -3}, {4, 12, 4}) || in({-10, 12, -10}, {11, 16, 11});
    return ground ? Sample{-20} : Sample{20};
}

TEST(Islands, APillarThatIsCutLeavesItsTop) {
    World world(std::make_shared<FieldGenerator>(table));
    world.islands().set_largest(kUsualIslandSize);
    // A notch leaves it connected.
    ASSERT_TRUE(world.apply(Operation{.shape = BoxShape{{3, 6, 0}, {3, 2, 10}}}));
    EXPECT_TRUE(find_all(world.islands()).empty());
    ASSERT_TRUE(world.apply(Operation{.shape = BoxShape{{0, 6, 0}, {8, 2, 8}}}));
    const std::vector<Island> found = find_all(world.islands());
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].box.max, (Vec3i{11, 16, 11}));
    EXPECT_EQ(found[0], *Components(world.volume(), 30).at({0, 14, 0}, 64));

    // Ground that is added in between holds it again, and no search is needed for that.
    ASSERT_TRUE(world.apply(Operation{.mode = Mode::Add, .shape = BoxShape{{0, 6, 0}, {2, 6, 2}}}));
    EXPECT_FALSE(world.islands().pending());
    const auto part = part_at(world.volume(), found[0].first);
    ASSERT_TRUE(part);
    EXPECT_FALSE(part->has_value()) << "what was told before is not true any more";
}

TEST(Islands, ADigThatRemovesEverythingLeavesNone) {
    World world(std::make_shared<FieldGenerator>(
        [](Vec3i p) { return square_of_length(p) < 40 ? Sample{-9} : Sample{9}; }));
    world.islands().set_largest(kUsualIslandSize);
    ASSERT_TRUE(world.apply(Operation{.shape = SphereShape{{0, 0, 0}, 12.0F}}));
    EXPECT_TRUE(find_all(world.islands()).empty());
    EXPECT_EQ(world.volume().edited_count() > 0, true);
}

TEST(Islands, WhatIsAsLargeAsTheLimitIsAnIslandAndOneMoreIsNot) {
    for (const std::int32_t length : {20, 21}) {
        World world(std::make_shared<FieldGenerator>([length](Vec3i p) {
            const Box3i bar{{0, 0, 0}, {length + 1, 2, 2}};
            return bar.contains(p) ? Sample{-9} : Sample{9};
        }));
        world.islands().set_largest(20);
        // Takes off the last layer: `length` are left.
        ASSERT_TRUE(world.apply(
            Operation{.shape = BoxShape{{static_cast<float>(length), 0.5F, 0.5F}, {0.6F, 3, 3}}}));
        EXPECT_EQ(find_all(world.islands()).size(), length == 20 ? 1U : 0U);
    }
}

// A ball in a hollow ball, which hangs in the air as well.
TEST(Islands, AnIslandMayLieInAnother) {
    World world(std::make_shared<FieldGenerator>([](Vec3i p) {
        const std::int64_t r = square_of_length(p);
        return r < 16 || (r > 100 && r < 180) ? Sample{-9} : Sample{9};
    }));
    world.islands().set_largest(kUsualIslandSize);
    ASSERT_TRUE(world.apply(Operation{.shape = CapsulePathShape{{{2, 0, 0}, {14, 0, 0}}, 1.0F}}));
    const auto found = by_name(find_all(world.islands()));
    EXPECT_EQ(found.size(), 2U);
    for (const auto& [first, island] : found) {
        const auto part = part_at(world.volume(), first);
        ASSERT_TRUE(part && part->has_value());
        std::int64_t samples = 0;
        const Box3i all = (*part)->stored();
        for (std::int32_t z = all.min.z; z < all.max.z; ++z)
            for (std::int32_t y = all.min.y; y < all.max.y; ++y)
                for (std::int32_t x = all.min.x; x < all.max.x; ++x)
                    samples += is_inside((*part)->at({x, y, z})) ? 1 : 0;
        EXPECT_EQ(samples, island.samples) << "the other one is not in it";
    }
}

TEST(Islands, AGeneratorThatFailsIsToldAndTheSearchGoesOn) {
    bool fails = false;
    World world(std::make_shared<FieldGenerator>([&fails](Vec3i p) {
        if (fails && p.y == -20) throw std::runtime_error("no ground today");
        return table(p);
    }));
    world.islands().set_largest(kUsualIslandSize);
    ASSERT_TRUE(world.apply(Operation{.shape = SphereShape{{0, 2, 0}, 4.0F}}));
    fails = true;
    std::vector<Island> found;
    std::size_t errors = 0;
    while (world.islands().pending())
        if (const auto done = world.islands().advance(found); !done) {
            ++errors;
            EXPECT_EQ(done.error().kind, VoxelError::Kind::GeneratorFailed);
        }
    EXPECT_GT(errors, 0U);
    fails = false;
    ASSERT_TRUE(world.apply(Operation{.shape = BoxShape{{0, 8, 0}, {8, 2, 8}}}));
    EXPECT_EQ(find_all(world.islands()).size(), 1U);
}

}  // namespace
}  // namespace nebula::voxel
