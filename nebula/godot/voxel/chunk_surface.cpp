// SPDX-License-Identifier: MIT
#include "nebula/godot/voxel/chunk_surface.hpp"

#include "nebula/godot/binding/math.hpp"
#include "nebula/godot/binding/packed_array.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace nebula::godot {
namespace {

PackedByteArray as_bytes(const std::vector<std::byte>& data) {
    return PackedByteArray(
        std::span(reinterpret_cast<const std::uint8_t*>(data.data()), data.size()));
}

// The engine's surface in its own bytes: nothing is packed, split or checked vertex by vertex on
// the main thread. The layout is ChunkMesh's contract.
Dictionary surface_of(const voxel::ChunkMesh& mesh) {
    // VERTEX | NORMAL | TANGENT | INDEX, COMPRESS_ATTRIBUTES, and the version of the layout in the bits
    // from 35 on.
    constexpr std::int64_t format =
        1 | 2 | 4 | (1 << 12) | (std::int64_t{1} << 29) | (std::int64_t{1} << 35);
    constexpr std::int64_t triangles = 3;
    // What positions are relative to, not how far they reach; for that there is set_bounds().
    constexpr float box = voxel::ChunkMesh::kBoxSize;
    return {{"primitive", triangles},
            {"format", format},
            {"vertex_data", as_bytes(mesh.vertex_data)},
            {"vertex_count", mesh.vertex_count},
            {"index_data", as_bytes(mesh.index_data)},
            {"index_count", mesh.index_count},
            {"aabb", AABB{{0, 0, 0}, {box, box, box}}}};
}

AABB bounds_of(const voxel::ChunkMesh& mesh) {
    const voxel::Vec3f min = mesh.bounds.min;
    const voxel::Vec3f size = mesh.bounds.max - min;
    return {{min.x, min.y, min.z}, {size.x, size.y, size.z}};
}

}  // namespace

ChunkSurface::ChunkSurface(const voxel::ChunkMesh& mesh)
    : Surface(mesh.triangle_count()),
      surface_(surface_of(mesh)),
      bounds_(bounds_of(mesh)),
      bytes_(mesh.vertex_data.size() + mesh.index_data.size()) {}

void ChunkSurface::make_mesh() {
    mesh_ = RendererMesh(surface_);
    surface_ = {};
}

RendererMesh ChunkSurface::take_mesh() {
    if (!mesh_.is_valid()) make_mesh();
    mesh_.set_bounds(bounds_);
    return std::move(mesh_);
}

}  // namespace nebula::godot
