// SPDX-License-Identifier: MIT
// The node: a diggable terrain in a scene.
#pragma once

#include "nebula/base/clock.hpp"
#include "nebula/base/log.hpp"
#include "nebula/godot/api/material.hpp"
#include "nebula/godot/api/node_3d.hpp"
#include "nebula/godot/binding/class_builder.hpp"
#include "nebula/godot/binding/containers.hpp"
#include "nebula/godot/binding/packed_array.hpp"
#include "nebula/godot/binding/string.hpp"
#include "nebula/godot/voxel/later_answer.hpp"
#include "nebula/godot/voxel/node_space.hpp"
#include "nebula/godot/voxel/terrain_view.hpp"
#include "nebula/godot/voxel/voxel_generator.hpp"
#include "nebula/godot/voxel/voxel_world_store.hpp"
#include "nebula/task/event.hpp"
#include "nebula/task/task_handle.hpp"
#include "nebula/voxel/space/voxel_error.hpp"
#include "nebula/voxel/store/world_store.hpp"
#include "nebula/voxel/stream/terrain.hpp"

#include <tl/expected.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace nebula::godot {

enum class Error : std::int64_t;

/// Joins voxel::Terrain to the scene. Two coroutines do all the work: one follows the viewer each
/// frame and commits what workers have finished, within its budget; the other sleeps until
/// something is dug and shows the crater before the frame is drawn.
///
/// Positions, directions, radii and distances in its methods and results are global. Distances in
/// its properties are voxels; a voxel is one unit of the node's own space.
///
/// Threads:   main thread.
/// Lifetime:  the world, with everything dug in it, begins when the node first enters a 3D world
///            with a generator. It lives until the node is freed, regenerate() is called or another
///            generator is set. Leaving the tree only pauses it. With a world store it is saved
///            then, as voxel_terrain_save.cpp says, and the next world has it again.
class VoxelTerrain final : public Extension<Node3D> {
public:
    static constexpr const char* kClassName = "VoxelTerrain";
    using Extension::Extension;
    ~VoxelTerrain();
    static void bind(ClassBuilder<VoxelTerrain>& c);

    Error dig_sphere(const Vector3& center, double radius);
    Error add_sphere(const Vector3& center, double radius);
    [[nodiscard]] Dictionary raycast(const Vector3& from, const Vector3& direction,
                                     double max_distance);
    [[nodiscard]] bool is_loaded();
    /// True, false, or a Signal that gives one of them later.
    [[nodiscard]] Variant wait_loaded();
    [[nodiscard]] bool is_area_ready(const AABB& area, std::int64_t level);
    /// As wait_loaded().
    [[nodiscard]] Variant wait_area_ready(const AABB& area, std::int64_t level);
    [[nodiscard]] String why_late(const Vector3& position);
    [[nodiscard]] String audit() const;
    [[nodiscard]] Dictionary statistics() const;
    [[nodiscard]] Dictionary load_utilization() const;
    void regenerate();
    std::int64_t retry_failed();
    /// An empty String, a sentence that says why not, or a Signal that gives one of them later.
    [[nodiscard]] Variant save();
    [[nodiscard]] Variant export_region(const AABB& area, const String& path);

    [[nodiscard]] Ref<VoxelGenerator> generator() const { return generator_; }
    void set_generator(const Ref<VoxelGenerator>& generator);
    [[nodiscard]] Ref<VoxelWorldStore> world_store() const { return world_store_; }
    void set_world_store(const Ref<VoxelWorldStore>& store);
    [[nodiscard]] Ref<Material> material() const { return material_; }
    void set_material(const Ref<Material>& material);
    [[nodiscard]] double view_distance() const { return view_distance_; }
    void set_view_distance(double voxels);
    [[nodiscard]] double detail_distance() const { return detail_distance_; }
    void set_detail_distance(double voxels);
    [[nodiscard]] NodePath viewer_path() const { return viewer_path_; }
    void set_viewer_path(const NodePath& path);
    [[nodiscard]] std::int64_t layers() const { return geometry_.layers; }
    void set_layers(std::int64_t mask);
    [[nodiscard]] std::int64_t cast_shadow() const { return geometry_.cast_shadow; }
    void set_cast_shadow(std::int64_t setting);
    [[nodiscard]] std::int64_t gi_mode() const { return geometry_.gi_mode; }
    void set_gi_mode(std::int64_t mode);
    [[nodiscard]] double visibility_range_begin() const { return geometry_.visibility_range_begin; }
    void set_visibility_range_begin(double metres);
    [[nodiscard]] double visibility_range_end() const { return geometry_.visibility_range_end; }
    void set_visibility_range_end(double metres);
    [[nodiscard]] double commit_budget_msec() const { return commit_budget_msec_; }
    void set_commit_budget_msec(double msec);
    [[nodiscard]] double loading_budget_msec() const { return loading_budget_msec_; }
    void set_loading_budget_msec(double msec);
    [[nodiscard]] double edit_budget_msec() const { return edit_budget_msec_; }
    void set_edit_budget_msec(double msec);

    [[nodiscard]] PackedStringArray configuration_warnings();
    /// What is on the screen; null without a world.
    [[nodiscard]] const TerrainView* view() const noexcept {
        return world_ ? &world_->view : nullptr;
    }

private:
    struct EndsWithTheLoop;
    struct PendingEdit {
        Clock::time_point at;
        std::uint64_t frame;
    };
    /// Everything that regenerate() throws away.
    struct World {
        World(std::shared_ptr<const voxel::Generator> generator, voxel::TerrainSettings settings,
              const ChunkLook& look, const Transform3D& place);
        ~World();
        World(const World&) = delete;
        World& operator=(const World&) = delete;

