// SPDX-License-Identifier: MIT
#include "nebula/godot/registration.hpp"

#include "nebula/godot/binding/class_builder.hpp"
#include "nebula/godot/editor/editor_plugin.hpp"
#include "nebula/godot/generator/voxel_native_generator.hpp"
#include "nebula/godot/jobs/nebula_interval.hpp"
#include "nebula/godot/jobs/script_job.hpp"
#include "nebula/godot/library.hpp"
#include "nebula/godot/runtime/shared_pool.hpp"
#include "nebula/godot/server/monitors.hpp"
#include "nebula/godot/server/nebula_server.hpp"
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
    register_library();
    register_class<NebulaInterval>();
    start_script_jobs();
    register_class<NebulaServer>();
    register_singleton<NebulaServer>("Nebula");
    register_monitors();
    register_class<VoxelGenerator>();
    register_class<VoxelNoiseGenerator>();
    register_class<VoxelFlatGenerator>();
    register_class<VoxelNativeGenerator>();
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
    stop_library();
    stop_script_jobs();
}

void register_addon_in_editor() { register_editor_plugin(); }

}  // namespace nebula::godot
