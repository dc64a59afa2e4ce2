// SPDX-License-Identifier: MIT
// The class that docs/tasks.md shows.
#pragma once

namespace nebula::godot {

/// Call this where the extension registers its classes.
void register_door();

}  // namespace nebula::godot
