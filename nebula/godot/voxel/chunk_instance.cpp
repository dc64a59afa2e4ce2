// SPDX-License-Identifier: MIT
#include "nebula/godot/voxel/chunk_instance.hpp"

#include "nebula/godot/api/rendering_server.hpp"
#include "nebula/godot/binding/containers.hpp"
#include "nebula/godot/binding/packed_array.hpp"

#include <span>

namespace nebula::godot {
namespace {

std::int64_t live = 0;  // main thread only

PackedByteArray as_bytes(const std::vector<std::byte>& data) {
    return PackedByteArray(
        std::span(reinterpret_cast<const std::uint8_t*>(data.data()), data.size()));
}

// The engine's surface in its own bytes: nothing is packed, split or checked vertex by vertex on
// the main thread. The layout is ChunkMesh's contract.
Dictionary surface_of(const voxel::ChunkMesh& mesh) {
    // VERTEX | NORMAL | INDEX, and the version of the layout in the bits from 35 on.
    constexpr std::int64_t format = 1 | 2 | (1 << 12) | (std::int64_t{1} << 35);
    constexpr std::int64_t triangles = 3;
    const voxel::Vec3f min = mesh.bounds.min;
    const voxel::Vec3f size = mesh.bounds.max - min;
    return {{"primitive", triangles},
            {"format", format},
            {"vertex_data", as_bytes(mesh.vertex_data)},
            {"vertex_count", mesh.vertex_count},
            {"index_data", as_bytes(mesh.index_data)},
            {"index_count", mesh.index_count},
            {"aabb", AABB{{min.x, min.y, min.z}, {size.x, size.y, size.z}}}};
}

}  // namespace

ChunkInstance::ChunkInstance(RID scenario, const Transform3D& place, RID material, bool visible) {
    const RenderingServer server = RenderingServer::singleton();
    instance_ = server.instance_create();
    ++live;
    server.instance_set_scenario(instance_, scenario);
    set_place(place);
    set_material(material);
    if (!visible) set_visible(false);
}

ChunkInstance::~ChunkInstance() {
    const RenderingServer server = RenderingServer::singleton();
    server.free_rid(instance_);
    --live;
    if (mesh_.is_valid()) {
        server.free_rid(mesh_);
        --live;
    }
}

void ChunkInstance::set_mesh(const voxel::ChunkMesh& mesh) {
    const RenderingServer server = RenderingServer::singleton();
    const Dictionary surface = surface_of(mesh);
    const RID before = mesh_;
    mesh_ = server.mesh_create();
    ++live;
    server.mesh_add_surface(mesh_, surface);
    server.instance_set_base(instance_, mesh_);
    triangle_count_ = mesh.triangle_count();
    if (before.is_valid()) {
        server.free_rid(before);
        --live;
    }
}

void ChunkInstance::set_place(const Transform3D& place) {
    RenderingServer::singleton().instance_set_transform(instance_, place);
}

void ChunkInstance::set_material(RID material) {
    RenderingServer::singleton().instance_geometry_set_material_override(instance_, material);
}

void ChunkInstance::set_visible(bool visible) {
    RenderingServer::singleton().instance_set_visible(instance_, visible);
}

std::int64_t ChunkInstance::live_resources() noexcept { return live; }

}  // namespace nebula::godot
