// SPDX-License-Identifier: MIT
#include "nebula/voxel/stream/detail/view_offsets.hpp"

#include "nebula/voxel/field/sample.hpp"

#include <cmath>

namespace nebula::voxel::detail {

bool in_reach(Vec3i offset, float horizontal, float vertical) {
    const auto voxels = [](std::int32_t c) { return static_cast<double>(c) * kChunkSize; };
    const double x = voxels(offset.x);
    const double z = voxels(offset.z);
    const auto reach = static_cast<double>(horizontal);
    return std::abs(voxels(offset.y)) <= static_cast<double>(vertical) &&
           x * x + z * z <= reach * reach;
}

void ViewOffsets::reset(float horizontal, float vertical) {
    horizontal_ = horizontal;
    vertical_ = vertical;
    columns_ = static_cast<std::int32_t>(horizontal) / kChunkSize;
    rows_ = static_cast<std::int32_t>(vertical) / kChunkSize;
    stage_ = Stage::Count;
    layer_ = -columns_;
    const auto longest = static_cast<std::size_t>(2 * columns_ * columns_ + rows_ * rows_);
    place_.assign(longest + 1, 0);
    sorted_ = {};
}

template <class F>
void ViewOffsets::for_each_in_layer(std::int32_t x, F&& f) const {
    for (std::int32_t y = -rows_; y <= rows_; ++y)
        for (std::int32_t z = -columns_; z <= columns_; ++z)
            if (const Vec3i offset{x, y, z}; in_reach(offset, horizontal_, vertical_))
                f(offset, static_cast<std::size_t>(squared_length(offset)));
}

void ViewOffsets::build_slice() {
    if (stage_ == Stage::Count) {
        for_each_in_layer(layer_, [this](Vec3i, std::size_t length) { ++place_[length]; });
    } else if (stage_ == Stage::Place) {
        // Layers, rows and columns ascend, so equally near offsets are placed in ascending order.
        for_each_in_layer(layer_, [this](Vec3i offset, std::size_t length) {
            sorted_[place_[length]++] = {static_cast<std::int8_t>(offset.x),
                                         static_cast<std::int8_t>(offset.y),
                                         static_cast<std::int8_t>(offset.z)};
        });
    }
    if (layer_++ < columns_) return;
    layer_ = -columns_;
    if (stage_ == Stage::Count) {
        stage_ = Stage::Place;
        std::size_t total = 0;
        for (std::uint32_t& place : place_) {
            const std::uint32_t count = place;
            place = static_cast<std::uint32_t>(total);
            total += count;
        }
        sorted_.resize(total);
    } else {
        stage_ = Stage::Ready;
    }
}

}  // namespace nebula::voxel::detail
