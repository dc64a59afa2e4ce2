// SPDX-License-Identifier: MIT
// Islands that workers get ready, while somebody edits.
#include "background_work.hpp"
#include "island_worlds.hpp"

#include "nebula/base/clock.hpp"
#include "nebula/threading/worker_pool.hpp"
#include "nebula/voxel/edit/removal.hpp"
#include "nebula/voxel/world/world.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace nebula::voxel {
namespace {

using State = Detachment::State;

constexpr Vec3i kMiddle{3, 30, -5};
constexpr std::int32_t kRadius = 8;

// Flat ground, and a ball above it.
std::shared_ptr<const Generator> ball() {
    return std::make_shared<FieldGenerator>([](Vec3i p) {
        const auto from_middle =
            static_cast<int>(std::sqrt(static_cast<double>(square_of_length(p - kMiddle))));
        const int d = std::clamp(std::min(p.y, from_middle - kRadius) * kSampleUnitsPerVoxel,
                                 int{kSampleMin}, int{kSampleMax});
        return static_cast<Sample>(d == 0 ? -1 : d);
    });
}

Detachment& begin(World& world, WorkerPool& pool) {
    const auto begun = world.detach(pool, kMiddle, {.largest = 40, .body = {.hull_edge = 16}});
    EXPECT_TRUE(begun);
    return **begun;
}

// As if it were taken off in one call.
EditReport take_off(World& world) {
    const auto part = part_at(world.volume(), kMiddle, 40);
    EXPECT_TRUE(part && part->has_value());
    const auto removal = removal_of(world.volume(), **part);
    EXPECT_TRUE(removal);
    auto report = world.apply(*removal);
    EXPECT_TRUE(report);
    return *report;
}

void expect_equal(const World& a, const World& b, const std::vector<BrickId>& bricks) {
    ASSERT_FALSE(bricks.empty());
    for (const BrickId id : bricks) {
        const Brick* x = a.volume().find(id);
        const Brick* y = b.volume().find(id);
        ASSERT_TRUE(x != nullptr && y != nullptr && x->samples == y->samples)
            << "level " << id.level << " at " << id.at.x << ' ' << id.at.y << ' ' << id.at.z;
    }
    EXPECT_EQ(a.volume().edited_count(), b.volume().edited_count());
}

class DetachmentOn : public testing::TestWithParam<int> {};  // the parameter: workers
INSTANTIATE_TEST_SUITE_P(Workers, DetachmentOn, testing::Values(0, 1, 2));

TEST_P(DetachmentOn, LeavesWhatOneCallLeaves) {
    WorkerPool pool(config_of(GetParam()));
    World world(ball());
    Detachment& island = begin(world, pool);
    ASSERT_EQ(settle(island), State::Ready);
    EXPECT_EQ(world.volume().version(), 0U) << "nothing is seen before it is finished";
    const LoosePart& loose = *island.part();
    EXPECT_EQ(loose.part.box.max.y, kMiddle.y + kRadius + 1);
    EXPECT_GT(loose.mesh.indices.size(), 300U);
    EXPECT_GT(loose.hulls.size(), 1U);
    const auto report = world.finish(island);
    ASSERT_TRUE(report) << report.error().message;
    World one_call(ball());
    const EditReport expected = take_off(one_call);
    EXPECT_EQ(report->volume, expected.volume);
    expect_equal(world, one_call, expected.bricks);
}

TEST_P(DetachmentOn, WhatIsEditedMeanwhileIsLookedAtAgain) {
    WorkerPool pool(config_of(GetParam()));
    for (const bool ready : {false, true}) {
        World world(ball());
        World one_call(ball());
        Detachment& island = begin(world, pool);
        if (ready) {
            ASSERT_EQ(settle(island), State::Ready);
        }
        // Part of it goes, and it grows elsewhere.
        const Vec3f top{3, 38, -5};
        const Vec3f side{11, 30, -5};
        std::vector<BrickId> bricks;
        for (World* w : {&world, &one_call}) {
            ASSERT_TRUE(w->apply(SphereEdit{SphereEdit::Kind::Dig, top, 6.0F}));
            const auto added = w->apply(SphereEdit{SphereEdit::Kind::Add, side, 4.0F});
            ASSERT_TRUE(added);
            bricks = added->bricks;
        }
        if (ready) {
            const auto early = world.finish(island);
            ASSERT_FALSE(early);
            EXPECT_EQ(early.error().kind, VoxelError::Kind::NotReady);
        }
        ASSERT_EQ(settle(island), State::Ready);
        EXPECT_EQ(island.part()->part.box.max.x, 15);
        ASSERT_TRUE(world.finish(island));
        const EditReport expected = take_off(one_call);
        bricks.insert(bricks.end(), expected.bricks.begin(), expected.bricks.end());
        expect_equal(world, one_call, bricks);
    }
}

TEST_P(DetachmentOn, WhatIsAttachedMeanwhileStays) {
    WorkerPool pool(config_of(GetParam()));
    World world(ball());
    world.set_undo_limit(std::size_t{64} << 20U);
    Detachment& island = begin(world, pool);
    ASSERT_EQ(settle(island), State::Ready);
    ASSERT_TRUE(world.apply(
        Operation{.mode = Mode::Add, .shape = CapsulePathShape{{{3, -2, -5}, {3, 20, -5}}, 2.0F}}));
    EXPECT_EQ(settle(island), State::Gone);
    world.drop(island);
    EXPECT_EQ(world.edits(), 1U);
    ASSERT_TRUE(world.undo(0));
    Detachment& again = begin(world, pool);
    ASSERT_EQ(settle(again), State::Ready);
    ASSERT_TRUE(world.finish(again));
    ASSERT_TRUE(world.undo(0)) << "an edit like any other";
    EXPECT_EQ(world.volume().edited_count(), 0U);
}

TEST_P(DetachmentOn, FarEditsChangeTheSameCoarseBricks) {
    WorkerPool pool(config_of(GetParam()));
    World world(ball());
    World one_call(ball());
    Detachment& island = begin(world, pool);
    ASSERT_EQ(settle(island), State::Ready);
    std::vector<BrickId> bricks;
    for (World* w : {&world, &one_call}) {
        const auto far = w->apply(SphereEdit{SphereEdit::Kind::Dig, {60, 0, 0}, 20.0F});
        ASSERT_TRUE(far);
        bricks = far->bricks;
    }
    EXPECT_EQ(island.round(), 1U);
    ASSERT_EQ(settle(island), State::Ready);
    ASSERT_TRUE(world.finish(island));
    const EditReport expected = take_off(one_call);
    bricks.insert(bricks.end(), expected.bricks.begin(), expected.bricks.end());
    expect_equal(world, one_call, bricks);
}

TEST_P(DetachmentOn, MayEndAtAnyMoment) {
    WorkerPool pool(config_of(GetParam()));
    World world(ball());
    world.drop(begin(world, pool));
    (void)begin(world, pool);  // ends with the world
    EXPECT_FALSE(world.is_untouched());
}

}  // namespace
}  // namespace nebula::voxel
