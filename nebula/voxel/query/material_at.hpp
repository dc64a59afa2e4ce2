// SPDX-License-Identifier: MIT
// What the ground at a point is made of.
#pragma once

#include "nebula/voxel/field/material.hpp"
#include "nebula/voxel/field/volume.hpp"
#include "nebula/voxel/space/vec.hpp"
#include "nebula/voxel/space/voxel_error.hpp"

#include <tl/expected.hpp>

#include <optional>

namespace nebula::voxel {

/// On the finest level, of the nearest ground in the point's cell; nothing if that cell is air.
///
/// Threads:   owner thread of the volume.
/// Cost:      a look-up for each corner of a cell; what the volume lacks is generated.
/// Errors:    NotFinite, OutsideWorld, GeneratorFailed, OutOfMemory.
[[nodiscard]] tl::expected<std::optional<Material>, VoxelError> material_at(const Volume& volume,
                                                                            Vec3f position);

}  // namespace nebula::voxel
