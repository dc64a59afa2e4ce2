// SPDX-License-Identifier: MIT
// A class through which tests/godot waits by way of nebula/godot/adapter. adapter::attach() must
// have been called.
#pragma once

namespace nebula::godot {

void register_adapter_probe();

}  // namespace nebula::godot
