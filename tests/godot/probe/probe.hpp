// SPDX-License-Identifier: MIT
// Classes that tests/godot looks at from GDScript.
#pragma once

namespace nebula::godot {

void register_probes();

}  // namespace nebula::godot
