// SPDX-License-Identifier: MIT
// What the chunks of one terrain with a material library are drawn with, and bodies that came off it.
#pragma once

#include "nebula/godot/api/shader.hpp"
#include "nebula/godot/api/shader_material.hpp"
#include "nebula/godot/binding/math.hpp"
#include "nebula/godot/binding/object.hpp"
#include "nebula/godot/binding/ref.hpp"
#include "nebula/godot/binding/string.hpp"
#include "nebula/godot/binding/variant.hpp"
#include "nebula/godot/voxel/material_textures.hpp"
#include "nebula/godot/voxel/voxel_material_library.hpp"
#include "nebula/voxel/field/material.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace nebula::godot {

/// Materials in the RenderingServer: one for chunks of many materials, and one for each material that a
/// chunk is made of alone. All have the same shader, numbers and textures. They are made when they are
/// first asked for, and stay the same when the look changes, so no chunk needs to know of it.
///
/// Threads:   main thread.
class TerrainMaterials {
public:
    /// As the number of a material: the chunk's vertices say it.
    static constexpr int kMany = -1;

    /// \param textures  null while they are being made; the terrain has plain colours then.
    TerrainMaterials(const LibraryLook& look, std::shared_ptr<const MaterialTextures> textures,
                     const Transform3D& place);
    ~TerrainMaterials();
    TerrainMaterials(const TerrainMaterials&) = delete;
    TerrainMaterials& operator=(const TerrainMaterials&) = delete;

    [[nodiscard]] RID of(int material);
    /// For a body that came off the terrain: its vertices are in voxels, and say their materials. It
    /// follows the look while this lives, and stays as it is after that.
    /// \param came_from  where the body's origin was, in the terrain's voxels.
    [[nodiscard]] Ref<ShaderMaterial> of_body(const Vector3& came_from);
    void set_look(const LibraryLook& look, std::shared_ptr<const MaterialTextures> textures);
    /// Where the terrain is in the world.
    void set_place(const Transform3D& place);

private:
    void set_all(RID material) const;
    void set_all(const ShaderMaterial& material) const;
    template <class Set>
    void for_each_number(const Set& set) const;
    template <class Set>
    void for_each_array(const Set& set) const;

    std::shared_ptr<const MaterialTextures> textures_;
    Ref<Shader> shader_;
    std::optional<std::array<bool, MaterialLook::kMaps>> shader_maps_;
    Transform3D from_world_;
    std::array<RID, voxel::kMaterials + 1> materials_;  // by number, and that of kMany
    std::vector<ObjectId> bodies_;  // their materials; whoever holds one may have let it go
    // The shader's arrays, by number.
    Variant colors_;
    Variant surfaces_;
    Variant layers_;
    double border_sharpness_ = 0.5;
};

/// As a vertex colour has it: sRGB as the colour itself, red in the lowest byte.
[[nodiscard]] std::uint32_t vertex_color(const Color& color) noexcept;

}  // namespace nebula::godot
