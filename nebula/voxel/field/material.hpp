// SPDX-License-Identifier: MIT
// What the ground is made of: a number per voxel, and the numbers of one chunk.
#pragma once

#include "nebula/voxel/field/sample.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace nebula::voxel {

/// An index into the game's list of materials, below kMaterials. 0 is what a world is made of that says
/// nothing about materials. A point in the air has the one that the generator names.
using Material = std::uint8_t;

/// A vertex has 7 bits for each of its materials (mesh/README.md).
inline constexpr int kMaterials = 128;

/// The materials of a chunk's 33^3 corners (0..32 on each axis), the second input of the smooth mesher.
/// A vertex has the material of that end of its edge which is inside the ground. x runs fastest, then y,
/// then z, with no padding.
///
/// On coarser levels that end may lie many voxels deep, below the grass that is all one sees. So there a
/// vertex has what the generator says of the other end, which lies in the air over the grass, or where
/// somebody has dug; unless an edit has put something into the ground, which only that end knows.
///
/// A vertex on the half side of a strip lies on corners of this chunk, too: the levels agree about the
/// material of a point that they share, as they do about its sign.
///
/// Threads:   as a plain struct.
/// Cost:      36 KB; keep one per worker rather than one per chunk.
struct MaterialBlock {
    static constexpr int kEdge = kChunkSize + 1;
    static constexpr std::size_t kCount = std::size_t{kEdge} * kEdge * kEdge;

    [[nodiscard]] static constexpr std::size_t index(int x, int y, int z) noexcept {
        return static_cast<std::size_t>(x + (y + z * kEdge) * kEdge);
    }
    /// Added to a material: an edit has put it there.
    static constexpr Material kPlaced = kMaterials;

    [[nodiscard]] Material at(int x, int y, int z) const noexcept {
        return is_uniform ? uniform : materials[index(x, y, z)];
    }

    bool is_uniform = true;  ///< All corners are `uniform`, and `materials` was not filled.
    Material uniform = 0;
    bool is_coarse = false;  ///< Of a level that is not the finest.
    std::array<Material, kCount> materials;
};

}  // namespace nebula::voxel
