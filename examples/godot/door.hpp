// SPDX-License-Identifier: MIT
// The class that docs/tasks.md shows.
#pragma once

namespace nebula::godot {

/// To be called where an extension registers its classes.
void register_door();

}  // namespace nebula::godot
