// SPDX-License-Identifier: MIT
// A class through which tests/godot sees where a VoxelTerrain is drawn.
#pragma once

namespace nebula::godot {

void register_terrain_probe();

}  // namespace nebula::godot
