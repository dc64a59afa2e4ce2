// SPDX-License-Identifier: MIT
// Which chunks are in view, relative to the viewer's chunk, nearest first.
#pragma once

#include "nebula/voxel/space/vec.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace nebula::voxel::detail {

/// The squared length of an offset: the order in which chunks are loaded and shown.
[[nodiscard]] constexpr std::int64_t squared_length(Vec3i v) {
    return std::int64_t{v.x} * v.x + std::int64_t{v.y} * v.y + std::int64_t{v.z} * v.z;
}

/// Nearer first; equal distances in a fixed order.
[[nodiscard]] constexpr bool nearer(Vec3i a, Vec3i b) {
    const std::int64_t la = squared_length(a);
    const std::int64_t lb = squared_length(b);
    return la != lb ? la < lb : a < b;
}

/// Whether a chunk at this offset is in view, by the horizontal and vertical distance of its centre
/// from the centre of the viewer's chunk, in voxels.
[[nodiscard]] bool in_reach(Vec3i offset, float horizontal, float vertical);

/// The offsets in view, sorted. A view of 2 km has 424 000 of them, so they are computed in slices,
/// by a counting sort over the squared length, one layer of the view at a time.
///
/// Threads:   owner thread.
class ViewOffsets {
public:
    /// Starts anew for these distances, in voxels; at most 2048 and 512.
    void reset(float horizontal, float vertical);
    [[nodiscard]] bool ready() const noexcept { return stage_ == Stage::Ready; }
    /// Computes one slice of at most 4300 offsets. Call it until ready().
    void build_slice();

    // Once ready:
    [[nodiscard]] std::size_t size() const noexcept { return sorted_.size(); }
    [[nodiscard]] Vec3i operator[](std::size_t i) const noexcept {
        return {sorted_[i].x, sorted_[i].y, sorted_[i].z};
    }

private:
    enum class Stage : std::uint8_t { Count, Place, Ready };
    struct Offset {
        std::int8_t x, y, z;
    };
    template <class F>
    void for_each_in_layer(std::int32_t x, F&& f) const;

    float horizontal_ = 0.0F;
    float vertical_ = 0.0F;
    std::int32_t columns_ = 0;  // the view reaches this many chunks horizontally
    std::int32_t rows_ = 0;     // and this many vertically
    Stage stage_ = Stage::Count;
    std::int32_t layer_ = 0;            // the next x
    std::vector<std::uint32_t> place_;  // by squared length: the count; then the next free place
    std::vector<Offset> sorted_;
};

}  // namespace nebula::voxel::detail
