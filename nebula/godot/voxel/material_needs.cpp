// SPDX-License-Identifier: MIT
#include "nebula/godot/voxel/material_needs.hpp"

#include "nebula/godot/api/base_material_3d.hpp"
#include "nebula/godot/api/shader_material.hpp"
#include "nebula/godot/binding/marshal.hpp"
#include "nebula/godot/binding/string.hpp"

#include <string>
#include <string_view>

namespace nebula::godot {
namespace {

// A chain of passes that ends in itself must not hang the game.
constexpr int kMostPasses = 16;

// Whichever of these a shader names makes the engine ask for tangents.
constexpr std::string_view kTangentWords[] = {"TANGENT", "BINORMAL", "NORMAL_MAP", "ANISOTROPY"};

bool names_tangents(const ShaderMaterial& material) {
    const Ref<Resource> shader = material.get_shader();
    if (shader.is_null()) return false;
    const std::string code = Object(shader.ptr()).get("code").to<String>().utf8();
    for (const std::string_view word : kTangentWords)
        if (code.find(word) != std::string::npos) return true;
    // A visual shader, or code that includes other code, does not show what it uses.
    return code.find("#include") != std::string::npos;
}

}  // namespace

bool may_read_tangents(const Ref<Material>& material) {
    Ref<Material> pass = material;
    for (int i = 0; pass && i < kMostPasses; ++i) {
        if (cast_to<BaseMaterial3D>(pass.handle())) return true;
        if (const auto shaded = cast_to<ShaderMaterial>(pass.handle());
            shaded && names_tangents(shaded))
            return true;
        pass = pass->get_next_pass();
    }
    return false;
}

}  // namespace nebula::godot
