// SPDX-License-Identifier: MIT
// Tasks of other extensions of the project that are built on this library. Their classes are their own
// (ExampleTask, ExampleTaskError), and no C++ type of ours: we know them by their names and members.
#pragma once

#include "nebula/godot/async/nebula_task.hpp"
#include "nebula/godot/binding/object.hpp"
#include "nebula/godot/binding/variant.hpp"

#include <optional>

namespace nebula::godot {

/// Whether it is a task of another extension: its method wait() gives what can be awaited.
///
/// Threads:   main thread.
[[nodiscard]] bool is_task_of_another(const ObjectHandle& object);

/// What the value says if it is the error of a task, of ours or of another extension.
///
/// Threads:   main thread.
[[nodiscard]] std::optional<TaskFailed> failure_in(const Variant& value);

}  // namespace nebula::godot
