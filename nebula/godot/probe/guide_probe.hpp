// SPDX-License-Identifier: MIT
// The class that docs/tasks.md shows. Built only with NEBULA_GODOT_TESTS.
#pragma once

namespace nebula::godot {

void register_guide_probe();

}  // namespace nebula::godot
