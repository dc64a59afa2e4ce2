// SPDX-License-Identifier: MIT
// What the points of a world are made of: placed materials, and the generator's for all others.
#pragma once

#include "nebula/voxel/field/brick.hpp"
#include "nebula/voxel/field/generator.hpp"
#include "nebula/voxel/field/material.hpp"
#include "nebula/voxel/field/volume.hpp"
#include "nebula/voxel/space/ids.hpp"

#include <cstddef>
#include <optional>

namespace nebula::voxel {

/// Writes one material to all points of a region.
void fill_materials(const Region& region, Material material, Material* out, std::ptrdiff_t stride_y,
                    std::ptrdiff_t stride_z) noexcept;

/// The same for what the generator says, which it is asked point by point only where it proves nothing.
/// Throws:    whatever the generator throws.
void read_materials(const Generator& generator, const Region& region, Material* out,
                    std::ptrdiff_t stride_y, std::ptrdiff_t stride_z);

/// The same for what is placed in the part of a brick that lies in the region; other points stay.
void read_placed(const Brick& brick, Vec3i at, const Region& region, Material* out,
                 std::ptrdiff_t stride_y, std::ptrdiff_t stride_z) noexcept;

/// Fills `out` for a chunk whose block gather() found Mixed; no other has a surface whose materials
/// matter. It is uniform where that is proven: bricks of air do not count.
///
/// Threads:   any thread that holds the pin under which `sources` were looked up.
/// Cost:      about 50 ns if it is uniform; else that of the generator's materials for 33^3 points, and
///            a copy of placed ones.
/// Throws:    whatever the generator throws.
void gather_materials(const Generator& generator, const ChunkSources& sources, MaterialBlock& out);

/// Of a point of the finest level.
///
/// Threads:   any thread that holds a pin, or the owner thread.
/// Throws:    whatever the generator throws.
[[nodiscard]] Material material_of(const Volume& volume, Vec3i point);

}  // namespace nebula::voxel
