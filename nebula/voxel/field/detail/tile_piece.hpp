// SPDX-License-Identifier: MIT
// What a tile's block reads of the eight bricks that it reaches into.
#pragma once

#include "nebula/voxel/field/tile_block.hpp"
#include "nebula/voxel/space/vec.hpp"

namespace nebula::voxel::detail {

/// Where brick i of the eight lies in the block, and how much of it the block reads, from its lowest
/// corner on.
struct TilePiece {
    explicit constexpr TilePiece(int i) noexcept
        : offset{i & 1, i >> 1 & 1, i >> 2 & 1},
          at{offset * kTileSize},
          size{offset.x != 0 ? 1 : kTileSize, offset.y != 0 ? 1 : kTileSize,
               offset.z != 0 ? 1 : kTileSize} {}

    Vec3i offset;
    Vec3i at;
    Vec3i size;
};

}  // namespace nebula::voxel::detail
