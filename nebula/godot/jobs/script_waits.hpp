// SPDX-License-Identifier: MIT
// Waiting for several things at once, for scripts: all, any, timeout.
#pragma once

#include "nebula/godot/binding/containers.hpp"
#include "nebula/godot/binding/variant.hpp"
#include "nebula/task/task.hpp"

namespace nebula::godot {

/// In these, a script may wait for a Signal, a NebulaTask, a Callable, which is called for the
/// purpose and may be a coroutine, or any other value, which is there at once.
///
/// A wait ends with TaskFailed if what it waits for is freed, fails, or is cancelled, so none can
/// hang because of that. A wait that is given up stops waiting, and cancels nothing.
///
/// Threads:   main thread.

/// The values, in the same order. The first that fails ends the wait.
[[nodiscard]] task<Array> wait_for_all(const Array& what);
/// {"index", "value"} of the first to end. If that fails, so does this.
/// \throws std::invalid_argument at once if there is none.
[[nodiscard]] task<Dictionary> wait_for_any(const Array& what);
/// The value; TaskFailed with Code::TimedOut if it takes longer than so many seconds of game time.
/// \throws std::invalid_argument at once if that is not a number of at least 0.
[[nodiscard]] task<Variant> wait_at_most(Variant what, double seconds);

}  // namespace nebula::godot
