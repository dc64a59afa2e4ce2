// SPDX-License-Identifier: MIT
// Nebula's side of ./run bench task: the class NebulaTaskBench, which bench/task/bench.gd drives.
#pragma once

namespace nebula::godot {

void register_task_bench();

}  // namespace nebula::godot
