// SPDX-License-Identifier: MIT
#include "nebula/godot/voxel/voxel_viewer.hpp"

#include "nebula/godot/voxel/distances.hpp"

namespace nebula::godot {

namespace {

std::vector<VoxelViewer*> viewers;  // main thread

}  // namespace

const std::vector<VoxelViewer*>& VoxelViewer::all() noexcept { return viewers; }

void VoxelViewer::on_notification(int what) {
    if (what == Node3D::NOTIFICATION_ENTER_WORLD)
        viewers.push_back(this);
    else if (what == Node3D::NOTIFICATION_EXIT_WORLD)
        std::erase(viewers, this);
}

void VoxelViewer::set_view_distance(double voxels) {
    (void)set_distance(view_distance_, "VoxelViewer.view_distance", voxels, kViewDistance);
}

void VoxelViewer::set_detail_distance(double voxels) {
    (void)set_distance(detail_distance_, "VoxelViewer.detail_distance", voxels, kDetailDistance);
}

void VoxelViewer::set_collider_distance(double voxels) {
    (void)set_distance(collider_distance_, "VoxelViewer.collider_distance", voxels,
                       kColliderDistance);
}

void VoxelViewer::bind(ClassBuilder<VoxelViewer>& c) {
    using Self = VoxelViewer;
    c.doc(
        "A place around which terrains are loaded.",
        "As long as there is a VoxelViewer in a 3D world, every [VoxelTerrain] of that world loads "
        "around all of them, and around no camera. Use one for each player of a split screen, for "
        "a camera in a [SubViewport] that shows the same world, or for a place that shall be ready "
        "before the player gets there.\n\n"
        "Without any VoxelViewer, a terrain loads around its [member VoxelTerrain.viewer_path] or "
        "the current camera.");
    c.property("view_distance", &Self::view_distance, &Self::set_view_distance,
               Hint::range(kViewDistance.lowest, kViewDistance.highest, 1, "suffix:voxels"),
               "As [member VoxelTerrain.view_distance], for this viewer.");
    c.property("detail_distance", &Self::detail_distance, &Self::set_detail_distance,
               Hint::range(kDetailDistance.lowest, kDetailDistance.highest, 1, "suffix:voxels"),
               "As [member VoxelTerrain.detail_distance], for this viewer.");
    c.property(
        "needs_meshes", &Self::needs_meshes, &Self::set_needs_meshes, {},
        "Whether the terrain is meshed and shown around this viewer. Without meshes, rays and "
        "edits work all the same. A dedicated server, which shows nothing, has one viewer "
        "with this turned off.");
    c.property(
        "needs_colliders", &Self::needs_colliders, &Self::set_needs_colliders, {},
        "Whether there is always ground to collide with around this viewer. Bodies in the scene "
        "have theirs anyway; use this for a place where bodies are about to appear, and for "
        "bodies without a node, which were made in the [PhysicsServer3D].");
    c.property(
        "collider_distance", &Self::collider_distance, &Self::set_collider_distance,
        Hint::range(kColliderDistance.lowest, kColliderDistance.highest, 1, "suffix:voxels"),
        "How far that ground reaches, on each axis, in voxels. From 0 to 128; any other value is "
        "refused with an error.");
    c.notification<&Self::on_notification>();
}

}  // namespace nebula::godot
