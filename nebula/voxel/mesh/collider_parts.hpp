// SPDX-License-Identifier: MIT
// Which triangles of a collider belong to which footing.
#pragma once

#include "nebula/voxel/field/footing.hpp"
#include "nebula/voxel/field/tile_block.hpp"
#include "nebula/voxel/field/tile_materials.hpp"
#include "nebula/voxel/mesh/collider_mesh.hpp"

namespace nebula::voxel {

/// Orders the triangles of a tile's mesh by footing and says where each part is. A triangle has the
/// footing of the material that a ray would tell at its middle; those of one part keep their order. A
/// mesh of one footing stays as it is.
///
/// Threads:   any thread.
/// Cost:      nothing if the materials are uniform; 3 us if their footings are; else about 50 ns more
///            per triangle.
/// \pre mesh is that of the block, as mesh_collider() made it.
/// \throws std::bad_alloc; the mesh is then unspecified.
void divide(const TileBlock& block, const TileMaterials& materials, const Footings& footings,
            ColliderMesh& mesh);

}  // namespace nebula::voxel
