// SPDX-License-Identifier: MIT
#include "nebula/voxel/mesh/chunk_mesh.hpp"

#include "nebula/voxel/mesh/half_turn.hpp"
#include "nebula/voxel/mesh/octahedral.hpp"

#include <array>
#include <cstring>

namespace nebula::voxel {

void ChunkMesh::clear() noexcept {
    MeshBytes::clear();
    attribute_data.clear();
    material = 0;
}

Vec3f ChunkMesh::position(std::uint32_t vertex) const noexcept {
    std::array<std::uint16_t, 4> units;
    std::memcpy(units.data(), vertex_data.data() + vertex * kPositionSize, sizeof units);
    constexpr float voxel = 1.0F / kUnitsPerVoxel;
    return {static_cast<float>(units[0]) * voxel, static_cast<float>(units[1]) * voxel,
            static_cast<float>(units[2]) * voxel};
}

Vec3f ChunkMesh::normal(std::uint32_t vertex) const noexcept {
    OctahedralNormal axis;
    std::memcpy(&axis, vertex_data.data() + vertex_count * kPositionSize + vertex * kNormalSize,
                sizeof axis);
    return normal_of_half_turn(axis);
}

MaterialAttribute ChunkMesh::materials(std::uint32_t vertex) const noexcept {
    if (attribute_data.empty())
        return MaterialAttribute::of({material, material, material, material}, 0);
    MaterialAttribute packed;
    std::memcpy(&packed, attribute_data.data() + vertex * sizeof packed, sizeof packed);
    return packed;
}

}  // namespace nebula::voxel
