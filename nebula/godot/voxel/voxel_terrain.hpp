// SPDX-License-Identifier: MIT
// The node: a diggable terrain in a scene.
#pragma once

#include "nebula/base/clock.hpp"
#include "nebula/base/log.hpp"
#include "nebula/godot/api/material.hpp"
#include "nebula/godot/api/node_3d.hpp"
#include "nebula/godot/api/physics_material.hpp"
#include "nebula/godot/api/rigid_body_3d.hpp"
#include "nebula/godot/async/nebula_task.hpp"
#include "nebula/godot/binding/class_builder.hpp"
#include "nebula/godot/binding/containers.hpp"
#include "nebula/godot/binding/packed_array.hpp"
#include "nebula/godot/binding/string.hpp"
#include "nebula/godot/voxel/body_list.hpp"
#include "nebula/godot/voxel/brushes.hpp"
#include "nebula/godot/voxel/chunk_surface.hpp"
#include "nebula/godot/voxel/ground_motion.hpp"
#include "nebula/godot/voxel/ground_sink.hpp"
#include "nebula/godot/voxel/held_edit.hpp"
#include "nebula/godot/voxel/later_answer.hpp"
#include "nebula/godot/voxel/library_footings.hpp"
#include "nebula/godot/voxel/node_space.hpp"
#include "nebula/godot/voxel/starting_world.hpp"
#include "nebula/godot/voxel/terrain_view.hpp"
#include "nebula/godot/voxel/voxel_generator.hpp"
#include "nebula/godot/voxel/voxel_material_library.hpp"
#include "nebula/godot/voxel/voxel_stamp.hpp"
#include "nebula/godot/voxel/voxel_world_store.hpp"
#include "nebula/task/event.hpp"
#include "nebula/task/task.hpp"
#include "nebula/task/task_handle.hpp"
#include "nebula/voxel/edit/edit.hpp"
#include "nebula/voxel/edit/operation.hpp"
#include "nebula/voxel/field/generator.hpp"
#include "nebula/voxel/field/ground_part.hpp"
#include "nebula/voxel/query/islands.hpp"
#include "nebula/voxel/query/mover.hpp"
#include "nebula/voxel/space/vec.hpp"
#include "nebula/voxel/space/voxel_error.hpp"
#include "nebula/voxel/store/world_store.hpp"
#include "nebula/voxel/stream/colliders.hpp"
#include "nebula/voxel/stream/ground_body.hpp"
#include "nebula/voxel/stream/terrain.hpp"
#include "nebula/voxel/world/detachment.hpp"
#include "nebula/voxel/world/loose_part.hpp"

