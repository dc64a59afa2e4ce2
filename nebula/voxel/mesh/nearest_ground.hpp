// SPDX-License-Identifier: MIT
// Which corner of a cell says what the ground at a point is made of.
#pragma once

#include "nebula/voxel/mesh/cell_triangles.hpp"
#include "nebula/voxel/space/vec.hpp"

#include <optional>

namespace nebula::voxel {

/// Of the corners of a cell that lie in the ground, the nearest to a point; at equal distance, the one
/// with the lowest coordinates. Nothing if all are air. Corner i lies at (i & 1, i >> 1 & 1, i >> 2 & 1).
/// \param in  the point, from the cell's lowest corner.
[[nodiscard]] std::optional<int> nearest_ground(const CellCorners& corners, Vec3f in) noexcept;

}  // namespace nebula::voxel
