// SPDX-License-Identifier: MIT
#include "nebula/voxel/stream/detail/nested_boxes.hpp"

#include "world_samples.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>

namespace nebula::voxel::detail {
namespace {

// What the boxes promise, wherever the viewer goes, however it got there, and for all distances.
TEST(NestedBoxes, AreNestedWithARingBetweenThemAndReachAsFarAsAsked) {
    Dice dice(1);
    for (int round = 0; round < 200; ++round) {
        Viewer viewer{dice.point(5000.0F), 0.0F, dice.real(1.0F, kMostDetailDistance), {}};
        viewer.view_distance = dice.whole(0, 3) == 0
                                   ? dice.real(1.0F, viewer.detail_distance)
                                   : dice.real(viewer.detail_distance, kMostViewDistance);
        NestedBoxes boxes(viewer);
        for (int step = 0; step < 30; ++step) {
            viewer.position = viewer.position + dice.point(dice.whole(0, 9) == 0 ? 9000.0F : 80.0F);
            boxes.set(viewer);
            for (Level level = 0; level + 1 < kLevels; ++level) {
                const Box3i& box = boxes.box(level);
                for (const std::int32_t c :
                     {box.min.x, box.min.y, box.min.z, box.max.x, box.max.y, box.max.z})
                    ASSERT_EQ(floor_mod(c, 2), 0) << "half a parent, level " << level;
                const Box3i ringed{floor_div(box.min, 2) - Vec3i{1, 1, 1},
                                   floor_div(box.max, 2) + Vec3i{1, 1, 1}};
                ASSERT_EQ(intersection(ringed, boxes.box(level + 1)), ringed) << "level " << level;
            }
            const auto reaches = [&](Level level, float distance) {
                const float size = voxel_size(level) * float{kChunkSize};
                const Box3i& box = boxes.box(level);
                const auto on = [&](float at, std::int32_t min, std::int32_t max) {
                    return at - distance >= static_cast<float>(min) * size &&
                           at + distance <= static_cast<float>(max) * size;
                };
                return on(viewer.position.x, box.min.x, box.max.x) &&
                       on(viewer.position.y, box.min.y, box.max.y) &&
                       on(viewer.position.z, box.min.z, box.max.z);
            };
            ASSERT_TRUE(reaches(0, std::min(viewer.detail_distance, viewer.view_distance)));
            ASSERT_TRUE(reaches(boxes.coarsest(), viewer.view_distance));
        }
    }
}

TEST(NestedBoxes, DoNotMoveForAWalkToAndFro) {
    NestedBoxes boxes({{0.0F, 0.0F, 0.0F}, 1000.0F, 100.0F, {}});
    int moves = 0;
    for (int i = 0; i < 100; ++i)
        moves += boxes.set({{i % 2 == 0 ? 35.0F : 29.0F, 0.0F, 0.0F}, 1000.0F, 100.0F, {}}) ? 1 : 0;
    EXPECT_EQ(moves, 0);
}

}  // namespace
}  // namespace nebula::voxel::detail
