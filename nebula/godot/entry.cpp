// SPDX-License-Identifier: MIT
// Where the engine enters: the one exported symbol, and what it registers.
#include "nebula/godot/async/nebula_task.hpp"
#include "nebula/godot/async/rpc.hpp"
#include "nebula/godot/binding/class_builder.hpp"
#include "nebula/godot/binding/lifecycle.hpp"
#include "nebula/godot/runtime/engine_loop.hpp"
#include "nebula/godot/runtime/nebula_server.hpp"
#include "nebula/godot/runtime/shared_pool.hpp"
#include "nebula/godot/runtime/signal_stream.hpp"
#include "nebula/godot/voxel/voxel_generator.hpp"
#include "nebula/godot/voxel/voxel_terrain.hpp"

#ifdef NEBULA_GODOT_TESTS
#include "nebula/godot/adapter/await_signal.hpp"
#include "nebula/godot/probe/adapter_probe.hpp"
#include "nebula/godot/probe/async_probe.hpp"
#include "nebula/godot/probe/combination_probe.hpp"
#include "nebula/godot/probe/engine_wait_probe.hpp"
#include "nebula/godot/probe/guide_probe.hpp"
#include "nebula/godot/probe/phase_probe.hpp"
#include "nebula/godot/probe/probe.hpp"
#include "nebula/godot/probe/probe_tasks.hpp"
#include "nebula/godot/probe/signal_probe.hpp"
#include "nebula/godot/probe/task_probe.hpp"
#endif

namespace {

void start() {
    using namespace nebula::godot;  // NOLINT(google-build-using-namespace): one list of names
    register_signal_streams();
    register_engine_loop();
    register_class<NebulaTaskError>();
    register_class<NebulaTask>();
    register_class<NebulaRpc>();
    register_class<NebulaServer>();
    register_singleton<NebulaServer>("Nebula");
    register_class<VoxelGenerator>();
    register_class<VoxelNoiseGenerator>();
    register_class<VoxelFlatGenerator>();
    register_class<VoxelTerrain>();
#ifdef NEBULA_GODOT_TESTS
    register_probes();
    register_adapter_probe();
    register_signal_probe();
    register_task_probe();
    register_async_probes();
    register_combination_probe();
    register_engine_wait_probe();
    register_phase_probe();
    register_guide_probe();
#endif
}

void stop() {
    nebula::godot::stop_shared_pool();
#ifdef NEBULA_GODOT_TESTS
    nebula::godot::report_probe_tasks();
#endif
}

}  // namespace

extern "C" __attribute__((visibility("default"))) GDExtensionBool nebula_init(
    GDExtensionInterfaceGetProcAddress get_proc_address, GDExtensionClassLibraryPtr library,
    GDExtensionInitialization* initialization) {
    if (!nebula::godot::start_extension(get_proc_address, library, initialization, {start, stop}))
        return 0;
#ifdef NEBULA_GODOT_TESTS
    if (!nebula::adapter::attach(get_proc_address, library)) return 0;
#endif
    return 1;
}
