// SPDX-License-Identifier: MIT
#include "island_worlds.hpp"
#include "world_samples.hpp"

#include "nebula/voxel/edit/removal.hpp"
#include "nebula/voxel/query/islands.hpp"
#include "nebula/voxel/world/world.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace nebula::voxel {
namespace {

template <class F>
void for_each_of(const Box3i& box, F&& f) {
    for (std::int32_t z = box.min.z; z < box.max.z; ++z)
        for (std::int32_t y = box.min.y; y < box.max.y; ++y)
            for (std::int32_t x = box.min.x; x < box.max.x; ++x) f(Vec3i{x, y, z});
}

Box3i grown(const Box3i& box, std::int32_t by) {
    return {box.min - Vec3i{by, by, by}, box.max + Vec3i{by, by, by}};
}

std::vector<Sample> samples_in(const Volume& volume, const Box3i& box, Level level = 0) {
    std::vector<Sample> out;
    for_each_of(box, [&](Vec3i p) { out.push_back(sample_of(volume, p, level)); });
    return out;
}

// What the contract promises, sample by sample.
void expect_only_the_part_went(const std::vector<Sample>& before, const std::vector<Sample>& after,
                               const Box3i& box, const GroundPart& part) {
    const Vec3i size = box.max - box.min;
    const auto other_ground = [&](Vec3i p) {
        const Vec3i in = p - box.min;
        const auto i = static_cast<std::size_t>(in.x + size.x * (in.y + size.y * in.z));
        return box.contains(p) && is_inside(before[i]) && !part.has(p);
    };
    std::size_t i = 0;
    for_each_of(box, [&](Vec3i p) {
        const Sample was = before[i];
        const Sample is = after[i];
        ++i;
        if (part.has(p)) {
            EXPECT_FALSE(is_inside(is));
            return;
        }
        EXPECT_GE(is, was);
        EXPECT_EQ(is_inside(is), is_inside(was));
        bool is_vertex = other_ground(p);
        for (const Vec3i& d : {Vec3i{1, 0, 0}, Vec3i{0, 1, 0}, Vec3i{0, 0, 1}})
            is_vertex = is_vertex || other_ground(p + d) || other_ground(p - d);
        if (is_vertex) {
            EXPECT_EQ(is, was) << p.x << ' ' << p.y << ' ' << p.z;
        }
    });
}

void expect_levels_agree(const Volume& volume, const Box3i& box) {
    for (Level level = 1; level < 5; ++level) {
        const std::int32_t step = 1 << level;
        for_each_of({floor_div(box.min, step), floor_div(box.max, step)}, [&](Vec3i p) {
            EXPECT_EQ(is_inside(sample_of(volume, p, level)),
                      is_inside(sample_of(volume, to_level_0(p, level))))
                << "level " << level;
        });
    }
}

TEST(Removal, TakesThePartAndNothingElseOnAllLevels) {
    std::size_t parts = 0;
    for (std::uint32_t seed = 1; seed <= 3; ++seed) {
        World world(lumps(seed + 20));
        world.islands().set_largest(20);
        OperationLog log;
        world.record_to(&log);
        Dice dice(seed);
        ASSERT_TRUE(world.apply(Operation{.shape = SphereShape{dice.point(8.0F), 7.0F}}));
        std::vector<Island> found;
        while (world.islands().pending()) ASSERT_TRUE(world.islands().advance(found));
        for (const Island& island : found) {
            const auto part = part_at(world.volume(), island.first, 20);
            ASSERT_TRUE(part && part->has_value());
            const auto removal = removal_of(world.volume(), **part);
            ASSERT_TRUE(removal) << removal.error().message;
            const Box3i box = grown((*part)->box, 6);
            const std::vector<Sample> before = samples_in(world.volume(), box);
            ASSERT_TRUE(world.apply(*removal));
            ASSERT_NO_FATAL_FAILURE(
                expect_only_the_part_went(before, samples_in(world.volume(), box), box, **part));
            expect_levels_agree(world.volume(), box);
            if (HasFailure()) return;
            ++parts;
        }
        // Whoever reads the records has the same world.
        World other(lumps(seed + 20));
        for (std::uint64_t i = 0; i < log.size(); ++i) {
            const auto entry = parse_entry(log.record(i));
            ASSERT_TRUE(entry);
            ASSERT_TRUE(other.replay(*entry));
        }
        const Box3i box{{-24, -24, -24}, {24, 24, 24}};
        EXPECT_EQ(samples_in(world.volume(), box), samples_in(other.volume(), box));
    }
    EXPECT_GT(parts, 10U);
}

// The air around it, too: a brush that grows ground would find a ghost there.
TEST(Removal, LeavesNoTraceInTheAir) {
    const auto ball = std::make_shared<FieldGenerator>([](Vec3i p) {
        const auto square = static_cast<float>(square_of_length(p));
        return quantize(std::sqrt(square) - 5.3F);
    });
    World world(ball);
    world.set_undo_limit(1 << 20);
    const auto part = part_at(world.volume(), {0, 0, 0});
    ASSERT_TRUE(part && part->has_value());
    const auto removal = removal_of(world.volume(), **part);
    ASSERT_TRUE(removal);
    const auto report = world.apply(*removal);
    ASSERT_TRUE(report);
    for_each_of({{-14, -14, -14}, {14, 14, 14}}, [&](Vec3i p) {
        ASSERT_EQ(sample_of(world.volume(), p), kSampleMax) << p.x << ' ' << p.y << ' ' << p.z;
    });
    EXPECT_EQ(static_cast<double>(report->volume.removed) / kVolumeUnitsPerVoxel,
              mass_of(**part).volume);
    ASSERT_TRUE(world.undo(0));
    EXPECT_EQ(sample_of(world.volume(), {0, 0, 0}), sample_of(*ball, {0, 0, 0}));
}

TEST(Removal, RefusesWhatIsTooLarge) {
    World world(low_hills());
    const auto removal = removal_of(world.volume(), GroundPart{.box = {{0, 0, 0}, {111, 2, 2}}});
    ASSERT_FALSE(removal);
    EXPECT_EQ(removal.error().kind, VoxelError::Kind::OutOfRange);
}

}  // namespace
}  // namespace nebula::voxel
