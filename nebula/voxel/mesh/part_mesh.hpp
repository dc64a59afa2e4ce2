// SPDX-License-Identifier: MIT
// The surface of a part of the ground, as one mesh, and what a body needs to collide.
#pragma once

#include "nebula/voxel/field/ground_part.hpp"
#include "nebula/voxel/mesh/material_attribute.hpp"
#include "nebula/voxel/mesh/smooth_mesher.hpp"
#include "nebula/voxel/space/vec.hpp"
#include "nebula/voxel/space/voxel_error.hpp"

#include <tl/expected.hpp>

#include <cstdint>
#include <vector>

namespace nebula::voxel {

/// Positions are in voxels, from the first corner of the part's box. Vertices on the borders of the
/// chunks that it was made of occur more than once, with equal positions and normals.
///
/// Threads:   as a plain struct.
struct PartMesh {
    std::vector<Vec3f> positions;
    std::vector<Vec3f> normals;  ///< Of unit length.
    /// Of each vertex, if the part has materials; else empty.
    std::vector<MaterialAttribute> materials;
    std::vector<std::uint32_t> indices;  ///< Front faces are clockwise.
};

/// The same surface, to the bit, as the world shows where the part is.
///
/// Threads:   any thread.
/// Cost:      one chunk's mesh for each 32^3 cells of the part's box.
/// Errors:    ZeroSample. \throws std::bad_alloc.
[[nodiscard]] tl::expected<PartMesh, VoxelError> mesh_part(SmoothMesher& mesher,
                                                           const GroundPart& part);

/// The part as convex bodies, for physics: each has the part's samples and vertices in one cube of
/// `edge` voxels, and of those that follow next to it, so that bodies overlap. With an edge of
/// kOneHull there is one body.
///
/// Of each body, the farthest points in 50 directions and a few more: their hull lies within that of
/// the part's share, and is nowhere thinner than a quarter of a voxel. A hull fills what is hollow:
/// caves and arches smaller than a cube.
///
/// Cost:      some 50 ns per vertex and row of samples.
/// \pre edge is at least 4. \throws std::bad_alloc.
[[nodiscard]] std::vector<std::vector<Vec3f>> hulls_of(const PartMesh& mesh, const GroundPart& part,
                                                       std::int32_t edge);
inline constexpr std::int32_t kOneHull = 1 << 16;

}  // namespace nebula::voxel
