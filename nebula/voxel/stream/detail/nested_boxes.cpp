// SPDX-License-Identifier: MIT
#include "nebula/voxel/stream/detail/nested_boxes.hpp"

#include "nebula/voxel/field/sample.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace nebula::voxel::detail {

namespace {

// In chunks of the level. A box has its middle at an even chunk, which is at most 1 away from the
// viewer when the box is placed. It is placed anew when the viewer is farther away than this.
constexpr float kStray = 1.25F;

// With two boxes astray in opposite directions, and a ring of one chunk: half >= below / 2 + this.
// For equal halves that is 5.75.
constexpr float kRoom = kStray + kStray / 2 + 1.0F;
constexpr std::int32_t kLeastHalf = 6;

std::int32_t round_up_to_even(float chunks) {
    return static_cast<std::int32_t>(std::ceil(chunks / 2)) * 2;
}

}  // namespace

NestedBoxes::NestedBoxes(const Viewer& viewer) : viewer_(viewer) {
    set_sizes();
    (void)set(viewer);
}

void NestedBoxes::set_sizes() {
    const float detail = viewer_.detail_distance / float{kChunkSize};
    const float view = viewer_.view_distance / float{kChunkSize};
    coarsest_ = 0;
    while (coarsest_ < kLevels - 1 && detail * voxel_size(coarsest_) < view) ++coarsest_;
    const std::int32_t half = std::max(kLeastHalf, round_up_to_even(detail + kStray));
    half_.fill(half);
    auto& outermost = half_[static_cast<std::size_t>(coarsest_)];
    outermost = round_up_to_even(view / voxel_size(coarsest_) + kStray);
    if (coarsest_ > 0)
        outermost = std::max(outermost, round_up_to_even(static_cast<float>(half) / 2 + kRoom));
    placed_ = false;
}

bool NestedBoxes::set(const Viewer& viewer) {
    const bool same_sizes = viewer.view_distance == viewer_.view_distance &&
                            viewer.detail_distance == viewer_.detail_distance;
    viewer_ = viewer;
    if (!same_sizes) set_sizes();
    bool changed = false;
    for (Level level = 0; level < kLevels; ++level) changed |= place(level);
    placed_ = true;
    return changed;
}

bool NestedBoxes::place(Level level) {
    const auto i = static_cast<std::size_t>(level);
    const Box3i before = boxes_[i];
    if (level > coarsest_) {
        // Around the one below, with a ring, and of whole parents.
        const Box3i& below = boxes_[i - 1];
        const auto down = [](std::int32_t c) { return floor_div(floor_div(c, 2) - 1, 2) * 2; };
        const auto up = [](std::int32_t c) { return -floor_div(floor_div(-c, 2) - 1, 2) * 2; };
        boxes_[i] = {{down(below.min.x), down(below.min.y), down(below.min.z)},
                     {up(below.max.x), up(below.max.y), up(below.max.z)}};
        return boxes_[i] != before;
    }
    const float size = voxel_size(level) * float{kChunkSize};
    const auto follow = [&](float at, std::int32_t& middle) {
        const float chunks = at / size;
        if (placed_ && std::abs(chunks - static_cast<float>(middle)) <= kStray) return;
        middle = static_cast<std::int32_t>(std::floor(chunks / 2 + 0.5F)) * 2;
    };
    Vec3i& middle = middle_[i];
    follow(viewer_.position.x, middle.x);
    follow(viewer_.position.y, middle.y);
    follow(viewer_.position.z, middle.z);
    const Vec3i half{half_[i], half_[i], half_[i]};
    boxes_[i] = {middle - half, middle + half};
    return boxes_[i] != before;
}

}  // namespace nebula::voxel::detail
