// SPDX-License-Identifier: MIT
// Classes that tests/godot looks at from GDScript. Built only with NEBULA_GODOT_TESTS.
#pragma once

namespace nebula::godot {

void register_probes();

}  // namespace nebula::godot
