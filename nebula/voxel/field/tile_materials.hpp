// SPDX-License-Identifier: MIT
// What one tile is made of, for those who divide its collider.
#pragma once

#include "nebula/voxel/field/generator.hpp"
#include "nebula/voxel/field/material.hpp"
#include "nebula/voxel/field/placed_materials.hpp"
#include "nebula/voxel/field/tile_block.hpp"
#include "nebula/voxel/field/volume.hpp"
#include "nebula/voxel/space/vec.hpp"

#include <array>

namespace nebula::voxel {

/// What edits have put into the eight bricks that a tile's block reads, as it was at one moment: no
/// later edit changes it. Brick i is the tile's own and 1 more along the axes of the set bits of i.
using TilePlaced = std::array<PlacedMaterials, 8>;

/// Threads:   any thread that holds a pin, or the owner thread.
/// Cost:      eight look-ups; the arrays are shared and not copied.
/// Throws:    as Volume::read().
[[nodiscard]] TilePlaced placed_in(const Volume& volume, Vec3i tile);

/// The materials of the corners of a TileBlock, in the same order. Only those in the ground matter.
///
/// Threads:   as a plain struct.
/// Cost:      5 KB.
struct TileMaterials {
    [[nodiscard]] Material at(int x, int y, int z) const noexcept {
        return is_uniform ? uniform : materials[TileBlock::index(x, y, z)];
    }

    bool is_uniform = true;  ///< All are `uniform`, and `materials` was not filled.
    Material uniform = 0;
    std::array<Material, TileBlock::kCount> materials;
};

/// Fills `out`; it is uniform where that is proven.
///
/// Threads:   any thread.
/// Cost:      50 ns if it is uniform; else that of the generator's materials for 17^3 points.
/// Throws:    whatever the generator throws.
void gather_materials(const Generator& generator, Vec3i tile, const TilePlaced& placed,
                      TileMaterials& out);

}  // namespace nebula::voxel
