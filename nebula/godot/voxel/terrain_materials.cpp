// SPDX-License-Identifier: MIT
#include "nebula/godot/voxel/terrain_materials.hpp"

#include "nebula/godot/api/rendering_server.hpp"
#include "nebula/godot/binding/packed_array.hpp"
#include "nebula/godot/voxel/material_shader.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace nebula::godot {
namespace {

constexpr std::array<const char*, MaterialLook::kMaps> kArrays{"albedo_maps", "normal_maps",
                                                               "orm_maps"};

// By number. Colours are handed over as such, because some renderers convert them; nothing else is.
using Colors = std::array<Color, voxel::kMaterials>;
using Numbers = std::array<Vector4, voxel::kMaterials>;
Variant as_array(const Colors& colors) { return PackedColorArray(std::span<const Color>(colors)); }
Variant as_array(const Numbers& numbers) {
    return PackedVector4Array(std::span<const Vector4>(numbers));
}

Transform3D inverse_of(const Transform3D& place) {
    const Basis basis = inverse(place.basis);
    return {basis, Vector3{} - basis * place.origin};
}

}  // namespace

std::uint32_t vertex_color(const Color& color) noexcept {
    const auto byte = [](float share) {
        return static_cast<std::uint32_t>(std::lround(std::clamp(share, 0.0F, 1.0F) * 255.0F));
    };
    return byte(color.r) | byte(color.g) << 8U | byte(color.b) << 16U | 0xFF000000U;
}

TerrainMaterials::TerrainMaterials(const LibraryLook& look,
                                   std::shared_ptr<const MaterialTextures> textures,
                                   const Transform3D& place)
    : shader_(make_ref<Shader>()), from_world_(inverse_of(place)) {
    set_look(look, std::move(textures));
}

TerrainMaterials::~TerrainMaterials() {
    const RenderingServer server = RenderingServer::singleton();
    for (const RID material : materials_)
        if (material.is_valid()) server.free_rid(material);
}

RID TerrainMaterials::of(int material) {
    const std::size_t place = material == kMany ? voxel::kMaterials : std::size_t(material);
    RID& rid = materials_[place];
    if (rid.is_valid()) return rid;
    const RenderingServer server = RenderingServer::singleton();
    rid = server.material_create();
    server.material_set_shader(rid, shader_->get_rid());
    server.material_set_param(rid, "single_material", std::int64_t{material});
    set_all(rid);
    return rid;
}

Ref<ShaderMaterial> TerrainMaterials::of_body(const Vector3& came_from) {
    std::erase_if(bodies_, [](ObjectId body) { return !body.is_alive(); });
    auto material = make_ref<ShaderMaterial>();
    material->set_shader(shader_);
    material->set_shader_parameter("came_off", true);
    material->set_shader_parameter("came_from", came_from);
    set_all(material.get());
    bodies_.push_back(material.id());
    return material;
}

void TerrainMaterials::set_look(const LibraryLook& look,
                                std::shared_ptr<const MaterialTextures> textures) {
    Colors colors;
    Numbers surfaces;
    Numbers layers;
    colors.fill(MaterialLook::kMissing);
    surfaces.fill({1, 0, 1, 0});
    layers.fill({-1, -1, -1, -1});
    const std::size_t count = std::min(look.materials.size(), colors.size());
    for (std::size_t i = 0; i < count; ++i) {
        const MaterialLook& material = look.materials[i];
        const auto number = [](double value) { return static_cast<float>(value); };
        colors[i] = material.color;
        const bool has_height = textures && textures->has_height(i);
        surfaces[i] = {number(material.roughness), number(material.metallic),
                       number(material.scale), has_height ? 1.0F : 0.0F};
        if (!textures) continue;
        const MaterialLayers own = textures->layers(i);
        layers[i] = {static_cast<float>(own[0]), static_cast<float>(own[1]),
                     static_cast<float>(own[2]), -1};
    }
    colors_ = as_array(colors);
    surfaces_ = as_array(surfaces);
    layers_ = as_array(layers);
    border_sharpness_ = look.border_sharpness;

    std::array<bool, MaterialLook::kMaps> maps{};
    for (std::size_t map = 0; map < maps.size(); ++map)
        maps[map] = textures && textures->array(map);
    // The arrays of before live until nothing reads them.
    const auto before = std::exchange(textures_, std::move(textures));
    if (shader_maps_ != maps) shader_->set_code(String(material_shader_code(maps)));
    shader_maps_ = maps;
    for (const RID material : materials_)
        if (material.is_valid()) set_all(material);
    for (const ObjectId body : bodies_)
        if (const auto material = cast_to<ShaderMaterial>(body.object())) set_all(material);
}

template <class Set>
void TerrainMaterials::for_each_number(const Set& set) const {
    set("colors", colors_);
    set("surfaces", surfaces_);
    set("layers", layers_);
    set("border_sharpness", Variant(border_sharpness_));
}

template <class Set>
void TerrainMaterials::for_each_array(const Set& set) const {
    for (std::size_t map = 0; map < MaterialLook::kMaps; ++map)
        if (textures_ && textures_->array(map)) set(kArrays[map], textures_->array(map));
}

void TerrainMaterials::set_all(RID material) const {
    const RenderingServer server = RenderingServer::singleton();
    server.material_set_param(material, "from_world", from_world_);
    for_each_number([&](const char* name, const Variant& value) {
        server.material_set_param(material, name, value);
    });
    for_each_array([&](const char* name, const Ref<Texture2DArray>& array) {
        server.material_set_param(material, name, array->get_rid());
    });
}

// It keeps the shader and the arrays alive.
void TerrainMaterials::set_all(const ShaderMaterial& material) const {
    for_each_number([&](const char* name, const Variant& value) {
        material.set_shader_parameter(name, value);
    });
    for_each_array([&](const char* name, const Ref<Texture2DArray>& array) {
        material.set_shader_parameter(name, Variant(array));
    });
}

void TerrainMaterials::set_place(const Transform3D& place) {
    from_world_ = inverse_of(place);
    const RenderingServer server = RenderingServer::singleton();
    for (const RID material : materials_)
        if (material.is_valid()) server.material_set_param(material, "from_world", from_world_);
}

}  // namespace nebula::godot
