// SPDX-License-Identifier: MIT
// The node: a diggable terrain in a scene.
#pragma once

#include "nebula/base/clock.hpp"
#include "nebula/godot/api/material.hpp"
#include "nebula/godot/api/node_3d.hpp"
#include "nebula/godot/binding/class_builder.hpp"
#include "nebula/godot/binding/containers.hpp"
#include "nebula/godot/binding/packed_array.hpp"
#include "nebula/godot/binding/string.hpp"
#include "nebula/godot/voxel/terrain_view.hpp"
#include "nebula/godot/voxel/voxel_generator.hpp"
#include "nebula/task/event.hpp"
#include "nebula/task/task_handle.hpp"
#include "nebula/voxel/terrain.hpp"

#include <memory>
#include <string>
#include <vector>

namespace nebula::godot {

enum class Error : std::int64_t;

/// Joins voxel::Terrain to the scene: two coroutines do all the work. One follows the viewer each
/// frame and commits what workers finished, within its budget; the other sleeps until something is
/// dug and shows the crater before the frame is drawn.
///
/// Positions in its methods are global; one voxel is one unit of the node's own space.
///
/// Threads:   main thread.
/// Lifetime:  the world exists while the node is in a 3D world. Leaving it drops the world, edits
///            included; moving within the tree keeps what the engine keeps.
class VoxelTerrain final : public Extension<Node3D> {
public:
    static constexpr const char* kClassName = "VoxelTerrain";
    using Extension::Extension;
    ~VoxelTerrain() { stop(); }
    static void bind(ClassBuilder<VoxelTerrain>& c);

    Error dig_sphere(const Vector3& center, double radius);
    Error add_sphere(const Vector3& center, double radius);
    [[nodiscard]] Dictionary raycast(const Vector3& from, const Vector3& direction,
                                     double max_distance);
    [[nodiscard]] bool is_loaded() const;
    [[nodiscard]] Dictionary statistics() const;
    [[nodiscard]] Dictionary load_utilization() const;
    void regenerate();
    std::int64_t retry_failed();

    [[nodiscard]] Ref<VoxelGenerator> generator() const { return generator_; }
    void set_generator(const Ref<VoxelGenerator>& generator);
    [[nodiscard]] Ref<Material> material() const { return material_; }
    void set_material(const Ref<Material>& material);
    [[nodiscard]] double view_distance() const { return view_distance_; }
    void set_view_distance(double metres);
    [[nodiscard]] double vertical_distance() const { return vertical_distance_; }
    void set_vertical_distance(double metres);
    [[nodiscard]] NodePath viewer_path() const { return viewer_path_; }
    void set_viewer_path(const NodePath& path) { viewer_path_ = path; }
    [[nodiscard]] double commit_budget_msec() const { return commit_budget_msec_; }
    void set_commit_budget_msec(double msec);
    [[nodiscard]] double edit_budget_msec() const { return edit_budget_msec_; }
    void set_edit_budget_msec(double msec);

private:
    struct PendingEdit {
        Clock::time_point at;
        std::uint64_t frame;
    };

    void on_notification(int what);
    [[nodiscard]] PackedStringArray configuration_warnings() const;
    void start();
    void stop() noexcept;

    task<> stream();
    task<> show_edits();
    void follow_viewer();
    void announce_edits(const voxel::EditGroupReport& group);
    void announce_failures();
    void announce_loaded();

    void set_distances(double view, double vertical);
    Error edit(voxel::SphereEdit::Kind kind, const Vector3& center, double radius);
    Error refuse(const std::string& what) const;
    [[nodiscard]] RID material_rid() const;

    Ref<VoxelGenerator> generator_;
    Ref<Material> material_;
    NodePath viewer_path_;
    double view_distance_ = 192.0;
    double vertical_distance_ = 96.0;
    double commit_budget_msec_ = 2.0;
    double edit_budget_msec_ = 8.0;

    std::unique_ptr<voxel::Terrain> terrain_;
    std::unique_ptr<TerrainView> view_;
    Event edited_;
    std::vector<PendingEdit> pending_edits_;
    TaskHandle<> streaming_;
    TaskHandle<> showing_edits_;
    bool announced_loaded_ = false;
};

}  // namespace nebula::godot
