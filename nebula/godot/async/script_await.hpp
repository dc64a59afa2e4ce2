// SPDX-License-Identifier: MIT
// Lets a script await a task after it has ended. README.md in this folder: "What scripts get".
#pragma once

#include "nebula/godot/binding/ref.hpp"
#include "nebula/godot/binding/string.hpp"

#include <cstdint>
#include <optional>

namespace nebula::godot {

class NebulaTask;

/// How many engine values hold this name at the moment; nullopt if this engine does not keep its
/// counts in a way we know.
///
/// Threads:   main thread.
[[nodiscard]] std::optional<std::uint32_t> holders_of(const StringName& name);

/// For a task that has ended and whose signal a script may still hold. Keeps the task, and at the
/// end of each frame gives its result to the listeners that have connected to the signal since.
/// Ends when nobody holds the signal any more.
void serve_later_awaits(Ref<NebulaTask> task);

}  // namespace nebula::godot
