// SPDX-License-Identifier: MIT
// What every mesh has: vertices and indices in the bytes that the engine uploads.
#pragma once

#include "nebula/voxel/space/vec.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace nebula::voxel {

/// The bytes and the counts of a mesh. What a vertex looks like is for the derived types to say.
///
///   index_data    index_count indices of index_size() bytes each; front faces are clockwise.
///
/// Threads:   as a plain struct.
/// Lifetime:  the meshers keep the vectors' memory, so a reused object stops allocating.
struct MeshBytes {
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

    /// One index, decoded. For tests, colliders and tools, not for hot loops.
    [[nodiscard]] std::uint32_t index(std::uint32_t i) const noexcept;
};

/// A hash of every byte of the mesh and its counts. It is equal in all builds, for every worker
/// count and every SIMD level; the tests and benchmarks have golden values.
[[nodiscard]] std::uint64_t mesh_hash(const MeshBytes& mesh) noexcept;
/// The same for a mesh with one more stream of bytes.
[[nodiscard]] std::uint64_t mesh_hash(const MeshBytes& mesh,
                                      std::span<const std::byte> attribute_data) noexcept;

}  // namespace nebula::voxel
