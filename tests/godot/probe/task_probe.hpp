// SPDX-License-Identifier: MIT
// A class through which tests/godot starts coroutines and asks what became of them.
#pragma once

namespace nebula::godot {

void register_task_probe();

}  // namespace nebula::godot
