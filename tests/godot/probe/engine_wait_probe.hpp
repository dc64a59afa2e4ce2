// SPDX-License-Identifier: MIT
// A class through which tests/godot waits for tweens, animations, requests and loads.
#pragma once

namespace nebula::godot {

void register_engine_wait_probe();

}  // namespace nebula::godot
