// SPDX-License-Identifier: MIT
// Which levels a viewer asks for, and where: a box for each level, each inside the next.
#pragma once

#include "nebula/voxel/space/ids.hpp"
#include "nebula/voxel/space/vec.hpp"
#include "nebula/voxel/stream/viewer.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace nebula::voxel::detail {

/// box(n) is what shall be shown by level n or a finer one, in chunks of level n. It consists of
/// whole parents, and box(n + 1) contains it and a ring of chunks of level n + 1 around it. So the
/// chunks that the boxes ask for differ by at most one level from every neighbour, diagonals
/// included (README, "Nested boxes").
///
/// A box moves only when the viewer is farther from its middle than a box would need to be, so
/// walking back and forth across a border moves nothing.
///
/// Threads:   owner thread.
class NestedBoxes {
public:
    explicit NestedBoxes(const Viewer& viewer);

    /// Returns whether a box has changed.
    bool set(const Viewer& viewer);

    [[nodiscard]] const Viewer& viewer() const noexcept { return viewer_; }
    /// The level that reaches as far as the viewer sees.
    [[nodiscard]] Level coarsest() const noexcept { return coarsest_; }
    /// Above coarsest(), the least box that fits around the one below.
    [[nodiscard]] const Box3i& box(Level level) const noexcept {
        return boxes_[static_cast<std::size_t>(level)];
    }
    [[nodiscard]] bool covers(ChunkId chunk) const noexcept {
        return box(chunk.level).contains(chunk.at);
    }

private:
    void set_sizes();
    bool place(Level level);

    Viewer viewer_;
    Level coarsest_ = 0;
    std::array<std::int32_t, kLevels> half_{};  // of the box, in chunks
    std::array<Vec3i, kLevels> middle_{};
    std::array<Box3i, kLevels> boxes_{};
    bool placed_ = false;
};

}  // namespace nebula::voxel::detail
