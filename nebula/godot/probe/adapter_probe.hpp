// SPDX-License-Identifier: MIT
// A class through which tests/godot waits by way of nebula/godot/adapter. Built only with
// NEBULA_GODOT_TESTS; adapter::attach() was called before.
#pragma once

namespace nebula::godot {

void register_adapter_probe();

}  // namespace nebula::godot
