// SPDX-License-Identifier: MIT
#include "nebula/godot/voxel/chunk_instance.hpp"

#include "nebula/godot/api/rendering_server.hpp"
#include "nebula/godot/binding/containers.hpp"
#include "nebula/godot/binding/packed_array.hpp"
#include "nebula/voxel/mesh/octahedral.hpp"

#include <cmath>
#include <cstring>
#include <span>
#include <utility>

namespace nebula::godot {
namespace {

std::int64_t live = 0;  // main thread only

PackedByteArray as_bytes(const std::vector<std::byte>& data) {
    return PackedByteArray(
        std::span(reinterpret_cast<const std::uint8_t*>(data.data()), data.size()));
}

constexpr std::size_t kTangentSize = 4;

// Octahedral, as the engine packs them: the upper half of the second number says that the frame is
// right-handed.
constexpr voxel::OctahedralNormal kAlongX{65535, 49151};
constexpr voxel::OctahedralNormal kAlongZ{32767, 49151};

// A direction that is not the normal's. Nothing reads more out of it: a terrain has no UV that a
// tangent could follow, and triplanar shaders set their own.
voxel::OctahedralNormal tangent_beside(voxel::OctahedralNormal normal) {
    const float u = static_cast<float>(normal.u) / 65535.0F * 2.0F - 1.0F;
    const float v = static_cast<float>(normal.v) / 65535.0F * 2.0F - 1.0F;
    const bool folded = std::abs(u) + std::abs(v) > 1.0F;
    const float x = folded ? 1.0F - std::abs(v) : std::abs(u);  // |x| where |x| + |y| + |z| is 1
    return x > 0.5F ? kAlongZ : kAlongX;
}

// The engine wants each tangent behind its normal.
PackedByteArray with_tangents(const voxel::ChunkMesh& mesh) {
    using voxel::ChunkMesh;
    static_assert(sizeof(voxel::OctahedralNormal) == ChunkMesh::kNormalSize &&
                  sizeof(voxel::OctahedralNormal) == kTangentSize);
    const std::size_t count = mesh.vertex_count;
    PackedByteArray bytes;
    bytes.resize(count * (ChunkMesh::kVertexSize + kTangentSize));
    std::uint8_t* out = bytes.write().data();
    const std::byte* in = mesh.vertex_data.data();
    std::memcpy(out, in, count * ChunkMesh::kPositionSize);
    out += count * ChunkMesh::kPositionSize;
    in += count * ChunkMesh::kPositionSize;
    for (std::size_t i = 0; i < count; ++i) {
        voxel::OctahedralNormal pair[2];
        std::memcpy(pair, in + i * sizeof pair[0], sizeof pair[0]);
        pair[1] = tangent_beside(pair[0]);
        std::memcpy(out + i * sizeof pair, pair, sizeof pair);
    }
    return bytes;
}

// The engine's surface in its own bytes: nothing is packed, split or checked vertex by vertex on
// the main thread. The layout is ChunkMesh's contract.
Dictionary surface_of(const voxel::ChunkMesh& mesh, bool tangents) {
    // VERTEX | NORMAL | INDEX, and the version of the layout in the bits from 35 on.
    constexpr std::int64_t format = 1 | 2 | (1 << 12) | (std::int64_t{1} << 35);
    constexpr std::int64_t tangent = 4;
    constexpr std::int64_t triangles = 3;
    const voxel::Vec3f min = mesh.bounds.min;
    const voxel::Vec3f size = mesh.bounds.max - min;
    return {{"primitive", triangles},
            {"format", tangents ? format | tangent : format},
            {"vertex_data", tangents ? with_tangents(mesh) : as_bytes(mesh.vertex_data)},
            {"vertex_count", mesh.vertex_count},
            {"index_data", as_bytes(mesh.index_data)},
            {"index_count", mesh.index_count},
            {"aabb", AABB{{min.x, min.y, min.z}, {size.x, size.y, size.z}}}};
}

}  // namespace

ChunkInstance::ChunkInstance(const ChunkLook& look, const Transform3D& place) {
    const RenderingServer server = RenderingServer::singleton();
    instance_ = server.instance_create();
    ++live;
    server.instance_attach_object_instance_id(instance_, look.terrain.value);
    set_scenario(look.scenario);
    set_place(place);
    set_material(look.material);
    if (!look.visible) set_visible(false);
    const ChunkLook usual;
    const bool is_usual = look.layers == usual.layers && look.cast_shadow == usual.cast_shadow &&
                          look.gi_mode == usual.gi_mode &&
                          look.visibility_range_begin == usual.visibility_range_begin &&
                          look.visibility_range_end == usual.visibility_range_end;
    if (!is_usual) set_geometry(look);
}

void ChunkInstance::set_geometry(const ChunkLook& look) {
    const RenderingServer server = RenderingServer::singleton();
    server.instance_set_layer_mask(instance_, look.layers);
    server.instance_geometry_set_cast_shadows_setting(
        instance_, static_cast<RenderingServerShadowCastingSetting>(look.cast_shadow));
    constexpr std::int64_t baked = 1;  // static objects, in baked light
    constexpr std::int64_t dynamic = 2;
    server.instance_geometry_set_flag(instance_,
                                      RenderingServerInstanceFlags::INSTANCE_FLAG_USE_BAKED_LIGHT,
                                      look.gi_mode == baked);
    server.instance_geometry_set_flag(instance_,
                                      RenderingServerInstanceFlags::INSTANCE_FLAG_USE_DYNAMIC_GI,
                                      look.gi_mode == dynamic);
    server.instance_geometry_set_visibility_range(
        instance_, look.visibility_range_begin, look.visibility_range_end, 0.0, 0.0,
        RenderingServerVisibilityRangeFadeMode::VISIBILITY_RANGE_FADE_DISABLED);
}

ChunkInstance::~ChunkInstance() {
    RenderingServer::singleton().free_rid(instance_);
    --live;
    free(shown_);
    free(staged_);
}

ChunkInstance::Mesh ChunkInstance::make(const voxel::ChunkMesh& mesh, bool with_tangents) {
    const RenderingServer server = RenderingServer::singleton();
    const Dictionary surface = surface_of(mesh, with_tangents);
    const Mesh made{server.mesh_create(), mesh.triangle_count(), with_tangents};
    ++live;
    server.mesh_add_surface(made.rid, surface);
    return made;
}

void ChunkInstance::free(Mesh& mesh) {
    if (!mesh.rid.is_valid()) return;
    RenderingServer::singleton().free_rid(mesh.rid);
    --live;
    mesh = {};
}

void ChunkInstance::stage(const voxel::ChunkMesh& mesh, bool with_tangents) {
    free(staged_);
    staged_ = make(mesh, with_tangents);
}

void ChunkInstance::show_staged() {
    Mesh before = std::exchange(shown_, std::exchange(staged_, {}));
    RenderingServer::singleton().instance_set_base(instance_, shown_.rid);
    free(before);
}

void ChunkInstance::discard_staged() { free(staged_); }

void ChunkInstance::set_mesh(const voxel::ChunkMesh& mesh, bool with_tangents) {
    Mesh before = std::exchange(shown_, make(mesh, with_tangents));
    RenderingServer::singleton().instance_set_base(instance_, shown_.rid);
    free(before);
}

void ChunkInstance::hide() {
    RenderingServer::singleton().instance_set_base(instance_, RID{});
    free(shown_);
}

void ChunkInstance::set_scenario(RID scenario) {
    RenderingServer::singleton().instance_set_scenario(instance_, scenario);
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
