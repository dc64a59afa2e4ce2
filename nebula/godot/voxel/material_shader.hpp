// SPDX-License-Identifier: MIT
// The shader that terrains with a material library are drawn with, and bodies that came off them.
#pragma once

#include <array>
#include <string>

namespace nebula::godot {

/// The code for the maps that there are: albedo, normal, ORM. docs/materials.md says what it reads of
/// a mesh; terrain_materials.cpp sets its uniforms.
[[nodiscard]] std::string material_shader_code(const std::array<bool, 3>& has_maps);

}  // namespace nebula::godot
