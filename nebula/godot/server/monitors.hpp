// SPDX-License-Identifier: MIT
// What the engine's debugger shows of the pool, the tasks and the terrains.
#pragma once

namespace nebula::godot {

/// Custom monitors, under "nebula" in the debugger, from the main loop's start to its end. There are
/// none without our singleton, whose methods they call.
///
/// Threads:   main thread. For Registrations::start.
void register_monitors();

}  // namespace nebula::godot
