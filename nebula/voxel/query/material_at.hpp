// SPDX-License-Identifier: MIT
// What the ground at a point is made of.
#pragma once

#include "nebula/voxel/field/material.hpp"
#include "nebula/voxel/field/volume.hpp"
#include "nebula/voxel/mesh/cell_triangles.hpp"
#include "nebula/voxel/space/vec.hpp"
#include "nebula/voxel/space/voxel_error.hpp"

#include <tl/expected.hpp>

#include <optional>

namespace nebula::voxel {

/// Of the corners of a cell that lie in the ground, the nearest to a point; at equal distance, the one
/// with the lowest coordinates. Nothing if all are air. Corner i lies at (i & 1, i >> 1 & 1, i >> 2 & 1).
/// \param in  the point, from the cell's lowest corner.
[[nodiscard]] std::optional<int> nearest_ground(const CellCorners& corners, Vec3f in) noexcept;

/// On the finest level, of the nearest ground in the point's cell; nothing if that cell is air.
///
/// Threads:   owner thread of the volume.
/// Cost:      a look-up for each corner of a cell; what the volume lacks is generated.
/// Errors:    NotFinite, OutsideWorld, GeneratorFailed, OutOfMemory.
[[nodiscard]] tl::expected<std::optional<Material>, VoxelError> material_at(const Volume& volume,
                                                                            Vec3f position);

}  // namespace nebula::voxel
