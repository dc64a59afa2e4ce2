// SPDX-License-Identifier: MIT
#include "nebula/voxel/mesh/blocky_mesh.hpp"

#include "nebula/voxel/mesh/octahedral.hpp"

#include <cstring>

namespace nebula::voxel {
namespace {

unsigned byte(const BlockyMesh& mesh, std::uint32_t vertex, std::size_t channel) noexcept {
    return std::to_integer<unsigned>(
        mesh.attribute_data[vertex * BlockyMesh::kColorSize + channel]);
}

}  // namespace

Vec3f BlockyMesh::Surface::position(std::uint32_t vertex) const noexcept {
    Vec3f position;
    std::memcpy(&position, vertex_data.data() + vertex * kPositionSize, sizeof position);
    return position;
}

Vec3f BlockyMesh::Surface::normal(std::uint32_t vertex) const noexcept {
    OctahedralNormal normal;
    std::memcpy(&normal, vertex_data.data() + vertex_count * kPositionSize + vertex * kNormalSize,
                sizeof normal);
    return octahedral_decode(normal);
}

void BlockyMesh::clear() noexcept {
    surface.clear();
    attribute_data.clear();
}

BlockId BlockyMesh::block(std::uint32_t vertex) const noexcept {
    return static_cast<BlockId>(byte(*this, vertex, 1) | byte(*this, vertex, 2) << 8U);
}

int BlockyMesh::light(std::uint32_t vertex) const noexcept {
    return static_cast<int>(byte(*this, vertex, 0) / 85U);
}

std::uint64_t mesh_hash(const BlockyMesh& mesh) noexcept {
    return mesh_hash(mesh.surface, mesh.attribute_data);
}

}  // namespace nebula::voxel
