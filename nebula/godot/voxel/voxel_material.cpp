// SPDX-License-Identifier: MIT
#include "nebula/godot/voxel/voxel_material.hpp"

#include "nebula/base/log.hpp"
#include "nebula/godot/voxel/distances.hpp"

#include <cmath>
#include <string>
#include <utility>

namespace nebula::godot {
namespace {

constexpr double kLeastScale = 0.001;
constexpr double kMostScale = 64.0;
constexpr double kMostDensity = 100'000.0;

}  // namespace

void VoxelMaterial::bind(ClassBuilder<VoxelMaterial>& c) {
    using Self = VoxelMaterial;
    c.any_thread();
    c.doc("One thing that ground can be made of: grass, rock, ore.",
          "An entry of a [VoxelMaterialLibrary]. Its number is its place in the list. Give it a "
          "name with [member Resource.resource_name]. With a colour alone it is cheap to draw; "
          "textures are laid on the ground from three sides, so no UV is needed. A value out of "
          "range is refused with an error, and the property keeps its value.");
    c.property("albedo_color", &Self::albedo_color, &Self::set_albedo_color, {},
               "The colour of the ground. It is multiplied with [member albedo_texture]. Alpha is "
               "not used.");
    c.property("albedo_texture", &Self::texture<MaterialLook::Albedo>,
               &Self::set_texture<MaterialLook::Albedo>, Hint::resource<Texture2D>(),
               "The picture of the ground. If its alpha channel varies, it is taken for a height: "
               "where two materials meet, what is higher shows first, so that stones stand out of "
               "grass.");
    c.property("normal_texture", &Self::texture<MaterialLook::Normal>,
               &Self::set_texture<MaterialLook::Normal>, Hint::resource<Texture2D>(),
               "A normal map, as [member BaseMaterial3D.normal_texture].");
    c.property("orm_texture", &Self::texture<MaterialLook::Orm>,
               &Self::set_texture<MaterialLook::Orm>, Hint::resource<Texture2D>(),
               "Ambient occlusion in red, roughness in green, metallic in blue, as [member "
               "ORMMaterial3D.orm_texture]. Roughness is multiplied with [member roughness]; "
               "metallic takes the place of [member metallic].");
    c.property("texture_scale", &Self::texture_scale, &Self::set_texture_scale,
               Hint::range(kLeastScale, kMostScale, 0.001, "exp"),
               "How often the textures repeat per voxel: 0.25 spreads them over 4 voxels. From "
               "0.001 to 64.");
    c.property("roughness", &Self::roughness, &Self::set_roughness, Hint::range(0, 1, 0.01),
               "As [member BaseMaterial3D.roughness]. From 0 to 1.");
    c.property("metallic", &Self::metallic, &Self::set_metallic, Hint::range(0, 1, 0.01),
               "As [member BaseMaterial3D.metallic]. From 0 to 1.");
    c.group("Game");
    c.property("hardness", &Self::hardness, &Self::set_hardness, Hint::range(0, 1, 0.01),
               "How much the material resists being dug by a [VoxelBrush] with [member "
               "VoxelBrush.use_hardness]: 0 gives way as if it were not there, 1 not at all. "
               "[method VoxelTerrain.dig_sphere] and its like dig everything alike. From 0 to 1.");
    c.property(
        "density", &Self::density, &Self::set_density,
        Hint::range(0, kMostDensity, 1, "suffix:kg/m\xC2\xB3"),
        "The mass of a cubic metre. An island that comes off the terrain weighs the sum over "
        "its materials, and its centre of mass and inertia follow from that: see [member "
        "VoxelTerrain.islands]. From 0 to 100000.");
    c.property(
        "physics_material", &Self::physics_material, &Self::set_physics_material,
        Hint::resource<PhysicsMaterial>(),
        "Friction and bounce of this ground. Without one it is [member "
        "VoxelTerrain.collision_material]. Several materials may share one, and it may change at "
        "any "
        "time: other numbers count from the next physics tick on, another resource as soon as the "
        "ground around bodies is made again, as after an edit. An island that comes off has that "
        "of "
        "the material of which it has most.");
    c.property("tag", &Self::tag, &Self::set_tag, {},
               "A word for your scripts, such as [code]&\"gravel\"[/code]: the sound of steps, the "
               "dust of an impact. Nothing in the add-on reads it. [method VoxelTerrain.raycast] "
               "tells a material's number, and [method VoxelMaterialLibrary.get_material] gives "
               "the material of that number.");
}

MaterialLook VoxelMaterial::look() const {
    const MutexLock lock(mutex_);
    return look_;
}

template <class F>
void VoxelMaterial::change(F&& f) {
    MaterialLook before;  // a texture may die with it, and not under the lock
    {
        const MutexLock lock(mutex_);
        before = look_;
        f(look_);
    }
    revision_.fetch_add(1);
    emit_changed();  // runs scripts
}

void VoxelMaterial::set_number(double MaterialLook::*number, const char* name, double value,
                               double lowest, double highest) {
    if (accepts(std::string("VoxelMaterial.") + name, value, {lowest, highest}))
        change([&](MaterialLook& look) { look.*number = value; });
}

void VoxelMaterial::set_albedo_color(const Color& color) {
    if (!std::isfinite(color.r) || !std::isfinite(color.g) || !std::isfinite(color.b)) {
        log(LogLevel::Error,
            "VoxelMaterial.albedo_color has a component that is not a finite number. It keeps its "
            "value.");
        return;
    }
    change([&](MaterialLook& look) { look.color = color; });
}

void VoxelMaterial::set_texture_scale(double per_voxel) {
    set_number(&MaterialLook::scale, "texture_scale", per_voxel, kLeastScale, kMostScale);
}

void VoxelMaterial::set_roughness(double roughness) {
    set_number(&MaterialLook::roughness, "roughness", roughness, 0.0, 1.0);
}

void VoxelMaterial::set_metallic(double metallic) {
    set_number(&MaterialLook::metallic, "metallic", metallic, 0.0, 1.0);
}

void VoxelMaterial::set_hardness(double hardness) {
    if (!accepts("VoxelMaterial.hardness", hardness, {0, 1})) return;
    hardness_.store(hardness);
    emit_changed();
}

void VoxelMaterial::set_density(double kg_per_m3) {
    if (!accepts("VoxelMaterial.density", kg_per_m3, {0, kMostDensity})) return;
    density_.store(kg_per_m3);
    emit_changed();
}

Ref<PhysicsMaterial> VoxelMaterial::physics_material() const {
    const MutexLock lock(mutex_);
    return physics_material_;
}

void VoxelMaterial::set_physics_material(const Ref<PhysicsMaterial>& material) {
    Ref<PhysicsMaterial> before = material;
    {
        const MutexLock lock(mutex_);
        std::swap(before, physics_material_);
    }
    physics_revision_.fetch_add(1);
    emit_changed();
}

StringName VoxelMaterial::tag() const {
    const MutexLock lock(mutex_);
    return tag_;
}

void VoxelMaterial::set_tag(const StringName& tag) {
    {
        const MutexLock lock(mutex_);
        tag_ = tag;
    }
    emit_changed();
}

}  // namespace nebula::godot
