// SPDX-License-Identifier: MIT
// A class through which tests/godot waits for signals in every way there is.
#pragma once

namespace nebula::godot {

void register_signal_probe();

}  // namespace nebula::godot
