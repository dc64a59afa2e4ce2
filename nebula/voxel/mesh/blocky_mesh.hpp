// SPDX-License-Identifier: MIT
// A finished mesh of blocks, already in the bytes that the engine uploads.
#pragma once

#include "nebula/voxel/field/block_type.hpp"
#include "nebula/voxel/mesh/mesh_bytes.hpp"
#include "nebula/voxel/space/vec.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace nebula::voxel {

/// Quads with positions, normals, block types and light, in the layout of Godot's RenderingServer
/// surfaces (format VERTEX | NORMAL | COLOR | INDEX).
///
///   surface         Quad q has the vertices 4q to 4q + 3, clockwise from the front, and the
///                   triangles (0, 1, 2) and (0, 2, 3) of them.
///     vertex_data   vertex_count positions of 3 floats (12 bytes each), relative to the grid's
///                   corner and in blocks; then vertex_count normals of 2 uint16 (4 bytes each),
///                   octahedral.
///   attribute_data  vertex_count colours of 4 bytes:
///                     red    how much light reaches the corner: 85 times 0 (dark) to 3 (open)
///                     green  the block's id modulo 256
///                     blue   the block's id divided by 256
///                     alpha  255
///
/// The id is the same at all vertices of a quad, so a shader gets it whole:
/// `int id = int(COLOR.g * 255.0 + 0.5) + 256 * int(COLOR.b * 255.0 + 0.5);`
///
/// Threads:   as a plain struct.
/// Lifetime:  the mesher keeps the vectors' memory, so a reused object stops allocating.
struct BlockyMesh {
    struct Surface : MeshBytes {
        static constexpr std::size_t kPositionSize = 12;
        static constexpr std::size_t kNormalSize = 4;
        static constexpr std::size_t kVertexSize = kPositionSize + kNormalSize;

        /// One vertex, decoded. For tests and tools, not for hot loops.
        [[nodiscard]] Vec3f position(std::uint32_t vertex) const noexcept;
        [[nodiscard]] Vec3f normal(std::uint32_t vertex) const noexcept;  ///< Of unit length.
    };
    static constexpr std::size_t kColorSize = 4;
    static constexpr int kMostLight = 3;

    Surface surface;
    std::vector<std::byte> attribute_data;

    [[nodiscard]] bool empty() const noexcept { return surface.empty(); }
    [[nodiscard]] std::uint32_t quad_count() const noexcept { return surface.vertex_count / 4; }

    /// Empties the mesh and keeps its memory.
    void clear() noexcept;

    /// One vertex, decoded. For tests and tools, not for hot loops.
    [[nodiscard]] BlockId block(std::uint32_t vertex) const noexcept;
    [[nodiscard]] int light(std::uint32_t vertex) const noexcept;  ///< 0 to kMostLight.
};

/// As mesh_hash(MeshBytes), with the attributes.
[[nodiscard]] std::uint64_t mesh_hash(const BlockyMesh& mesh) noexcept;

}  // namespace nebula::voxel
