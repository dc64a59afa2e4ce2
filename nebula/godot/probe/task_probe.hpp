// SPDX-License-Identifier: MIT
// A class through which tests/godot starts coroutines and asks what became of them. Built only with
// NEBULA_GODOT_TESTS.
#pragma once

namespace nebula::godot {

void register_task_probe();

/// The last words of a run that asked for them (NebulaTaskProbe.report_at_end): one line that says
/// whether every coroutine that began was also destroyed. For the extension's end.
void report_task_probe();

}  // namespace nebula::godot
