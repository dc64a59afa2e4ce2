// SPDX-License-Identifier: MIT
// The list of what the ground of a terrain can be made of, as a resource.
#pragma once

#include "nebula/base/mutex.hpp"
#include "nebula/godot/api/physics_material.hpp"
#include "nebula/godot/api/resource.hpp"
#include "nebula/godot/binding/class_builder.hpp"
#include "nebula/godot/binding/containers.hpp"
#include "nebula/godot/binding/ref.hpp"
#include "nebula/godot/binding/string.hpp"
#include "nebula/godot/voxel/voxel_material.hpp"
#include "nebula/voxel/edit/operation.hpp"

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace nebula::godot {

class MaterialTextures;

/// What terrains draw with, as it was at one moment.
struct LibraryLook {
    std::vector<MaterialLook> materials;  ///< By number.
    double border_sharpness = 0.5;
    std::int64_t texture_size = 0;  ///< Of all textures, in pixels. 0: that of the largest one.
};

/// Up to 128 materials. A voxel's material is a place in this list.
///
/// Threads:   any thread, except where it says otherwise.
class VoxelMaterialLibrary final : public Extension<Resource> {
public:
    static constexpr const char* kClassName = "VoxelMaterialLibrary";
    using Extension::Extension;
    static void bind(ClassBuilder<VoxelMaterialLibrary>& c);

    [[nodiscard]] LibraryLook look() const;
    /// Another number after every change of the look, of the list's or of a material's.
    [[nodiscard]] std::uint64_t revision() const;
    /// Another number after every change of what physics_materials() returns.
    [[nodiscard]] std::uint64_t physics_revision() const;
    /// By number; null for a material without one and for an empty place.
    [[nodiscard]] std::vector<Ref<PhysicsMaterial>> physics_materials() const;
    /// By number, in kilograms per cubic metre; `missing` for an empty place.
    [[nodiscard]] std::vector<double> densities(double missing) const;

    /// Of the materials that have any, by number.
    [[nodiscard]] std::vector<voxel::MaterialHardness> hardness() const;

    /// The textures of a look, which terrains share. Main thread.
    [[nodiscard]] std::shared_ptr<const MaterialTextures> textures() const { return textures_; }
    void keep_textures(std::shared_ptr<const MaterialTextures> textures) {
        textures_ = std::move(textures);
    }

    [[nodiscard]] Array materials() const;
    void set_materials(const Array& materials);
    [[nodiscard]] double border_sharpness() const;
    void set_border_sharpness(double sharpness);
    [[nodiscard]] std::int64_t texture_size() const;
    void set_texture_size(std::int64_t pixels);

    [[nodiscard]] Ref<VoxelMaterial> material(std::int64_t number) const;
    [[nodiscard]] std::int64_t find(const String& name) const;

private:
    using Changes = std::uint32_t (*)(const Ref<VoxelMaterial>&);
    [[nodiscard]] std::uint64_t sum_of(Changes of) const;

    mutable Mutex mutex_;
    std::vector<Ref<VoxelMaterial>> materials_ NEBULA_GUARDED_BY(mutex_);  // null: an empty place
    double border_sharpness_ NEBULA_GUARDED_BY(mutex_) = 0.5;
    std::int64_t texture_size_ NEBULA_GUARDED_BY(mutex_) = 0;
    std::uint32_t changes_ NEBULA_GUARDED_BY(mutex_) = 0;
    std::shared_ptr<const MaterialTextures> textures_;
};

}  // namespace nebula::godot
