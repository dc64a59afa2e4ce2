// SPDX-License-Identifier: MIT
// The operation that takes one part of the ground away, and nothing else.
#pragma once

#include "nebula/voxel/edit/operation.hpp"
#include "nebula/voxel/field/ground_part.hpp"
#include "nebula/voxel/space/vec.hpp"
#include "nebula/voxel/space/voxel_error.hpp"

#include <tl/expected.hpp>

namespace nebula::voxel {

class Volume;

/// A dig with a stamp of the part. Like every operation it can be recorded, undone and replayed, and it is made
/// on all levels. On level 0
/// - the part's samples become air; no other sample changes its sign;
/// - other ground keeps its samples, and every vertex of the mesh stays where it is;
/// - the air around the part, which knew how far the part was, now knows how far other ground is.
///
/// Threads:   owner thread of the volume, which must hold the part as part_at() gave it; any thread that holds a
///            pin: what was edited meanwhile in removal_box() makes the operation worthless.
/// Cost:      about 60 ns per point of the part's box and 9 more voxels around it. To make it takes
///            about 20 ns per point.
/// Errors:    OutOfRange: the part's box is larger than 110 voxels; OutsideWorld; GeneratorFailed;
///            OutOfMemory.
[[nodiscard]] tl::expected<Operation, VoxelError> removal_of(const Volume& volume,
                                                             const GroundPart& part);

/// All that removal_of() looks at: the part's box and 9 voxels more.
[[nodiscard]] Box3i removal_box(const Box3i& part) noexcept;

}  // namespace nebula::voxel
