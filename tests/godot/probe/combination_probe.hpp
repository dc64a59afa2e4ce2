// SPDX-License-Identifier: MIT
// Waits of the engine's in combinations of nebula/task, and where tasks go on, for tests/godot.
#pragma once

namespace nebula::godot {

void register_combination_probe();

}  // namespace nebula::godot
