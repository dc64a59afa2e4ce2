// SPDX-License-Identifier: MIT
// What the parts of a divided collider have beyond their borders.
#pragma once

#include "nebula/voxel/mesh/collider_mesh.hpp"

namespace nebula::voxel {

/// How far a rim goes down into the ground of its neighbour, in voxels.
inline constexpr float kRimDepth = 0.06F;

/// Gives each part of a divided mesh a rim: the triangles of other parts that touch it, bent into the
/// ground. With it, its border is an edge like any other within a body, which nothing trips over (README,
/// "Colliders"). A mesh of one part has none.
///
/// Threads:   any thread.
/// Cost:      about 20 us, and 5 us for each part.
/// \throws std::bad_alloc; the mesh is then unspecified.
void add_rims(ColliderMesh& mesh);

}  // namespace nebula::voxel
