// SPDX-License-Identifier: MIT
// The add-on's objects with another entry: what is measured is what ships, plus one class.
#include "bench/godot/task_bench.hpp"
#include "nebula/godot/binding/class_builder.hpp"
#include "nebula/godot/binding/lifecycle.hpp"
#include "nebula/godot/jobs/nebula_interval.hpp"
#include "nebula/godot/jobs/script_job.hpp"
#include "nebula/godot/library.hpp"
#include "nebula/godot/server/nebula_server.hpp"

namespace {

void start() {
    nebula::godot::register_library();
    nebula::godot::register_class<nebula::godot::NebulaInterval>();
    nebula::godot::start_script_jobs();
    nebula::godot::register_class<nebula::godot::NebulaServer>();
    nebula::godot::register_singleton<nebula::godot::NebulaServer>("Nebula");
    nebula::godot::register_task_bench();
}
void stop() {
    nebula::godot::stop_library();
    nebula::godot::stop_script_jobs();
}

}  // namespace

extern "C" NEBULA_ENTRY GDExtensionBool nebula_task_bench_init(
    GDExtensionInterfaceGetProcAddress get_proc_address, GDExtensionClassLibraryPtr library,
    GDExtensionInitialization* initialization) {
    return nebula::godot::start_extension(get_proc_address, library, initialization,
                                          {"Nebula", start, stop})
               ? 1
               : 0;
}
