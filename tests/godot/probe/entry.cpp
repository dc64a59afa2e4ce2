// SPDX-License-Identifier: MIT
// The add-on with the classes of this folder beside its own: where the engine enters the library
// that tests/godot/run.sh loads in its place.
#include "examples/godot/door.hpp"
#include "nebula/godot/adapter/await_signal.hpp"
#include "nebula/godot/binding/lifecycle.hpp"
#include "nebula/godot/registration.hpp"
#include "tests/godot/probe/adapter_probe.hpp"
#include "tests/godot/probe/async_probe.hpp"
#include "tests/godot/probe/combination_probe.hpp"
#include "tests/godot/probe/engine_wait_probe.hpp"
#include "tests/godot/probe/phase_probe.hpp"
#include "tests/godot/probe/probe.hpp"
#include "tests/godot/probe/probe_tasks.hpp"
#include "tests/godot/probe/signal_probe.hpp"
#include "tests/godot/probe/task_probe.hpp"
#include "tests/godot/probe/terrain_probe.hpp"

namespace {

void start() {
    using namespace nebula::godot;  // NOLINT(google-build-using-namespace): one list of names
    register_addon();
    register_probes();
    register_adapter_probe();
    register_signal_probe();
    register_task_probe();
    register_async_probes();
    register_combination_probe();
    register_engine_wait_probe();
    register_phase_probe();
    register_door();
    register_terrain_probe();
}

void stop() {
    nebula::godot::stop_addon();
    nebula::godot::report_probe_tasks();
}

}  // namespace

extern "C" NEBULA_ENTRY GDExtensionBool
nebula_probe_init(GDExtensionInterfaceGetProcAddress get_proc_address,
                  GDExtensionClassLibraryPtr library, GDExtensionInitialization* initialization) {
    if (!nebula::godot::start_extension(
            get_proc_address, library, initialization,
            {"Nebula", start, stop, nebula::godot::register_addon_in_editor}))
        return 0;
    return nebula::adapter::attach(get_proc_address, library) ? 1 : 0;
}
