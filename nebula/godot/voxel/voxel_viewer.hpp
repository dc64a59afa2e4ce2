// SPDX-License-Identifier: MIT
// Somebody for whom the terrains of a world are loaded.
#pragma once

#include "nebula/godot/api/node_3d.hpp"
#include "nebula/godot/binding/class_builder.hpp"
#include "nebula/godot/binding/extension.hpp"

#include <vector>

namespace nebula::godot {

/// A place and two distances. The terrains of the same 3D world load around all viewers in it.
///
/// Threads:   main thread.
class VoxelViewer final : public Extension<Node3D> {
public:
    static constexpr const char* kClassName = "VoxelViewer";
    using Extension::Extension;
    static void bind(ClassBuilder<VoxelViewer>& c);

    [[nodiscard]] double view_distance() const { return view_distance_; }
    void set_view_distance(double voxels);
    [[nodiscard]] double detail_distance() const { return detail_distance_; }
    void set_detail_distance(double voxels);
    [[nodiscard]] bool needs_meshes() const { return needs_meshes_; }
    void set_needs_meshes(bool needs) { needs_meshes_ = needs; }
    [[nodiscard]] bool needs_colliders() const { return needs_colliders_; }
    void set_needs_colliders(bool needs) { needs_colliders_ = needs; }
    [[nodiscard]] double collider_distance() const { return collider_distance_; }
    void set_collider_distance(double voxels);

    /// Those inside a 3D world, in the order in which they entered it. A node leaves its world before it
    /// is destroyed, so that no other thread needs to be kept from this list.
    [[nodiscard]] static const std::vector<VoxelViewer*>& all() noexcept;

private:
    void on_notification(int what);
    double view_distance_ = 1024.0;
    double detail_distance_ = 128.0;
    bool needs_meshes_ = true;
    bool needs_colliders_ = false;
    double collider_distance_ = 32.0;
};

}  // namespace nebula::godot
