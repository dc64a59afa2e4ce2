// SPDX-License-Identifier: MIT
// A finished mesh of a chunk, already in the bytes that the engine uploads.
#pragma once

#include "nebula/voxel/field/material.hpp"
#include "nebula/voxel/mesh/material_attribute.hpp"
#include "nebula/voxel/mesh/mesh_bytes.hpp"
#include "nebula/voxel/space/vec.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace nebula::voxel {

/// Triangles with positions, normals and tangents, in the compressed layout of Godot's
/// RenderingServer surfaces (format VERTEX | NORMAL | TANGENT | INDEX | COMPRESS_ATTRIBUTES), so
/// that a commit on the main thread is a copy of bytes.
///
///   vertex_data   vertex_count positions of 4 uint16 (8 bytes each): x, y and z in units of
///                 1/kUnitsPerVoxel voxel, from the chunk's corner, then kHalfTurn; after all of
///                 them vertex_count axes of 2 uint16 (4 bytes each), as half_turn.hpp has them.
///
/// The engine decodes a position u as u / 65535 times the size of the surface's box, plus its
/// corner. With a box of kBoxSize at the origin, that is exactly u / kUnitsPerVoxel. The box is the
/// same for every chunk and says nothing about its extent: `bounds` does.
///
/// A mesh of more than one material has a third stream, one MaterialAttribute per vertex. Otherwise it
/// is empty, and `material` is that of all vertices.
///
/// Threads:   as a plain struct.
/// Lifetime:  the mesher keeps the vectors' memory, so a reused object stops allocating.
struct ChunkMesh : MeshBytes {
    static constexpr std::size_t kPositionSize = 8;
    static constexpr std::size_t kNormalSize = 4;
    static constexpr std::size_t kVertexSize = kPositionSize + kNormalSize;

    /// A power of two, so that a position is exact in a float.
    static constexpr int kUnitsPerVoxel = 1024;
    /// Of the box that positions are relative to, along each axis, in voxels.
    static constexpr float kBoxSize = 65535.0F / kUnitsPerVoxel;
    /// The engine's code for an angle of 180 degrees, in a frame that is not mirrored.
    static constexpr std::uint16_t kHalfTurn = 65535;

    std::vector<std::byte> attribute_data;
    Material material = 0;  ///< If `attribute_data` is empty.

    void clear() noexcept;

    /// One vertex, decoded. For tests, colliders and tools, not for hot loops.
    [[nodiscard]] Vec3f position(std::uint32_t vertex) const noexcept;
    [[nodiscard]] Vec3f normal(std::uint32_t vertex) const noexcept;  ///< Of unit length.
    [[nodiscard]] MaterialAttribute materials(std::uint32_t vertex) const noexcept;
};

}  // namespace nebula::voxel
