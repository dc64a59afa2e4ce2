// SPDX-License-Identifier: MIT
#include "nebula/godot/voxel/chunk_surface.hpp"

#include "nebula/godot/binding/math.hpp"
#include "nebula/godot/binding/packed_array.hpp"
#include "nebula/godot/voxel/terrain_materials.hpp"
#include "nebula/voxel/mesh/material_attribute.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <utility>
#include <vector>

namespace nebula::godot {
namespace {

PackedByteArray as_bytes(const std::vector<std::byte>& data) {
    return PackedByteArray(
        std::span(reinterpret_cast<const std::uint8_t*>(data.data()), data.size()));
}

// Of every vertex: its colour, and the materials of its triangle.
PackedByteArray colored(const voxel::ChunkMesh& mesh, const VertexColors& colors) {
    constexpr std::size_t color_size = sizeof(VertexColors::value_type);
    constexpr std::size_t size = color_size + sizeof(voxel::MaterialAttribute);
    PackedByteArray data;
    data.resize(mesh.vertex_count * size);
    std::uint8_t* out = data.write().data();
    for (std::uint32_t i = 0; i < mesh.vertex_count; ++i, out += size) {
        const voxel::MaterialAttribute packed = mesh.materials(i);
        std::memcpy(out, &colors[packed.own()], color_size);
        std::memcpy(out + color_size, &packed, sizeof packed);
    }
    return data;
}

// The engine's surface in its own bytes: nothing is packed, split or checked vertex by vertex on
// the main thread. The layout is ChunkMesh's contract.
Dictionary surface_of(const voxel::ChunkMesh& mesh, const VertexColors* colors) {
    // VERTEX | NORMAL | TANGENT | INDEX, COMPRESS_ATTRIBUTES, and the version of the layout in the bits
    // from 35 on.
    constexpr std::int64_t format =
        1 | 2 | 4 | (1 << 12) | (std::int64_t{1} << 29) | (std::int64_t{1} << 35);
    constexpr std::int64_t color = 1 << 3;
    constexpr std::int64_t custom0 = (1 << 6) | (5 << 13);  // RG_FLOAT
    constexpr std::int64_t triangles = 3;
    // What positions are relative to, not how far they reach; for that there is set_bounds().
    constexpr float box = voxel::ChunkMesh::kBoxSize;
    Dictionary surface{{"primitive", triangles},
                       {"format", format},
                       {"vertex_data", as_bytes(mesh.vertex_data)},
                       {"vertex_count", mesh.vertex_count},
                       {"index_data", as_bytes(mesh.index_data)},
                       {"index_count", mesh.index_count},
                       {"aabb", AABB{{0, 0, 0}, {box, box, box}}}};
    if (colors != nullptr) {
        surface["format"] = format | color | custom0;
        surface["attribute_data"] = colored(mesh, *colors);
    } else if (!mesh.attribute_data.empty()) {
        surface["format"] = format | custom0;
        surface["attribute_data"] = as_bytes(mesh.attribute_data);
    }
    return surface;
}

AABB bounds_of(const voxel::ChunkMesh& mesh) {
    const voxel::Vec3f min = mesh.bounds.min;
    const voxel::Vec3f size = mesh.bounds.max - min;
    return {{min.x, min.y, min.z}, {size.x, size.y, size.z}};
}

}  // namespace

ChunkSurface::ChunkSurface(const voxel::ChunkMesh& mesh, const VertexColors* colors)
    : Surface(mesh.triangle_count()),
      surface_(surface_of(mesh, colors)),
      bounds_(bounds_of(mesh)),
      bytes_(mesh.vertex_data.size() + mesh.index_data.size() + mesh.attribute_data.size()),
      material_(mesh.attribute_data.empty() ? mesh.material : TerrainMaterials::kMany) {}

void ChunkSurface::make_mesh() {
    mesh_ = RendererMesh(surface_);
    surface_ = {};
}

RendererMesh ChunkSurface::take_mesh() {
    if (!mesh_.is_valid()) make_mesh();
    mesh_.set_bounds(bounds_);
    return std::move(mesh_);
}

std::unique_ptr<voxel::Surface> ChunkSurfaceMaker::make(const voxel::ChunkMesh& mesh) const {
    std::shared_ptr<const VertexColors> colors;
    {
        const MutexLock lock(mutex_);
        colors = colors_;
    }
    auto surface = std::make_unique<ChunkSurface>(mesh, colors.get());
    if (makes_meshes_) surface->make_mesh();
    return surface;
}

bool ChunkSurfaceMaker::say(VertexMaterials what, const VertexColors& colors) {
    std::shared_ptr<const VertexColors> fresh;
    if (what == VertexMaterials::All) fresh = std::make_shared<const VertexColors>(colors);
    bool same = said_ == what;
    said_ = what;
    {
        const MutexLock lock(mutex_);
        same = same && (fresh == nullptr || *fresh == *colors_);
        colors_.swap(fresh);
    }
    wants_materials_.store(what != VertexMaterials::None, std::memory_order_relaxed);
    return !same;
}

}  // namespace nebula::godot
