// SPDX-License-Identifier: MIT
// The surface of one tile as triangles, for physics.
#pragma once

#include "nebula/voxel/field/footing.hpp"
#include "nebula/voxel/field/tile_block.hpp"
#include "nebula/voxel/space/vec.hpp"

#include <cstddef>
#include <vector>

namespace nebula::voxel {

/// Three positions per triangle, clockwise when seen from the air, relative to the tile's lowest
/// corner and in voxels. No normals, and no shared vertices: physics engines take it like this.
///
/// Threads:   as a plain struct.
/// Lifetime:  the mesher keeps the vectors' memory, so a reused object stops allocating.
struct ColliderMesh {
    /// The triangles of one footing.
    struct Part {
        Footing footing = 0;
        std::size_t positions = 0;  ///< How many of `faces`.
        std::size_t rim = 0;        ///< How many of `rims`.

        friend bool operator==(const Part&, const Part&) = default;
    };

    std::vector<Vec3f> faces;
    /// One after another in `faces`, by footing; none is empty.
    std::vector<Part> parts;
    /// What each part has beyond its border, in the order of the parts (collider_rims.hpp).
    std::vector<Vec3f> rims;

    [[nodiscard]] bool empty() const noexcept { return faces.empty(); }
    [[nodiscard]] std::size_t triangle_count() const noexcept { return faces.size() / 3; }
};

/// Replaces `out` with the triangles of a tile: those of the chunk's mesh without strips, with equal
/// positions, all of footing 0 (see divide()). A sample of 0 counts as air.
///
/// Threads:   any thread.
/// Cost:      about 20 us for hills.
/// \throws std::bad_alloc.
void mesh_collider(const TileBlock& block, ColliderMesh& out);

}  // namespace nebula::voxel
