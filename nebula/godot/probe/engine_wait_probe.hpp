// SPDX-License-Identifier: MIT
// A class through which tests/godot waits for tweens, animations, requests and loads. Built only
// with NEBULA_GODOT_TESTS.
#pragma once

namespace nebula::godot {

void register_engine_wait_probe();

}  // namespace nebula::godot