#include <tl/expected.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
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
    /// What all terrains in the tree have to do, and have, for monitors.
    struct TotalLoad {
        std::size_t chunks_waiting = 0;  ///< To be built, and to be shown.
        std::size_t brick_bytes = 0;
        Clock::duration on_ground{};  ///< Of the main thread, in the last frame.
    };
    [[nodiscard]] static TotalLoad total_load();
    ~VoxelTerrain();
    static void bind(ClassBuilder<VoxelTerrain>& c);
    static void bind_edits(ClassBuilder<VoxelTerrain>& c);    ///< A part of bind().
    static void bind_brushes(ClassBuilder<VoxelTerrain>& c);  ///< A part of bind().
    static void bind_islands(ClassBuilder<VoxelTerrain>& c);  ///< A part of bind().

    /// An edit in the call, or in the background: then the result is an Error, or a Signal that gives one
    /// later. `method` is what the script called. voxel_terrain_brushes.cpp has the methods.
    Error edit(const char* method, const MakeBrush& make_brush);
    [[nodiscard]] Variant edit_async(const char* method, const MakeBrush& make_brush);
    /// The same for a brush that takes long to make: a worker calls `make_brush`.
    [[nodiscard]] Variant edit_async(const char* method, std::function<Brush()> make_brush);
    /// A method that is a plain function of the terrain: what a table of methods has.
    template <auto kFunction, class... Args>
    auto by(Args... args) {
        return kFunction(*this, args...);
    }
    [[nodiscard]] PackedFloat32Array read_box(const Vector3i& min, const Vector3i& size);
    [[nodiscard]] PackedByteArray read_box_materials(const Vector3i& min, const Vector3i& size);
    /// A VoxelStamp, null after an error, or a Signal that gives one of them later.
    [[nodiscard]] Variant copy_box(const Vector3i& min, const Vector3i& size);
    [[nodiscard]] Dictionary last_edit() const;
    std::int64_t begin_stroke(std::int64_t user, std::int64_t stroke);
    void end_stroke();
    Error undo(std::int64_t user);
    Error redo(std::int64_t user);
    [[nodiscard]] bool has_undo(std::int64_t user) const { return undo_stroke(user) >= 0; }
    [[nodiscard]] bool has_redo(std::int64_t user) const { return redo_stroke(user) >= 0; }
    /// -1: there is none.
    [[nodiscard]] std::int64_t undo_stroke(std::int64_t user) const;
    [[nodiscard]] std::int64_t redo_stroke(std::int64_t user) const;
    /// Null if there is no island at the position, or after an error.
    [[nodiscard]] RigidBody3D detach_island(const Vector3& position);
    [[nodiscard]] Dictionary raycast(const Vector3& from, const Vector3& direction,
                                     double max_distance);
    [[nodiscard]] Dictionary sweep_sphere(const Vector3& center, double radius,
                                          const Vector3& motion);
    [[nodiscard]] Dictionary sweep_capsule(const Transform3D& place, double radius, double height,
                                           const Vector3& motion);
    [[nodiscard]] Dictionary overlap_sphere(const Vector3& center, double radius);
    [[nodiscard]] Dictionary overlap_capsule(const Transform3D& place, double radius,
                                             double height);
    [[nodiscard]] Dictionary nearest_surface(const Vector3& position, double max_distance);
    [[nodiscard]] double ground_height(double x, double z);
    [[nodiscard]] double sample(const Vector3& position);
    [[nodiscard]] std::int64_t material_at(const Vector3& position);
    [[nodiscard]] bool is_loaded();
    /// True, false, or a Signal that gives one of them later.
    [[nodiscard]] Variant wait_loaded();
    [[nodiscard]] bool is_area_ready(const AABB& area, std::int64_t level);
    /// As wait_loaded().
    [[nodiscard]] Variant wait_area_ready(const AABB& area, std::int64_t level);
    /// Whether a body can stand where it is.
    [[nodiscard]] bool is_ground_ready(const Node3D& body);
    /// As wait_loaded().
    [[nodiscard]] Variant ground_ready(const Node3D& body);
    [[nodiscard]] String why_late(const Vector3& position);
    [[nodiscard]] String audit() const;
    [[nodiscard]] Dictionary statistics() const;
    [[nodiscard]] Dictionary load_utilization() const;
    void regenerate();
    std::int64_t retry_failed();
    /// An empty String, a sentence that says why not, or a Signal that gives one of them later.
    [[nodiscard]] Variant save();
    [[nodiscard]] Variant export_region(const AABB& area, const String& path);
    [[nodiscard]] Variant import_region(const String& path, const Vector3i& moved_by);

    [[nodiscard]] Ref<VoxelGenerator> generator() const { return generator_; }
    void set_generator(const Ref<VoxelGenerator>& generator);
    [[nodiscard]] Ref<VoxelWorldStore> world_store() const { return world_store_; }
    void set_world_store(const Ref<VoxelWorldStore>& store);
    [[nodiscard]] Ref<Material> material() const { return material_; }
    void set_material(const Ref<Material>& material);
    [[nodiscard]] Ref<VoxelMaterialLibrary> material_library() const { return material_library_; }
    void set_material_library(const Ref<VoxelMaterialLibrary>& library);
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
    [[nodiscard]] std::int64_t undo_limit_mb() const { return undo_limit_mb_; }
    void set_undo_limit_mb(std::int64_t megabytes);

    [[nodiscard]] bool collision_enabled() const { return collision_enabled_; }
    void set_collision_enabled(bool enabled);
    [[nodiscard]] std::int64_t collision_layer() const { return ground_look_.layer; }
    void set_collision_layer(std::int64_t mask);
    [[nodiscard]] std::int64_t collision_mask() const { return ground_look_.mask; }
    void set_collision_mask(std::int64_t mask);
    [[nodiscard]] double collision_priority() const { return ground_look_.priority; }
    void set_collision_priority(double priority);
    [[nodiscard]] double collision_distance() const { return collision_distance_; }
    void set_collision_distance(double voxels);
    [[nodiscard]] double collision_budget_msec() const { return collision_budget_msec_; }
    void set_collision_budget_msec(double msec);
    [[nodiscard]] Ref<PhysicsMaterial> collision_material() const { return physics_material_; }
    void set_collision_material(const Ref<PhysicsMaterial>& material);

    enum class Islands : std::int64_t { Stay, Signal, Fall };
    enum class IslandShape : std::int64_t { Convex, Pieces };
    [[nodiscard]] std::int64_t islands() const { return static_cast<std::int64_t>(islands_); }
    void set_islands(std::int64_t what);
    [[nodiscard]] std::int64_t island_max_size() const { return island_max_size_; }
    void set_island_max_size(std::int64_t voxels);
    [[nodiscard]] double island_density() const { return island_density_; }
    void set_island_density(double density);
    [[nodiscard]] double island_crumbs() const { return island_crumbs_; }
    void set_island_crumbs(double voxels);
    [[nodiscard]] std::int64_t island_shape() const {
        return static_cast<std::int64_t>(island_shape_);
    }
    void set_island_shape(std::int64_t shape);
    [[nodiscard]] std::int64_t island_collision_layer() const { return island_layer_; }
    void set_island_collision_layer(std::int64_t mask);
    [[nodiscard]] std::int64_t island_collision_mask() const { return island_mask_; }
    void set_island_collision_mask(std::int64_t mask);

    [[nodiscard]] PackedStringArray configuration_warnings();
    /// Why the file of the world cannot be used, and with it the world not be changed; empty if it can.
    [[nodiscard]] std::string file_problem() const;
    /// In the editor: makes a file for this terrain, which does not open it yet. If another terrain or program
    /// has the one of now open, the new one is a copy, with what that terrain has not saved. What scripts
    /// await: empty, or what was wrong.
    [[nodiscard]] Variant make_file(const String& path);

    /// In the editor: those in the scene with this path, in whichever tab, whose world has strokes that
    /// are not saved.
    [[nodiscard]] static std::vector<VoxelTerrain*> unsaved_in_scene(const String& path);
    /// In the editor: begins to save their worlds.
    static void save_scene(const String& path);
    /// In the editor: saves all worlds, and waits until that is done.
    static void finish_all_edits();
    /// What is on the screen; null without a world.
    [[nodiscard]] const TerrainView* view() const noexcept {
        return world_ ? &world_->view : nullptr;
    }

