// SPDX-License-Identifier: MIT
// A class through which tests/godot waits for phases of a frame and for clocks.
#pragma once

namespace nebula::godot {

void register_phase_probe();

}  // namespace nebula::godot