        /// Opens the file of a store. \throws as voxel::WorldSaver.
        void keep_in(const Ref<VoxelWorldStore>& store, const Ref<VoxelGenerator>& generator);
        /// Waits until what was asked to be saved is, and with autosave all that was changed.
        void finish_saving() noexcept;

        std::vector<tl::expected<voxel::SaveReport, voxel::VoxelError>> saves;  // not announced yet
        bool autosaves = false;
        bool announced_file = false;  // how it was opened
        TerrainView view;             // before the terrain, which may still commit to it as it ends
        voxel::Terrain terrain;
        Event entered;  // set while the node is in a 3D world
        Event edited;   // set when show_edits() has something to do in this frame
        std::deque<PendingEdit> pending_edits;  // not announced yet, oldest first
        bool announcing = false;                // handlers run: what they edit is the next frame's
        bool edits_for_next_frame = false;      // and with it what is edited after that
        bool late = false;  // a group did not fit into its frame, and goes first in the next
        bool announced_loaded = false;
        std::uint64_t frame = 0;  // of the last commit of edits, and the time it all took there
        Clock::duration spent_on_edits{};
        TaskHandle<> streaming;
        TaskHandle<> showing_edits;
    };

    void on_notification(int what);
    void enter_world();
    void leave_world();
    /// Makes the world if there is none and nothing is in its way. Whatever may have removed what
    /// was in its way calls this.
    void start();
    /// False when it cannot wait. The pool starts in the background, and adding a node to the tree
    /// must not block the frame; a call that needs the world does wait: has_world().
    bool wait_for_pool();
    task<> start_with_pool();
    [[nodiscard]] bool has_world();
    void drop_world() noexcept;

    task<> stream();
    task<> show_edits();
    void follow_viewer();
    void commit_loaded();
    void commit_edits();
    void announce_edits(const voxel::EditCommit& commit);
    void announce_failures();
    void announce_chunks();
    void announce_loaded();
    void announce_file();
    void announce_saves();
    [[nodiscard]] std::vector<std::string> file_warnings();
    /// Why the terrain cannot save; empty if it can.
    [[nodiscard]] std::string why_no_file();
    /// Whether this node and that world of it are still there: signal handlers may have ended
    /// either.
    [[nodiscard]] bool survives(ObjectId self, std::uint64_t world) const;

    /// Follows the node's global transform. False when a terrain cannot have it, with one warning
    /// until it is repaired; space_ is then the last that worked.
    bool update_space();
    void show_place();

    void set_budget(double& property, const char* name, double msec);
    void set_choice(std::int64_t& property, const char* name, std::int64_t choice,
                    std::int64_t last);
    void set_range(double& property, const char* name, double metres);
    void distances_changed();
    Error edit(const char* method, voxel::SphereEdit::Kind kind, const Vector3& center,
               double radius);
    /// A line for the user, after which a function returns: a Logger of the game runs inside log(),
    /// and may free this node.
    static Error refuse(const std::string& what);
    /// The same, for a function that goes on. Returns whether the node is still there.
    [[nodiscard]] bool tell(LogLevel level, const std::string& what) const;
    /// Answers everyone who waits in wait_loaded(), and, if it is bad news, in wait_area_ready().
    void settle_wait(bool loaded);
    /// Answers those whose area is ready.
    void settle_area_waits();
    /// Whether a wait that begins now cannot end well.
    [[nodiscard]] bool is_hopeless() const;
    void geometry_changed();
    /// Sets the terrain's viewers to the VoxelViewers of this world; false if there is none.
    bool follow_viewer_nodes();
    void warn_of_viewer(const Node3D& viewer, const std::string& consequence) const;
    void warn_of_viewer_path();
    template <class F>
    void attempt(F&& f);
    void listen_for_chunks();
    [[nodiscard]] bool is_area_ready_here(const AABB& area, std::int64_t level) const;
    [[nodiscard]] bool transform_works() const noexcept { return transform_problem_ == nullptr; }

    Ref<VoxelGenerator> generator_;
    Ref<VoxelWorldStore> world_store_;
    Ref<Material> material_;
    NodePath viewer_path_;
    double view_distance_ = 1024.0;
    double detail_distance_ = 128.0;
    double commit_budget_msec_ = 2.0;
    double loading_budget_msec_ = 8.0;
    double edit_budget_msec_ = 8.0;

    bool in_world_ = false;
    NodeSpace space_;
    const char* transform_problem_ = nullptr;  // what NodeSpace said of it
    std::optional<voxel::Vec3f> viewer_;       // where the viewer last was, in voxels
    bool path_viewer_came_ = false;            // the node of viewer_path was there once
    bool path_warned_ = false;                 // that it is no Node3D
    bool viewer_works_ = true;  // false: it was told that a viewer is outside the world
    struct ViewerPlace {
        ObjectId id;
        voxel::Vec3f at;
        voxel::Vec3f ahead;
        bool told = false;  // that it is outside the world
    };
    std::vector<ViewerPlace> viewer_places_;  // of the VoxelViewers, in the last frame
    bool cannot_start_ = false;               // the last start() was refused
    std::unique_ptr<World> world_;
    std::uint64_t world_number_ = 0;  // of world_; a later one has another
    std::shared_ptr<LoadedWait> loaded_wait_;
    struct AreaWait {
        AABB area;
        std::int64_t level;
        std::shared_ptr<LoadedWait> wait;
    };
    std::vector<AreaWait> area_waits_;
    ChunkLook geometry_;  // layers, shadows and so on; the rest is not used
    TaskHandle<> waiting_for_pool_;
};

}  // namespace nebula::godot
