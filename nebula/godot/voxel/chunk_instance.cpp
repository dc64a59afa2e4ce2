// SPDX-License-Identifier: MIT
#include "nebula/godot/voxel/chunk_instance.hpp"

#include "nebula/godot/api/rendering_server.hpp"

#include <utility>

namespace nebula::godot {
namespace {

std::int64_t instances = 0;  // main thread only

}  // namespace

ChunkInstance::ChunkInstance(const ChunkLook& look, const Transform3D& place) {
    const RenderingServer server = RenderingServer::singleton();
    instance_ = server.instance_create();
    ++instances;
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

// Before its meshes: those it shows would be taken from it one by one.
ChunkInstance::~ChunkInstance() {
    RenderingServer::singleton().free_rid(instance_);
    --instances;
}

ChunkInstance::Mesh::Mesh(ChunkSurface& surface)
    : mesh(surface.take_mesh()),
      triangle_count(surface.triangle_count()),
      material(surface.material()) {}

void ChunkInstance::stage(ChunkSurface& surface) {
    staged_ = {};  // first: its memory may be used again
    staged_ = Mesh(surface);
}

void ChunkInstance::show(Mesh mesh) {
    RenderingServer::singleton().instance_set_base(instance_, mesh.mesh.rid());
    shown_ = std::move(mesh);
}

void ChunkInstance::show_staged() { show(std::exchange(staged_, {})); }

void ChunkInstance::discard_staged() { staged_ = {}; }

void ChunkInstance::hide() { show({}); }

void ChunkInstance::set_scenario(RID scenario) {
    RenderingServer::singleton().instance_set_scenario(instance_, scenario);
}

void ChunkInstance::set_place(const Transform3D& place) {
    RenderingServer::singleton().instance_set_transform(instance_, place);
}

void ChunkInstance::set_material(RID material) {
    if (std::exchange(material_, material) == material) return;
    RenderingServer::singleton().instance_geometry_set_material_override(instance_, material);
}

void ChunkInstance::set_visible(bool visible) {
    RenderingServer::singleton().instance_set_visible(instance_, visible);
}

std::int64_t ChunkInstance::live_resources() noexcept { return instances + RendererMesh::count(); }

}  // namespace nebula::godot