private:
    struct EndsWithTheLoop;
    struct PendingEdit {
        Clock::time_point at;
        std::uint64_t frame;
        ObjectId body{};  // an island's, which appears when the edit does
    };
    // An island's body that does not move yet.
    struct HeldBody {
        ObjectId body;
        Clock::time_point since;
        bool shown = false;
    };
    struct LastEdit {
        voxel::GroundVolume volume;
        voxel::MaterialVolumes materials;
        voxel::Box3i reach;  // of the samples that changed
    };
    /// Everything that regenerate() throws away.
    struct World {
        World(const Ref<VoxelGenerator>& made_by, voxel::TerrainSettings settings,
              const ChunkLook& look, const Transform3D& place);
        ~World();
        World(const World&) = delete;
        World& operator=(const World&) = delete;

        /// Opens the file of a store. \throws as voxel::WorldSaver.
        void keep_in(const Ref<VoxelWorldStore>& store, const WorldFilePlace& place);
        /// Waits until what was asked to be saved is, and with autosave all that was changed.
        void finish_saving() noexcept;

        std::shared_ptr<const voxel::Generator> generator;  // what the terrain has
        std::string generator_words;                        // as describe() gave them then
        std::vector<tl::expected<voxel::SaveReport, voxel::VoxelError>> saves;  // not announced yet
        std::string file;     // its path, or nothing
        TemporaryWorld copy;  // if that is one; before the terrain, which has it open
        bool autosaves = false;
        bool file_was_held = false;    // by another terrain in the editor, when this one wanted it
        bool announced_file = false;   // how it was opened
        std::size_t damaged_told = 0;  // bricks of it
        TerrainView view;   // before the terrain, which may still commit to it as it ends
        GroundSink ground;  // the same
        voxel::Terrain terrain;
        std::shared_ptr<BodyList> bodies;  // null until the first physics tick
        GroundMotion motion;
        std::uint64_t ground_frame = 0;  // of the last work on colliders, and its time in there
        Clock::duration spent_on_ground{};
        Clock::duration last_spent_on_ground{};  // in the frame before
        Event entered;                           // set while the node is in a 3D world
        Event edited;  // set when show_edits() has something to do in this frame
        std::vector<Ref<NebulaTask>> edits_in_background;
        std::optional<LastEdit> last_edit;
        std::deque<PendingEdit> pending_edits;       // not announced yet, oldest first
        std::vector<voxel::Island> islands;          // found, and nothing was done about them yet
        std::vector<voxel::Detachment*> coming_off;  // begun, and the terrain's
        std::vector<HeldBody> held_bodies;
        bool announcing = false;            // handlers run: what they edit is the next frame's
        bool edits_for_next_frame = false;  // and with it what is edited after that
        bool late = false;  // a group did not fit into its frame, and goes first in the next
        bool announced_loaded = false;
        bool told_failure = false;  // of a chunk, where no script is told of them
        bool reshowing = false;     // chunks leave, and come back with what vertices shall say now
        std::uint64_t frame = 0;    // of the last commit of edits, and the time it all took there
        Clock::duration spent_on_edits{};
        TaskHandle<> streaming;
        TaskHandle<> showing_edits;
        TaskHandle<> holding_ground;
        TaskHandle<> loading_textures;
    };
    struct GroundWait {
        ObjectId body;
        std::shared_ptr<LoadedWait> wait;
    };

    void on_notification(int what);
    /// False in the editor, where the node is no part of the scene that is being edited, or where there
    /// is no window and no script has asked for the world.
    [[nodiscard]] bool may_run() const;
    void ask_for_world();
    /// The terrain is one of those that save_scene() and finish_all_edits() look at, in the editor.
    void note_edited();
    void forget_edited() noexcept;
    void follow_editor_cameras();
    [[nodiscard]] WorldFilePlace world_file() const;
    /// Whether the generator or the file are other ones than the world's, and have been left alone
    /// since for a moment.
    [[nodiscard]] bool is_out_of_date();
    /// Waits until everything is saved, and logs what fails.
    void finish_edits() noexcept;
    /// Whether a world that is out of sight has what its file has not, or could be undone.
    [[nodiscard]] bool keeps_edits() const;
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
    /// Null, after a line for the user, if there is nothing to ask.
    [[nodiscard]] voxel::Mover* mover();
    [[nodiscard]] voxel::Vec3f to_metric(const Vector3& global) const;
    [[nodiscard]] Vector3 from_metric(voxel::Vec3f metric) const;
    [[nodiscard]] Vector3 normal_from_metric(voxel::Vec3f normal) const;
    [[nodiscard]] voxel::Capsule capsule_at(const Transform3D& place, double radius,
                                            double height) const;
    Dictionary sweep(const char* method, const Vector3& center, const voxel::Capsule& capsule,
                     const Vector3& motion);
    Dictionary overlap(const char* method, const voxel::Capsule& capsule);
    void drop_world() noexcept;

    task<> stream();
    task<> show_edits();
    task<> hold_ground();
    void hold_ground_now();
    void show_library();
    void follow_library();
    task<> load_textures(TextureList list);
    [[nodiscard]] bool is_reshowing();
    void follow_motion();
    void follow_bodies();
    void show_ground() const;
    void place_ground();
    void find_carriers();
    [[nodiscard]] bool is_carrier(ObjectId body) const noexcept;
    [[nodiscard]] Vector3 velocity_on_ground(const BodyList::Body& body) const;
    void give_velocity(const RigidBody3D& body) const;
    void update_ground(voxel::Colliders::When when);
    void wake_bodies(const std::vector<voxel::Vec3i>& tiles) const;
    void note_ground_time(Clock::duration spent) noexcept;
    void drop_ground() noexcept;
    [[nodiscard]] bool is_named(ObjectId body) const noexcept;
    [[nodiscard]] voxel::GroundBody ground_body(ObjectId body, const AABB& box,
                                                const Vector3& velocity, double reach) const;
    [[nodiscard]] bool is_ground_ready_here(const Node3D& body) const;
    void settle_ground_waits();
    void set_collision_bits(std::uint32_t& property, const char* name, std::int64_t mask);
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
    [[nodiscard]] std::string damage_of(const voxel::WorldSaver& saver) const;
    /// Why the terrain has no file to save to; empty if it has. \param verb  what a caller wants to do.
    [[nodiscard]] std::string why_no_file(const std::string& verb);
    [[nodiscard]] const voxel::VoxelError* file_error() const;
    [[nodiscard]] bool is_file_in_use() const;
    /// In the editor: another terrain that has the world's file open, in whichever tab; null if none.
    [[nodiscard]] VoxelTerrain* holder_of_file() const;
    [[nodiscard]] Variant export_box(const std::string& path, const voxel::Box3i& voxels);
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
    /// Why the terrain cannot be edited now, after a line for the user, or OK.
    [[nodiscard]] Error edit_obstacle(const std::string& where);
    [[nodiscard]] BrushPlace brush_place(float most) const;
    /// What waiting scripts get if it ends early, and what they see of it meanwhile.
    [[nodiscard]] static AwaitableOptions background_options(std::string_view where,
                                                             std::shared_ptr<TaskNews> news);
    task<std::int64_t> finish_in_background(std::string where, HeldEdit edit,
                                            std::shared_ptr<TaskNews> news);
    task<std::int64_t> make_in_background(std::string where, std::function<Brush()> make_brush,
                                          std::uint32_t user, std::uint32_t stroke,
                                          std::shared_ptr<TaskNews> news);
    /// Carries an edit on, frame by frame, until it is made or fails. Whether it has changed anything.
    task<tl::expected<bool, voxel::VoxelError>> finish_edit(HeldEdit edit,
                                                            std::shared_ptr<TaskNews> news);
    task<String> import_in_background(std::string path, voxel::Vec3i moved_by, std::uint32_t user,
                                      std::uint32_t stroke, std::shared_ptr<TaskNews> news);
    [[nodiscard]] std::vector<Ref<NebulaTask>>& room_for_background_edit();
    Error step_back(const char* method, std::int64_t user, bool redo);
    /// Of the library's materials; nothing without a library.
    [[nodiscard]] std::optional<VertexColors> vertex_colors() const;
    /// How large an island may be, in voxels; 0 if nobody wants to know of any.
    [[nodiscard]] std::int32_t searched_island_size() const;
    /// Searches, within a budget, and does what `islands` says. Runs handlers: survives() comes after.
    void look_for_islands();
    void search_islands(Clock::time_point deadline);
    void tell_of_next_island();
    /// False: not in this frame.
    bool begin_next_island();
    void take_off_islands(Clock::time_point deadline);
    /// \pre it is Ready; the pointer is worthless then. Runs handlers.
    void take_off(voxel::Detachment& island);
    void announce_island(const char* signal, std::initializer_list<Variant> arguments);
    static void island_stays(const voxel::VoxelError& error);
    [[nodiscard]] voxel::BodySettings body_settings() const;
    /// Makes the body and calls remove(), which makes the edit. Null: it was a crumb.
    template <class F>
    tl::expected<RigidBody3D, voxel::VoxelError> make_fall(const voxel::LoosePart& loose,
                                                           F&& remove);
    void show_island(ObjectId body) const;
    /// Bodies begin to move where the ground beneath them is in physics.
    void settle_held_bodies();
    static void release(const std::vector<HeldBody>& bodies) noexcept;
    [[nodiscard]] double voxel_volume() const noexcept;
    /// Of islands, by material: the library's, and `island_density` where it says nothing.
    [[nodiscard]] voxel::Densities densities() const;
    /// \pre the part's materials were read, if there is a library.
    [[nodiscard]] Ref<PhysicsMaterial> physics_material_of(const voxel::GroundPart& part) const;
    using MadeEdit = tl::expected<voxel::EditReport, voxel::VoxelError>;
    /// Makes an edit, and notes what follows it: when it is shown, with which island's body, and what
    /// last_edit() says. Room for the note is made before, because afterwards nothing may fail.
    MadeEdit noted(Clock::time_point at, ObjectId body, const std::function<MadeEdit()>& make);
    void name_stroke(voxel::Operation& operation) const noexcept;
    [[nodiscard]] std::size_t undo_limit_bytes() const;
    /// A line for the user, after which a function returns: a Logger of the game runs inside log(),
    /// and may free this node.
    static Error refuse(const std::string& what);
    /// With what the world said. Returns ERR_OUT_OF_MEMORY if that was it.
    static Error refuse(const std::string& where, const voxel::VoxelError& why);
    /// The same, for a function that goes on. Returns whether the node is still there.
    [[nodiscard]] bool tell(LogLevel level, const std::string& what) const;
    /// A line for each. False: whoever read one of them has ended this world.
    [[nodiscard]] bool tell_warnings(const std::vector<std::string>& warnings) const;
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
    Ref<VoxelMaterialLibrary> material_library_;
    std::uint64_t library_revision_ = 0;  // of what is shown
    NodePath viewer_path_;
    double view_distance_ = 1024.0;
    double detail_distance_ = 128.0;
    double commit_budget_msec_ = 2.0;
    double loading_budget_msec_ = 8.0;
    double edit_budget_msec_ = 8.0;

    std::int64_t undo_limit_mb_ = 0;
    std::uint32_t edit_user_ = 0;    // of the stroke that has begun
    std::uint32_t edit_stroke_ = 0;  // 0: each edit alone
    std::uint32_t own_strokes_ = 0;  // how many strokes began without a number of the script's

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
    std::vector<GroundWait> ground_waits_;
    bool collision_enabled_ = true;
    double collision_distance_ = 8.0;
    double collision_budget_msec_ = 0.8;
    GroundLook ground_look_;
    LibraryFootings library_footings_;
    Ref<PhysicsMaterial> physics_material_;
    std::vector<voxel::GroundBody> ground_bodies_;  // of the last physics tick
    Islands islands_ = Islands::Stay;
    std::int64_t island_max_size_ = voxel::kUsualIslandSize;
    double island_density_ = 2000.0;
    double island_crumbs_ = 4.0;
    IslandShape island_shape_ = IslandShape::Convex;
    std::uint32_t island_layer_ = 1;
    std::uint32_t island_mask_ = 1;
    std::vector<ObjectId> carriers_;  // bodies that this node is in: they get no ground from it
    ChunkLook geometry_;              // layers, shadows and so on; the rest is not used
    TaskHandle<> waiting_for_pool_;
    bool asked_for_ = false;   // by a script
    std::string changing_to_;  // settings that the world has not, and since when
    Clock::time_point changed_at_{};
};

}  // namespace nebula::godot
