// SPDX-License-Identifier: MIT
// The smooth mesher written again as simply as possible: a loop over cells and a map of edges. It
// shares the table with the fast one and nothing else.
#pragma once

#include "nebula/voxel/field/sample_block.hpp"
#include "nebula/voxel/mesh/chunk_mesh.hpp"

#include <array>
#include <compare>
#include <cstdint>
#include <vector>

namespace nebula::voxel::test {

/// A vertex named by what it is: the edge of the lattice it lies on.
struct LatticeEdge {
    Vec3i low;  ///< The edge's lower end, in voxels of the world.
    int axis = 0;

    friend constexpr auto operator<=>(const LatticeEdge&, const LatticeEdge&) = default;
};

struct OracleVertex {
    LatticeEdge edge;
    int t4096 = 0;  ///< Along the edge from its lower end, in 1/4096.
    std::uint32_t normal = 0;

    friend constexpr auto operator<=>(const OracleVertex&, const OracleVertex&) = default;
};

/// Rotated so that the least vertex comes first; that keeps the winding.
using OracleTriangle = std::array<OracleVertex, 3>;

[[nodiscard]] OracleTriangle rotated(OracleTriangle triangle);

/// Sorted.
[[nodiscard]] std::vector<OracleTriangle> oracle_mesh(const SampleBlock& block);

/// The mesh's triangles in the oracle's words, sorted. Reports a test failure when a position is
/// not exactly a lattice edge plus n/4096.
[[nodiscard]] std::vector<OracleTriangle> triangles_of(const ChunkMesh& mesh, Vec3i chunk);

}  // namespace nebula::voxel::test
