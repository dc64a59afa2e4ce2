// SPDX-License-Identifier: MIT
// The samples of one tile: what its collider is made of.
#pragma once

#include "nebula/voxel/field/brick.hpp"
#include "nebula/voxel/field/sample.hpp"
#include "nebula/voxel/field/volume.hpp"
#include "nebula/voxel/space/vec.hpp"

#include <array>
#include <cstddef>

namespace nebula::voxel {

/// Edge of a tile, in cells of level 0. Tile t has the cells from t * kTileSize; its lowest corners
/// are the samples of brick t.
inline constexpr int kTileSize = kBrickSize;

/// The 17^3 corners of a tile's cells; x runs fastest, then y, then z.
///
/// Threads:   as a plain struct.
/// Cost:      5 KB.
struct TileBlock {
    static constexpr int kEdge = kTileSize + 1;
    static constexpr std::size_t kCount = std::size_t{kEdge} * kEdge * kEdge;

    [[nodiscard]] static constexpr std::size_t index(int x, int y, int z) noexcept {
        return static_cast<std::size_t>(x + (y + z * kEdge) * kEdge);
    }
    [[nodiscard]] Sample at(int x, int y, int z) const noexcept { return samples[index(x, y, z)]; }

    std::array<Sample, kCount> samples;
};

/// Fills `out` with the newest samples of a tile. If it returns Air or Solid, there is no surface and
/// `out` may not be filled.
///
/// Threads:   any thread that holds a pin, or the owner thread.
/// Throws:    whatever the generator throws.
BlockContent gather(const Volume& volume, Vec3i tile, TileBlock& out);

}  // namespace nebula::voxel
