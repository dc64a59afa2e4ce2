// SPDX-License-Identifier: MIT
// Classes through which tests/godot starts tasks that belong to objects, and waits for C++ from
// scripts and for scripts from C++.
#pragma once

namespace nebula::godot {

void register_async_probes();

}  // namespace nebula::godot
