// SPDX-License-Identifier: MIT
// What a material wants from the vertices it is drawn with.
#pragma once

#include "nebula/godot/api/material.hpp"
#include "nebula/godot/binding/ref.hpp"

namespace nebula::godot {

/// Whether the material, or one of its next passes, may read tangents. The engine prints a warning
/// for each surface without tangents that such a material is put on.
///
/// True for every StandardMaterial3D and ORMMaterial3D: their flags change without notice, and
/// triplanar mapping, normal maps and anisotropy all need tangents. A ShaderMaterial is asked by
/// its code.
///
/// Threads:   main thread.
/// Cost:      a few microseconds: a search through the shader's code.
[[nodiscard]] bool may_read_tangents(const Ref<Material>& material);

}  // namespace nebula::godot
