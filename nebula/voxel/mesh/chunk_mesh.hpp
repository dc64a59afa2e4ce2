// SPDX-License-Identifier: MIT
// A finished mesh, already in the bytes that the engine uploads.
#pragma once

#include "nebula/voxel/space/vec.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace nebula::voxel {

/// Triangles with positions and normals, in the layout of Godot's RenderingServer surfaces
/// (format VERTEX | NORMAL | INDEX), so that a commit on the main thread is a copy of bytes.
///
///   vertex_data   vertex_count positions of 3 floats (12 bytes each), relative to the chunk's
///                 corner and in voxels; then vertex_count normals of 2 uint16 (4 bytes each),
///                 octahedral.
///   index_data    index_count indices of index_size() bytes each; front faces are clockwise.
///
/// Threads:   as a plain struct.
/// Lifetime:  the mesher keeps the vectors' memory, so a reused object stops allocating.
struct ChunkMesh {
    static constexpr std::size_t kPositionSize = 12;
    static constexpr std::size_t kNormalSize = 4;
    static constexpr std::size_t kVertexSize = kPositionSize + kNormalSize;

    std::vector<std::byte> vertex_data;
    std::vector<std::byte> index_data;
    std::uint32_t vertex_count = 0;
    std::uint32_t index_count = 0;
    Aabb bounds;  ///< Of the positions; zero when empty.

    [[nodiscard]] bool empty() const noexcept { return index_count == 0; }
    [[nodiscard]] std::uint32_t triangle_count() const noexcept { return index_count / 3; }
    /// 2 up to 65536 vertices, otherwise 4. The engine uses the same rule.
    [[nodiscard]] std::size_t index_size() const noexcept { return vertex_count <= 65536 ? 2 : 4; }

    /// Empties the mesh and keeps its memory.
    void clear() noexcept;

    /// One vertex or index, decoded. For tests, colliders and tools, not for hot loops.
    [[nodiscard]] Vec3f position(std::uint32_t vertex) const noexcept;
    [[nodiscard]] Vec3f normal(std::uint32_t vertex) const noexcept;  ///< Of unit length.
    [[nodiscard]] std::uint32_t index(std::uint32_t i) const noexcept;
};

/// A hash of every byte of the mesh and its counts. It is equal in all builds, for every worker
/// count and every SIMD level; the tests and benchmarks have golden values.
[[nodiscard]] std::uint64_t mesh_hash(const ChunkMesh& mesh) noexcept;
/// The same for a surface with one more stream of bytes.
[[nodiscard]] std::uint64_t mesh_hash(const ChunkMesh& mesh,
                                      std::span<const std::byte> attribute_data) noexcept;

}  // namespace nebula::voxel
