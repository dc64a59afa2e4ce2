// SPDX-License-Identifier: MIT
// A thing that needs ground, and the tiles of ground that it needs.
#pragma once

#include "nebula/voxel/space/vec.hpp"

#include <cstdint>

namespace nebula::voxel {

/// In voxels and seconds.
struct GroundBody {
    std::uint64_t id = 0;  ///< Which one it is, from call to call. No two may share one.
    Aabb box;
    Vec3f velocity;
    /// How far around the box there shall be ground; [0, kMostGroundReach].
    float reach = 8.0F;

    friend constexpr bool operator==(const GroundBody&, const GroundBody&) = default;
};

inline constexpr float kMostGroundReach = 128.0F;

/// Tiles; a box may be empty.
struct TilesNeeded {
    Box3i soon;  ///< What the body touches now or within a quarter of a second.
    Box3i all;   ///< The same, and what lies within its reach or on its way of one second.

    friend constexpr bool operator==(const TilesNeeded&, const TilesNeeded&) = default;
};

/// A pure function. A body whose numbers are not finite, or whose place is outside the world, needs
/// nothing. Of a body that is very large or very fast, the ground within 128 voxels of the middle of
/// its box.
///
/// Threads:   any thread.
[[nodiscard]] TilesNeeded tiles_needed(const GroundBody& body) noexcept;

}  // namespace nebula::voxel
