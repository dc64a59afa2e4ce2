// SPDX-License-Identifier: MIT
// The smooth mesher written again as simply as possible: a loop over cells and a map of edges. It
// shares the table with the fast one and nothing else.
#pragma once

#include "exact_geometry.hpp"
#include "nebula/voxel/field/material.hpp"
#include "nebula/voxel/field/sample_block.hpp"
#include "nebula/voxel/field/strip_samples.hpp"
#include "nebula/voxel/mesh/chunk_mesh.hpp"
#include "nebula/voxel/mesh/detail/cell_shape.hpp"

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
    int t1024 = 0;  ///< Along the edge from its lower end, in 1/1024.
    std::uint32_t normal = 0;
    Material material = 0;

    friend constexpr auto operator<=>(const OracleVertex&, const OracleVertex&) = default;
};

/// Rotated so that the least vertex comes first; that keeps the winding.
using OracleTriangle = std::array<OracleVertex, 3>;

[[nodiscard]] OracleTriangle rotated(OracleTriangle triangle);

/// Sorted.
[[nodiscard]] std::vector<OracleTriangle> oracle_mesh(const SampleBlock& block);

/// The mesh's triangles in the oracle's words, sorted. Reports a test failure when a position is
/// not exactly a lattice edge plus n/1024.
[[nodiscard]] std::vector<OracleTriangle> triangles_of(const ChunkMesh& mesh, Vec3i chunk);

/// All positions are whole numbers of 1/1024 voxel.
inline constexpr std::int64_t kUnitsPerVoxel = 1024;

/// A vertex named by where it is, because the outermost cells have made room for strips.
struct PlacedVertex {
    ExactPoint at;  ///< From the chunk's corner, in 1/kUnitsPerVoxel voxel.
    std::uint32_t normal = 0;
    Material material = 0;

    friend constexpr auto operator<=>(const PlacedVertex&, const PlacedVertex&) = default;
};
using PlacedTriangle = std::array<PlacedVertex, 3>;

/// The mesh of a chunk with strips, sorted. JoinInside gives the strips, and nothing else, the
/// polarity that must not fit. Without `materials`, all are 0.
[[nodiscard]] std::vector<PlacedTriangle> oracle_mesh(
    const SampleBlock& block, const StripSamples& strips,
    detail::Polarity polarity = detail::Polarity::SeparateInside,
    const MaterialBlock* materials = nullptr);

/// The vertices of a mesh, in its order. Reports a test failure when a position is not a whole
/// number of units, or when a vertex is not all of one material.
[[nodiscard]] std::vector<PlacedVertex> placed_vertices_of(const ChunkMesh& mesh);

/// The mesh's triangles, each rotated so that the least vertex comes first, sorted.
[[nodiscard]] std::vector<PlacedTriangle> placed_triangles_of(const ChunkMesh& mesh);

}  // namespace nebula::voxel::test
