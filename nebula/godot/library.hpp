// SPDX-License-Identifier: MIT
// What every extension that is built on nebula::godot registers besides classes of its own:
// docs/cpp_extension.md.
#pragma once

namespace nebula::godot {

/// Coroutines on the engine's main loop, and the classes through which scripts wait for them:
/// NebulaTask, NebulaTaskError and NebulaRpc, which the engine knows under the extension's name
/// (engine_name). Call it first in Registrations::start.
void register_library();

/// Withdraws the generators that terrains have from us (generator_code.hpp), and joins the extension's
/// own pool. Call it last in Registrations::stop.
void stop_library() noexcept;

}  // namespace nebula::godot
