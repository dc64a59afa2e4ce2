// SPDX-License-Identifier: MIT
#include "nebula/godot/registration.hpp"

#include "nebula/godot/async/nebula_task.hpp"
#include "nebula/godot/async/rpc.hpp"
#include "nebula/godot/binding/class_builder.hpp"
#include "nebula/godot/editor/editor_plugin.hpp"
#include "nebula/godot/jobs/nebula_interval.hpp"
#include "nebula/godot/jobs/script_job.hpp"
#include "nebula/godot/runtime/engine_loop.hpp"
#include "nebula/godot/runtime/nebula_server.hpp"
#include "nebula/godot/runtime/shared_pool.hpp"
#include "nebula/godot/runtime/signal_stream.hpp"
#include "nebula/godot/voxel/voxel_brush.hpp"
#include "nebula/godot/voxel/voxel_generator.hpp"
#include "nebula/godot/voxel/voxel_material.hpp"
#include "nebula/godot/voxel/voxel_material_library.hpp"
#include "nebula/godot/voxel/voxel_stamp.hpp"
#include "nebula/godot/voxel/voxel_terrain.hpp"
#include "nebula/godot/voxel/voxel_viewer.hpp"
#include "nebula/godot/voxel/voxel_world_store.hpp"

namespace nebula::godot {

void register_addon() {
    register_signal_streams();
    register_engine_loop();
    register_class<NebulaTaskError>();
    register_class<NebulaTask>();
    register_class<NebulaRpc>();
    register_class<NebulaInterval>();
    start_script_jobs();
    register_class<NebulaServer>();
    register_singleton<NebulaServer>("Nebula");
    register_class<VoxelGenerator>();
    register_class<VoxelNoiseGenerator>();
    register_class<VoxelFlatGenerator>();
    register_class<VoxelMaterial>();
    register_class<VoxelMaterialLibrary>();
    register_class<VoxelStamp>();
    register_class<VoxelBrush>();
    register_class<VoxelWorldStore>();
    register_class<VoxelViewer>();
    register_class<VoxelTerrain>();
    start_shared_pool();
}

void stop_addon() {
    stop_shared_pool();
    stop_script_jobs();
}

void register_addon_in_editor() { register_editor_plugin(); }

}  // namespace nebula::godot
