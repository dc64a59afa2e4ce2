// SPDX-License-Identifier: MIT
#include "nebula/godot/voxel/voxel_material_library.hpp"

#include "nebula/base/log.hpp"
#include "nebula/godot/voxel/distances.hpp"
#include "nebula/godot/voxel/material_textures.hpp"
#include "nebula/voxel/field/material.hpp"

#include <cstddef>
#include <string>
#include <utility>

namespace nebula::godot {
namespace {

constexpr std::int64_t kLargestTexture = 4096;

}  // namespace

void VoxelMaterialLibrary::bind(ClassBuilder<VoxelMaterialLibrary>& c) {
    using Self = VoxelMaterialLibrary;
    c.any_thread();
    c.doc(
        "The list of what the ground of a VoxelTerrain can be made of.",
        "Set it as [member VoxelTerrain.material_library]. A voxel's material is a number, a place "
        "in [member materials]; 0 is what a world is made of that says nothing about materials. "
        "The terrain is then drawn with a shader of its own that lays textures on the ground from "
        "three sides and blends materials where they meet. Changes of the list and of its "
        "materials show at once.\n\nWith [member VoxelTerrain.material] set as well, that material "
        "draws the terrain instead, and finds each vertex's material colour in its vertex colour "
        "and the materials themselves in CUSTOM0.");
    c.property("materials", &Self::materials, &Self::set_materials, Hint::array_of<VoxelMaterial>(),
               "The materials, by number. At most 128; more are refused with an error, and so is "
               "anything that is no [VoxelMaterial]. A place may be empty. Ground whose number has "
               "no material is drawn in magenta.");
    c.property("border_sharpness", &Self::border_sharpness, &Self::set_border_sharpness,
               Hint::range(0, 1, 0.01),
               "How sharp the border is where two materials meet: 0 is a soft fade over a voxel, 1 "
               "almost a line. From 0 to 1; any other value is refused with an error.");
    c.property(
        "texture_size", &Self::texture_size, &Self::set_texture_size,
        Hint::range(0, kLargestTexture, 1, "suffix:px"),
        "The width and height that all textures get, in pixels. A texture of another size is "
        "scaled to it when it is loaded, with one warning. 0 is the size of the largest "
        "texture, at most 4096. Any other value is refused with an error.");
    c.method("get_material", &Self::material, {"number"})
        .doc("Returns the material of this number, or [code]null[/code] if there is none.");
    c.method("find", &Self::find, {"name"})
        .doc(
            "Returns the number of the first material with this [member Resource.resource_name], "
            "or -1. An unnamed material is not found.");
}

LibraryLook VoxelMaterialLibrary::look() const {
    LibraryLook look;
    std::vector<Ref<VoxelMaterial>> materials;
    {
        const MutexLock lock(mutex_);
        materials = materials_;
        look.border_sharpness = border_sharpness_;
        look.texture_size = texture_size_;
    }
    for (const Ref<VoxelMaterial>& material : materials) {
        look.materials.push_back(material ? material->look()
                                          : MaterialLook{.color = MaterialLook::kMissing});
    }
    return look;
}

std::vector<double> VoxelMaterialLibrary::densities(double missing) const {
    const MutexLock lock(mutex_);
    std::vector<double> all;
    all.reserve(materials_.size());
    for (const Ref<VoxelMaterial>& material : materials_)
        all.push_back(material ? material->density() : missing);
    return all;
}

std::vector<voxel::MaterialHardness> VoxelMaterialLibrary::hardness() const {
    const MutexLock lock(mutex_);
    std::vector<voxel::MaterialHardness> all;
    for (std::size_t i = 0; i < materials_.size(); ++i)
        if (materials_[i] && materials_[i]->hardness() > 0.0)
            all.push_back(
                {static_cast<voxel::Material>(i), static_cast<float>(materials_[i]->hardness())});
    return all;
}

// A material that goes takes its changes out of the sum, but then the list has changed.
std::uint64_t VoxelMaterialLibrary::sum_of(Changes of) const {
    const MutexLock lock(mutex_);
    std::uint32_t sum = 0;
    for (const Ref<VoxelMaterial>& material : materials_)
        if (material) sum += of(material);
    return std::uint64_t{changes_} << 32U | sum;
}

std::uint64_t VoxelMaterialLibrary::revision() const {
    return sum_of([](const Ref<VoxelMaterial>& material) { return material->revision(); });
}

std::uint64_t VoxelMaterialLibrary::physics_revision() const {
    return sum_of([](const Ref<VoxelMaterial>& material) { return material->physics_revision(); });
}

std::vector<Ref<PhysicsMaterial>> VoxelMaterialLibrary::physics_materials() const {
    const MutexLock lock(mutex_);
    std::vector<Ref<PhysicsMaterial>> all;
    all.reserve(materials_.size());
    for (const Ref<VoxelMaterial>& material : materials_)
        all.push_back(material ? material->physics_material() : Ref<PhysicsMaterial>());
    return all;
}

Array VoxelMaterialLibrary::materials() const {
    const MutexLock lock(mutex_);
    Array all;
    for (const Ref<VoxelMaterial>& material : materials_) all.append(material);
    return all;
}

void VoxelMaterialLibrary::set_materials(const Array& materials) {
    if (materials.size() > std::size_t{voxel::kMaterials}) {
        log(LogLevel::Error, "VoxelMaterialLibrary.materials has " +
                                 std::to_string(materials.size()) +
                                 " entries; there can be at most " +
                                 std::to_string(voxel::kMaterials) + ". The list stays as it was.");
        return;
    }
    std::vector<Ref<VoxelMaterial>> list;
    for (std::size_t i = 0; i < materials.size(); ++i) {
        const auto material = materials[i].try_to<Ref<VoxelMaterial>>();
        if (!material) {
            log(LogLevel::Error, "VoxelMaterialLibrary.materials: entry " + std::to_string(i) +
                                     " is no VoxelMaterial. The list stays as it was.");
            return;
        }
        list.push_back(*material);
    }
    {
        const MutexLock lock(mutex_);
        materials_.swap(list);
        ++changes_;
    }
    emit_changed();  // runs scripts
}

double VoxelMaterialLibrary::border_sharpness() const {
    const MutexLock lock(mutex_);
    return border_sharpness_;
}

void VoxelMaterialLibrary::set_border_sharpness(double sharpness) {
    if (!accepts("VoxelMaterialLibrary.border_sharpness", sharpness, {0, 1})) return;
    {
        const MutexLock lock(mutex_);
        border_sharpness_ = sharpness;
        ++changes_;
    }
    emit_changed();  // runs scripts
}

std::int64_t VoxelMaterialLibrary::texture_size() const {
    const MutexLock lock(mutex_);
    return texture_size_;
}

void VoxelMaterialLibrary::set_texture_size(std::int64_t pixels) {
    if (pixels < 0 || pixels > kLargestTexture) {
        log(LogLevel::Error, "VoxelMaterialLibrary.texture_size is " + std::to_string(pixels) +
                                 "; it must be from 0, which is that of the largest texture, to " +
                                 std::to_string(kLargestTexture) + ". It keeps its value.");
        return;
    }
    {
        const MutexLock lock(mutex_);
        texture_size_ = pixels;
        ++changes_;
    }
    emit_changed();  // runs scripts
}

Ref<VoxelMaterial> VoxelMaterialLibrary::material(std::int64_t number) const {
    const MutexLock lock(mutex_);
    if (number < 0 || number >= static_cast<std::int64_t>(materials_.size())) return {};
    return materials_[static_cast<std::size_t>(number)];
}

std::int64_t VoxelMaterialLibrary::find(const String& name) const {
    if (name == "") return -1;  // and not one that nobody has named
    const MutexLock lock(mutex_);
    for (std::size_t i = 0; i < materials_.size(); ++i)
        if (materials_[i] && materials_[i]->get_name() == name) return static_cast<std::int64_t>(i);
    return -1;
}

}  // namespace nebula::godot
