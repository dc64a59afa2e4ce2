// SPDX-License-Identifier: MIT
// What the node does. What the editor and scripts see of it is in voxel_terrain_bind.cpp.
#include "nebula/godot/voxel/voxel_terrain.hpp"

#include "nebula/base/log.hpp"
#include "nebula/base/trace.hpp"
#include "nebula/godot/api/camera_3d.hpp"
#include "nebula/godot/api/engine.hpp"
#include "nebula/godot/api/globals.hpp"
#include "nebula/godot/api/viewport.hpp"
#include "nebula/godot/api/world_3d.hpp"
#include "nebula/godot/async/nebula_task.hpp"
#include "nebula/godot/runtime/engine_loop.hpp"
#include "nebula/godot/runtime/shared_pool.hpp"
#include "nebula/godot/voxel/distances.hpp"
#include "nebula/godot/voxel/editor_view.hpp"
#include "nebula/godot/voxel/voxel_viewer.hpp"
#include "nebula/task/next_frame.hpp"
#include "nebula/voxel/query/raycast.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <exception>
#include <limits>
#include <new>
#include <string_view>
#include <utility>
#include <vector>

namespace nebula::godot {
namespace {

std::vector<VoxelTerrain*> in_tree;  // main thread

Clock::duration milliseconds(double msec) {
    return std::chrono::duration_cast<Clock::duration>(
        std::chrono::duration<double, std::milli>(msec));
}
double as_msec(Clock::duration d) { return std::chrono::duration<double, std::milli>(d).count(); }

constexpr double kMostBudgetMsec = 1000.0;

voxel::TerrainSettings shown_by(const TerrainView& view, voxel::TerrainSettings settings) {
    settings.surfaces = view.surfaces();
    return settings;
}

}  // namespace

// ---- Life

VoxelTerrain::World::World(const Ref<VoxelGenerator>& made_by, voxel::TerrainSettings settings,
                           const ChunkLook& look, const Transform3D& place)
    : generator(made_by->build()),
      generator_words(made_by->describe()),
      view(look, place),
      ground({}, place),
      terrain(shared_pool(), generator, shown_by(view, std::move(settings))) {}

VoxelTerrain::World::~World() {
    for (const Ref<NebulaTask>& edit : edits_in_background) edit->cancel();
    streaming.cancel();
    showing_edits.cancel();
    holding_ground.cancel();
    loading_textures.cancel();
    finish_saving();
}

VoxelTerrain::~VoxelTerrain() {
    forget_edited();
    waiting_for_pool_.cancel();
    drop_world();
    settle_wait(false);
}

void VoxelTerrain::on_notification(int what) {
    switch (what) {
        case Node3D::NOTIFICATION_ENTER_WORLD:
            enter_world();
            break;
        case Node3D::NOTIFICATION_EXIT_WORLD:
            leave_world();
            break;
        case Node3D::NOTIFICATION_EXTENSION_RELOADED:
            // The node is in its world and is not told so again; and our main loop has yet to start.
            in_world_ = is_inside_tree();
            set_notify_transform(in_world_);
            (void)call_deferred("regenerate");
            break;
        case Node3D::NOTIFICATION_TRANSFORM_CHANGED: {
            const bool was_in_the_way = !transform_works();
            if (!update_space()) break;
            show_place();
            place_ground();
            if (was_in_the_way) start();
            break;
        }
        case Node3D::NOTIFICATION_VISIBILITY_CHANGED:
            if (world_) world_->view.set_visible(is_visible_in_tree());
            break;
        default:
            break;
    }
}

VoxelTerrain::TotalLoad VoxelTerrain::total_load() {
    TotalLoad total;
    for (const VoxelTerrain* const terrain : in_tree) {
        if (!terrain->world_) continue;
        const voxel::TerrainStats stats = terrain->world_->terrain.stats();
        total.chunks_waiting += stats.queued + stats.in_flight + stats.waiting;
        total.brick_bytes += stats.brick_bytes;
        total.on_ground += terrain->world_->last_spent_on_ground;
    }
    return total;
}

void VoxelTerrain::enter_world() {
    in_world_ = true;
    in_tree.push_back(this);
    set_notify_transform(true);
    if (world_) {
        const ObjectId self = id();
        update_space();
        if (!self.is_alive() || !in_world_ || !world_) return;
        world_->view.set_scenario(get_world_3d()->get_scenario());
        show_ground();
        find_carriers();
        world_->view.set_visible(is_visible_in_tree());
        show_place();
        world_->entered.set();
        return;
    }
    start();
    if (generator_.is_null() && !is_editor())  // which shows a configuration warning
        log(LogLevel::Warning,
            "VoxelTerrain has no generator, so there is nothing to show. Set its generator "
            "property, for example to a VoxelNoiseGenerator.");
}

void VoxelTerrain::leave_world() {
    in_world_ = false;
    std::erase(in_tree, this);
    waiting_for_pool_.cancel();
    if (!world_) return;
    world_->entered.reset();
    world_->view.set_scenario(RID{});
    world_->ground.set_space(RID{});
    world_->ground.draw_in(RID{});
    world_->ground.set_exceptions({});
    if (is_editor()) {
        // Another scene of the editor may show the same file.
        if (!keeps_edits()) drop_world();
        return;
    }
    // It may stay outside for the rest of the game.
    voxel::WorldSaver* const saver = world_->terrain.saver();
    if (world_->autosaves && saver->state() == voxel::WorldSaver::State::Ready &&
        saver->has_unsaved())
        attempt([&] { saver->save({}); });
}

void VoxelTerrain::start() {
    if (world_ || !in_world_ || !may_run()) return;
    const ObjectId self = id();
    cannot_start_ = true;
    if (generator_.is_null()) return settle_wait(false);
    if (!update_space()) {
        if (self.is_alive() && cannot_start_) settle_wait(false);
        return;
    }
    if (shared_pool_is_starting() && wait_for_pool()) return;
    voxel::TerrainSettings settings;
    settings.view_distance = static_cast<float>(view_distance_);
    settings.detail_distance = static_cast<float>(detail_distance_);
    const ChunkLook look{.scenario = get_world_3d()->get_scenario(),
                         .material = material_ ? material_->get_rid() : RID{},
                         .visible = is_visible_in_tree(),
                         .terrain = id(),
                         .layers = geometry_.layers,
                         .cast_shadow = geometry_.cast_shadow,
                         .gi_mode = geometry_.gi_mode,
                         .visibility_range_begin = geometry_.visibility_range_begin,
                         .visibility_range_end = geometry_.visibility_range_end};
    try {
        Runtime& runtime = EngineLoop::get().runtime();
        world_ = std::make_unique<World>(generator_, settings, look, get_global_transform());
        show_ground();
        find_carriers();
        world_->terrain.set_undo_limit(undo_limit_bytes());
        world_->terrain.islands().set_largest(searched_island_size());
        ++world_number_;
        show_library();
        if (world_store_) world_->keep_in(world_store_, world_file());
        world_->file_was_held = is_editor() && holder_of_file() != nullptr;
        note_edited();
        world_->streaming = runtime.spawn(stream(), {.name = "VoxelTerrain.stream"});
        world_->showing_edits = runtime.spawn(show_edits(), {.name = "VoxelTerrain.show_edits"});
        if (!is_editor())
            world_->holding_ground =
                runtime.spawn(hold_ground(), {.name = "VoxelTerrain.hold_ground"});
    } catch (const std::exception& error) {
        world_.reset();
        settle_wait(false);
        refuse(std::string("VoxelTerrain cannot create its world: ") + error.what());
        return;
    }
    cannot_start_ = false;
    world_->entered.set();
}

bool VoxelTerrain::wait_for_pool() {
    if (waiting_for_pool_.is_pending()) {
        cannot_start_ = false;
        return true;
    }
    if (EngineLoop::get_if_running() == nullptr) return false;
    try {
        waiting_for_pool_ =
            EngineLoop::get().runtime().spawn(start_with_pool(), {.name = "VoxelTerrain.start"});
    } catch (const std::exception&) {
        return false;  // start() meets the same, and tells it
    }
    cannot_start_ = false;
    return true;
}

task<> VoxelTerrain::start_with_pool() {
    while (shared_pool_is_starting()) co_await next_frame();
    start();
}

bool VoxelTerrain::has_world() {
    const ObjectId self = id();
    ask_for_world();
    if (!self.is_alive()) return false;
    if (!world_ && waiting_for_pool_.is_pending()) {
        (void)shared_pool();  // waits for it
        start();
    }
    return self.is_alive() && world_ != nullptr;
}

void VoxelTerrain::drop_world() noexcept {
    // Out of the node first: what the world's end runs must find no world.
    const std::unique_ptr<World> dropped = std::move(world_);
    if (dropped) release(dropped->held_bodies);
}

void VoxelTerrain::regenerate() {
    const ObjectId self = id();
    if (is_editor()) finish_edits();
    drop_world();  // may log, and a script's logger may free this node
    if (self.is_alive()) start();
}

PackedStringArray VoxelTerrain::configuration_warnings() {
    std::vector<std::string> found;
    if (generator_.is_null())
        found.emplace_back(
            "The terrain has no generator, so there is nothing to show. Set Generator to a new "
            "VoxelNoiseGenerator.");
    if (is_inside_tree())
        if (const char* problem = NodeSpace::problem_of(get_global_transform()))
            found.push_back(std::string("The terrain cannot have this global transform: ") +
                            problem + ". Use only rotation, position and a scale above zero.");
    if (world_store_ && world_store_->file_path() == String() &&
        world_store_->starting_path() == String())
        found.emplace_back(
            "The world store has no file. Set its Starting Path, for example to "
            "res://world.nebula, to sculpt in the editor, or its File Path, for example to "
            "user://world.nebula, to keep what players change.");
    for (const VoxelTerrain* const other : in_tree)
        if (other != this && world_store_ && other->world_store_ &&
            world_store_->file_path() != String() &&
            world_store_->file_path() == other->world_store_->file_path()) {
            found.push_back("Another terrain, " + String(other->get_name()).utf8() +
                            ", keeps what players change in the same file, " +
                            world_store_->file_path().utf8() +
                            ", and in a game only one of them can. Make the World Store unique, "
                            "and set its File Path to another file.");
            break;
        }
    if (const std::string problem = file_problem(); !problem.empty())
        found.push_back("The world cannot be changed: " + problem +
                        ". Select the terrain and press Create World File in the panel beside the "
                        "3D view.");
    PackedStringArray warnings;
    warnings.resize(found.size());
    for (std::size_t i = 0; i < found.size(); ++i) warnings.write()[i] = String(found[i]);
    return warnings;
}

// ---- Where it is

bool VoxelTerrain::update_space() {
    if (!is_inside_tree()) return transform_works();
    const Transform3D now = get_global_transform();
    const char* problem = NodeSpace::problem_of(now);
    if (problem == nullptr) space_ = NodeSpace(now);
    if (problem == transform_problem_) return transform_works();
    transform_problem_ = problem;
    const bool works = transform_works();
    if (!works) settle_wait(false);
    update_configuration_warnings();
    if (!works && !is_editor())
        log(LogLevel::Warning, "VoxelTerrain at " + Variant(get_path()).str() +
                                   " cannot have its global transform: " + problem +
                                   ". Until that is repaired it stays where it was, and digging "
                                   "and raycasts do nothing.");
    return works;
}

void VoxelTerrain::show_place() {
    if (!world_ || !in_world_ || !transform_works()) return;
    // Nothing is drawn inside a physics tick, and there may be several of them: the frame's begin will
    // ask again. Between ticks the engine draws children where they would be by now.
    if (Engine::singleton().is_in_physics_frame()) return;
    world_->view.set_place(is_physics_interpolated_and_enabled()
                               ? get_global_transform_interpolated()
                               : get_global_transform());
}

bool VoxelTerrain::follow_viewer_nodes() {
    if (VoxelViewer::all().empty()) return false;
    if (!in_world_) return true;  // it stays as it is
    const Ref<World3D> here = get_world_3d();
    std::vector<voxel::Viewer> viewers;
    std::vector<ViewerPlace> places;
    const VoxelViewer* lost = nullptr;
    bool any = false;
    for (const VoxelViewer* node : VoxelViewer::all()) {
        if (node->get_world_3d() != here) continue;
        any = true;
        if (!node->needs_meshes()) continue;
        const Transform3D place = node->get_global_transform();
        const voxel::Vec3f at = space_.to_voxels(place.origin);
        ViewerPlace to{node->id(), at,
                       space_.direction_to_voxels(place.basis * Vector3{0, 0, -1}).voxels};
        if (voxel::check_position(at, "a viewer")) {
            const auto last = std::find_if(viewer_places_.begin(), viewer_places_.end(),
                                           [&](const ViewerPlace& p) { return p.id == to.id; });
            // Before its first place, it is around the node itself.
            to = last != viewer_places_.end() ? *last : ViewerPlace{node->id(), {}, {}};
            // One in a frame: what is told may run a script that frees others.
            if (!to.told && lost == nullptr) {
                lost = node;
                to.told = true;
            }
        }
        places.push_back(to);
        viewers.push_back({to.at, static_cast<float>(node->view_distance()),
                           static_cast<float>(node->detail_distance()), to.ahead, to.id.value});
    }
    viewer_places_ = std::move(places);
    if (!any || !world_->terrain.set_viewers(viewers)) return false;
    // Where the terrain stays when the last of them is gone.
    if (!viewer_places_.empty()) viewer_ = viewer_places_.front().at;
    if (lost != nullptr)
        warn_of_viewer(*lost,
                       "The terrain stays where the viewer last was, or around its own origin.");
    return true;
}

// Logs: a script's logger may free this node.
void VoxelTerrain::warn_of_viewer(const Node3D& viewer, const std::string& consequence) const {
    log(LogLevel::Warning,
        "VoxelTerrain at " + Variant(get_path()).str() + " cannot follow its viewer " +
            Variant(viewer.get_path()).str() +
            ", which is outside the world: it is more than 16 million voxels from the node's "
            "origin, or its position is not finite. " +
            consequence + " Move the viewer back, or move the terrain to it.");
}

void VoxelTerrain::follow_viewer() {
    if (!transform_works() || is_reshowing()) return;
    if (is_editor()) return follow_editor_cameras();
    if (follow_viewer_nodes()) return;
    Node3D viewer;
    bool is_no_place = false;
    if (viewer_path_ != NodePath())
        if (const Node node = get_node_or_null(viewer_path_)) {
            viewer = cast_to<Node3D>(node);
            is_no_place = !viewer;
        }
    // A viewer that was there and is gone, for a frame or for good, moves nothing: the world would
    // be thrown away and made again. Until the node of viewer_path has been there, the camera stands
    // in for it.
    if (viewer)
        path_viewer_came_ = true;
    else if (viewer_path_ == NodePath() || !path_viewer_came_)
        if (const Viewport viewport = get_viewport(); viewport) viewer = viewport.get_camera_3d();
    const bool is_there = viewer && viewer.is_inside_tree();
    if (is_there) {
        const Transform3D place = viewer.get_global_transform();
        const voxel::Vec3f at = space_.to_voxels(place.origin);
        const voxel::Vec3f ahead =
            space_.direction_to_voxels(place.basis * Vector3{0, 0, -1}).voxels;
        if (world_->terrain.set_viewer(at, ahead)) {
            viewer_ = at;
            viewer_works_ = true;
            if (is_no_place) warn_of_viewer_path();
            return;
        }
    }
    // Before the first viewer, the world loads around the node itself.
    (void)world_->terrain.set_viewer(viewer_.value_or(voxel::Vec3f{}));
    if (is_there && std::exchange(viewer_works_, false))
        warn_of_viewer(viewer, viewer_ ? "The terrain stays where the viewer last was."
                                       : "The terrain stays around its own origin.");
    else if (is_no_place)
        warn_of_viewer_path();
}

// Once for each path. Logs: a script's logger may free this node.
void VoxelTerrain::warn_of_viewer_path() {
    if (std::exchange(path_warned_, true)) return;
    log(LogLevel::Warning, "VoxelTerrain at " + Variant(get_path()).str() +
                               " cannot follow the node of its viewer_path, " +
                               Variant(viewer_path_).str() +
                               ", because that is not a Node3D and has no position. " +
                               (path_viewer_came_ ? "It stays where its viewer last was."
                                                  : "It follows the camera instead.") +
                               " Set viewer_path to a Node3D.");
}

// ---- The two coroutines

// A signal runs scripts, and a script may do anything, such as free this node or make its world
// anew. After each, survives() comes before anything else of `this`.

bool VoxelTerrain::survives(ObjectId self, std::uint64_t world) const {
    return self.is_alive() && world_ && world_number_ == world;
}

// A node that nobody freed may be left when the engine quits, outside of the tree. Its world ends
// with the tasks: the pool and the renderer are still there then.
struct VoxelTerrain::EndsWithTheLoop {
    ~EndsWithTheLoop() {
        const EngineLoop* const loop = EngineLoop::get_if_running();
        if (loop == nullptr || !loop->closing() || !id.is_alive()) return;
        // An edited scene is freed before the editor quits. If this one was not, the editor reloads
        // the extension.
        if (is_editor() && node.in_world_) node.finish_edits();
        node.drop_world();
    }
    VoxelTerrain& node;
    ObjectId id;
};

task<> VoxelTerrain::stream() {
    const ObjectId self = id();
    const std::uint64_t world = world_number_;
    const EndsWithTheLoop ends_with_the_loop{*this, self};
    // The call that adds the node makes the world and no more: it wakes no worker, which the kernel
    // might run in place of the main thread.
    co_await next_frame();
    for (;;) {
        co_await world_->entered.wait();
        attempt([this] { follow_library(); });
        if (is_editor() && is_out_of_date()) {
            regenerate();
            co_return;
        }
        attempt([this] { follow_viewer(); });
        if (!survives(self, world)) co_return;
        attempt([this] {
            NEBULA_TRACE_ZONE("terrain: plan");
            world_->terrain.update();
        });
        // Whatever is shown or announced comes after this, so that a script which adds the node and
        // then connects to its signals misses none, however fast the workers are.
        co_await next_frame();
        if (!in_world_) continue;
        show_place();
        attempt([this] { commit_loaded(); });
        if (std::exchange(world_->edits_for_next_frame, false)) world_->edited.set();
        // What the last frame had no time for.
        look_for_islands();
        if (!survives(self, world)) co_return;
        // Before the scripts: a group that was late, and what handlers dug in the last frame, should
        // one of this frame dig, too: that belongs to the next frame. Also without a dig of this
        // frame: a build may have begun before an edit and arrived after it, and its step waits.
        const bool edited = world_->edited.is_set();
        if (world_->late || (edited && world_->view.has_failures()) ||
            (!edited && world_->terrain.edits_pending())) {
            world_->edited.reset();
            commit_edits();
            if (!survives(self, world)) co_return;
        }
        attempt([this] { update_ground(voxel::Colliders::When::Between); });
        settle_area_waits();
        world_->announcing = true;
        announce_failures();
        if (!survives(self, world)) co_return;
        announce_chunks();
        if (!survives(self, world)) co_return;
        announce_file();
        if (!survives(self, world)) co_return;
        announce_saves();
        if (!survives(self, world)) co_return;
        announce_loaded();
        if (!survives(self, world)) co_return;
        world_->announcing = false;
    }
}

// Without memory, the next frame goes on where this one stopped.
template <class F>
void VoxelTerrain::attempt(F&& f) {
    try {
        f();
    } catch (const std::bad_alloc&) {
        if (world_) world_->view.no_memory();
    }
}

void VoxelTerrain::listen_for_chunks() {
    world_->view.want_news(has_connections("chunk_shown") || has_connections("chunk_removed"));
}

void VoxelTerrain::commit_loaded() {
    NEBULA_TRACE_ZONE("terrain: show chunks");
    World& world = *world_;
    listen_for_chunks();
    // Behind a loading screen nobody sees a long frame.
    const bool awaited = loaded_wait_ != nullptr || !area_waits_.empty();
    const double budget =
        awaited ? std::max(loading_budget_msec_, commit_budget_msec_) : commit_budget_msec_;
    const Clock::time_point deadline = Clock::now() + milliseconds(budget);
    world.terrain.set_commit_budget(milliseconds(budget));
    (void)world.terrain.commit(world.view, milliseconds(budget));
    world.view.free_removed(deadline);
}

task<> VoxelTerrain::show_edits() {
    const ObjectId self = id();
    const std::uint64_t world_number = world_number_;
    for (;;) {
        // Outside the tree another thread may free the node, so there is nothing to tell anyone.
        co_await world_->entered.wait();
        co_await world_->edited.wait();
        if (!in_world_) continue;
        world_->edited.reset();
        if (world_->edits_for_next_frame || world_->late) continue;
        // An island that comes off is an edit of the same frame.
        look_for_islands();
        if (!survives(self, world_number)) co_return;
        // Before, because workers mesh tiles while the chunks are meshed here; and after, because they
        // bake these until the next tick.
        attempt([this] { update_ground(voxel::Colliders::When::Between); });
        commit_edits();
        if (!survives(self, world_number)) co_return;
        attempt([this] { update_ground(voxel::Colliders::When::Between); });
    }
}

void VoxelTerrain::commit_edits() {
    NEBULA_TRACE_ZONE("terrain: show edits");
    const ObjectId self = id();
    const std::uint64_t world_number = world_number_;
    World& world = *world_;
    const std::uint64_t frame = EngineLoop::get().frame();
    if (std::exchange(world.frame, frame) != frame) world.spent_on_edits = {};
    const Clock::duration budget = milliseconds(edit_budget_msec_);
    if (world.spent_on_edits > budget) {  // scripts that dig again each time: enough for now
        world.edits_for_next_frame = true;
        return;
    }
    const Clock::time_point start = Clock::now();
    listen_for_chunks();  // steps are shown here, too
    const voxel::EditCommit commit =
        world.terrain.commit_edits(world.view, start + budget - world.spent_on_edits);
    world.spent_on_edits += Clock::now() - start;
    world.late = world.terrain.edits_pending();

    world.announcing = true;
    announce_edits(commit);
    if (!survives(self, world_number)) return;
    announce_failures();
    if (!survives(self, world_number)) return;
    world.announcing = false;
}

// One signal for each group, because each was shown as one; of a group without a chunk in view, too:
// whoever dug may be waiting for it.
void VoxelTerrain::announce_edits(const voxel::EditCommit& commit) {
    const ObjectId self = id();
    const std::uint64_t world_number = world_number_;
    const Clock::time_point now = Clock::now();
    const std::uint64_t frame = EngineLoop::get().frame();
    for (const voxel::EditGroupReport& group : commit.groups) {
        std::deque<PendingEdit>& pending = world_->pending_edits;
        const std::size_t count = std::min(group.edits, pending.size());
        PackedFloat64Array msec;
        msec.resize(count);
        std::int64_t same_frame = 0;
        for (std::size_t i = 0; i < count; ++i) {
            msec.write()[i] = as_msec(now - pending.front().at);
            same_frame += pending.front().frame == frame ? 1 : 0;
            const ObjectId body = pending.front().body;
            pending.pop_front();
            if (body.is_null()) continue;
            show_island(body);
            if (!survives(self, world_number)) return;
        }
        emit_signal("edit_committed",
                    {Dictionary{{"edits", static_cast<std::int64_t>(group.edits)},
                                {"chunks", static_cast<std::int64_t>(group.chunks + group.failed)},
                                {"failed", static_cast<std::int64_t>(group.failed)},
                                {"msec", msec},
                                {"same_frame", same_frame}}});
        if (!survives(self, world_number)) return;
    }
}

void VoxelTerrain::announce_failures() {
    const ObjectId self = id();
    const std::uint64_t world_number = world_number_;
    if (!world_) return;
    if (const std::string trouble = world_->view.take_trouble();
        !trouble.empty() && !tell(LogLevel::Error, "VoxelTerrain: " + trouble))
        return;
    if (!survives(self, world_number)) return;
    for (const TerrainView::Failure& failure : world_->view.take_failures()) {
        const voxel::Vec3i chunk = voxel::to_level_0(failure.chunk.at, failure.chunk.level);
        // Once for a world: the cause is rarely that of one chunk. In the editor, the world of code that
        // was reloaded is about to be replaced.
        if (!world_->told_failure && !has_connections("chunk_failed") &&
            !(is_editor() && generator_ && generator_->is_lost(*world_->generator))) {
            world_->told_failure = true;
            if (!tell(LogLevel::Error,
                      "VoxelTerrain: a chunk could not be built: " + failure.message +
                          ". The signal chunk_failed tells of each, and "
                          "retry_failed() tries again") ||
                !survives(self, world_number))
                return;
        }
        emit_signal("chunk_failed", {Vector3i{chunk.x, chunk.y, chunk.z},
                                     String(std::string_view(failure.message))});
        if (!survives(self, world_number)) return;
    }
}

void VoxelTerrain::announce_chunks() {
    const ObjectId self = id();
    const std::uint64_t world_number = world_number_;
    if (!world_) return;
    for (const TerrainView::News& news : world_->view.take_news()) {
        const float size = voxel::voxel_size(news.chunk.level) * float{voxel::kChunkSize};
        const auto along = [size](std::int32_t c) { return static_cast<float>(c) * size; };
        const voxel::Vec3i at = news.chunk.at;
        const voxel::Vec3f low{along(at.x), along(at.y), along(at.z)};
        emit_signal(news.shown ? "chunk_shown" : "chunk_removed",
                    {space_.to_global({low, low + voxel::Vec3f{size, size, size}}),
                     std::int64_t{news.chunk.level}});
        if (!survives(self, world_number)) return;
    }
}

void VoxelTerrain::announce_loaded() {
    World& world = *world_;
    const bool loaded = world.terrain.is_loaded() && !world.reshowing;
    // A crater that is late is not loading: it leaves `loaded` as it was.
    const bool counts = loaded || (world.announced_loaded && world.terrain.edits_pending());
    const bool news = counts && !world.announced_loaded;
    world.announced_loaded = counts;
    if (loaded) settle_wait(true);
    if (news) emit_signal("loaded");
}

// ---- What scripts call

Dictionary VoxelTerrain::raycast(const Vector3& from, const Vector3& direction,
                                 double max_distance) {
    if (!has_world() || !is_inside_tree() || !update_space()) return {};
    const NodeSpace::Direction ray = space_.direction_to_voxels(direction);
    const double reach = max_distance * ray.voxels_per_metre;
    const auto limit = static_cast<double>(voxel::kMaxRayDistance);
    if (!(reach >= 0.0 && reach <= limit * (1.0 + kRounding))) {
        refuse("VoxelTerrain.raycast: max_distance is " + text_of(max_distance) +
               "; it must be from 0 to " + text_of(limit / ray.voxels_per_metre) + ", which is " +
               text_of(limit) + " voxels.");
        return {};
    }
    const auto hit =
        world_->terrain.raycast(space_.to_voxels(from), ray.voxels,
                                std::min(static_cast<float>(reach), voxel::kMaxRayDistance));
    if (!hit) {
        refuse("VoxelTerrain.raycast: " + hit.error().message);
        return {};
    }
    if (!*hit) return {};
    return {{"position", space_.to_global((*hit)->position)},
            {"normal", space_.normal_to_global((*hit)->normal)},
            {"distance", static_cast<double>((*hit)->distance) / ray.voxels_per_metre},
            {"material", static_cast<std::int64_t>((*hit)->material)}};
}

bool VoxelTerrain::is_loaded() {
    const ObjectId self = id();
    // The question is about the view as it is now: a script that has just moved the viewer, or the
    // terrain, would be told of the view of the last frame.
    if (world_ && in_world_ && update_space() && self.is_alive()) follow_viewer();
    return self.is_alive() && world_ && (transform_works() || !in_world_) && !world_->reshowing &&
           world_->terrain.is_loaded();
}

Variant VoxelTerrain::wait_loaded() {
    const ObjectId self = id();
    ask_for_world();
    if (!self.is_alive()) return false;
    if (is_loaded()) return true;
    if (!self.is_alive()) return false;
    if (is_hopeless()) return false;
    if (!loaded_wait_) loaded_wait_ = std::make_shared<LoadedWait>();
    return make_awaitable(LoadedWait::outcome(loaded_wait_),
                          {.name = "VoxelTerrain.wait_loaded", .when_cancelled = Variant(false)})
        ->wait();
}

bool VoxelTerrain::is_hopeless() const {
    return generator_.is_null() || !may_run() ||
           (in_world_ && (cannot_start_ || !transform_works()));
}

bool VoxelTerrain::is_area_ready(const AABB& area, std::int64_t level) {
    const ObjectId self = id();
    // The terrain may have moved in this frame.
    if (world_ && in_world_) update_space();
    return self.is_alive() && is_area_ready_here(area, level);
}

bool VoxelTerrain::is_area_ready_here(const AABB& area, std::int64_t level) const {
    if (!world_ || !in_world_ || !transform_works() || level < 0) return false;
    const voxel::Aabb box = space_.to_voxels(area);
    if (voxel::check_position(box.min, "the area") || voxel::check_position(box.max, "the area"))
        return false;
    return world_->terrain.is_area_ready(
        box, static_cast<voxel::Level>(std::min<std::int64_t>(level, voxel::kLevels)));
}

Variant VoxelTerrain::wait_area_ready(const AABB& area, std::int64_t level) {
    const ObjectId self = id();
    if (is_area_ready(area, level)) return true;
    if (!self.is_alive()) return false;
    if (level < 0) {
        refuse("VoxelTerrain.wait_area_ready: level is " + std::to_string(level) +
               "; it must be 0, for full detail, or more.");
        return false;
    }
    const voxel::Aabb box = space_.to_voxels(area);
    for (const voxel::Vec3f corner : {box.min, box.max})
        if (const auto error = voxel::check_position(corner, "the area")) {
            refuse("VoxelTerrain.wait_area_ready: " + error->message + '.');
            return false;
        }
    if (is_hopeless()) return false;
    area_waits_.push_back({area, level, std::make_shared<LoadedWait>()});
    return make_awaitable(
               LoadedWait::outcome(area_waits_.back().wait),
               {.name = "VoxelTerrain.wait_area_ready", .when_cancelled = Variant(false)})
        ->wait();
}

void VoxelTerrain::settle_area_waits() {
    std::erase_if(area_waits_, [this](const AreaWait& waiting) {
        if (!is_area_ready_here(waiting.area, waiting.level)) return false;
        waiting.wait->settle(true);
        return true;
    });
}

String VoxelTerrain::audit() const {
    return world_ ? String(std::string_view(world_->terrain.audit())) : String();
}

String VoxelTerrain::why_late(const Vector3& position) {
    const ObjectId self = id();
    if (world_ && in_world_) update_space();
    if (!self.is_alive()) return String("the terrain has been freed");
    if (!transform_works()) return String("the terrain has a transform that cannot work");
    if (!world_)
        return String(generator_.is_null() ? "the terrain has no generator"
                                           : "the terrain has no world yet");
    if (!in_world_) return String("the terrain is outside the scene tree");
    return String(std::string_view(world_->terrain.why_late(space_.to_voxels(position))));
}

void VoxelTerrain::settle_wait(bool loaded) {
    if (!loaded) {
        for (const AreaWait& waiting : std::exchange(area_waits_, {})) waiting.wait->settle(false);
        for (const GroundWait& waiting : std::exchange(ground_waits_, {}))
            waiting.wait->settle(false);
    }
    if (const auto settled = std::exchange(loaded_wait_, nullptr)) settled->settle(loaded);
}

std::int64_t VoxelTerrain::retry_failed() {
    if (!world_) return 0;
    const std::size_t colliders = world_->terrain.colliders().retry_failed();
    return static_cast<std::int64_t>(world_->terrain.retry_failed() + colliders);
}

Dictionary VoxelTerrain::statistics() const {
    const voxel::ColliderStats c =
        world_ ? world_->terrain.colliders().stats() : voxel::ColliderStats{};
    const voxel::TerrainStats s = world_ ? world_->terrain.stats() : voxel::TerrainStats{};
    std::size_t levels = s.levels.size();
    while (levels > 0 && s.levels[levels - 1] == 0) --levels;
    PackedInt64Array per_level;
    per_level.resize(levels);
    for (std::size_t i = 0; i < levels; ++i)
        per_level.write()[i] = static_cast<std::int64_t>(s.levels[i]);
    return {{"wanted", s.wanted},
            {"loaded", s.loaded},
            {"failed", s.failed},
            {"queued", s.queued},
            {"in_flight", s.in_flight},
            {"waiting", s.waiting},
            {"waiting_bytes", s.waiting_bytes},
            {"steps", s.steps},
            {"shown", s.shown},
            {"levels", per_level},
            {"meshed", s.meshed},
            {"remeshed", s.remeshed},
            {"triangles", s.triangles},
            {"triangles_shown", world_ ? world_->view.triangle_count() : 0},
            {"edits", s.edits},
            {"bricks", s.bricks},
            {"edited_bricks", s.edited_bricks},
            {"brick_bytes", s.brick_bytes},
            {"collision_bodies", c.bodies},
            {"collision_tiles", c.tiles},
            {"collision_shapes", c.shapes},
            {"collision_waiting", c.waiting + c.working},
            {"last_collision_msec", world_ ? as_msec(world_->last_spent_on_ground) : 0.0},
            {"last_update_msec", as_msec(s.last_update)},
            {"last_commit_msec", as_msec(s.last_commit)},
            {"last_edit_commit_msec", as_msec(s.last_edit_commit)}};
}

Dictionary VoxelTerrain::load_utilization() const {
    const voxel::LoadUtilization load =
        world_ ? world_->terrain.load_utilization() : voxel::LoadUtilization{};
    const double queued = std::chrono::duration<double>(load.queued).count();
    PackedFloat64Array shares;
    shares.resize(load.busy.size());
    for (std::size_t i = 0; i < load.busy.size(); ++i) {
        const double busy = std::chrono::duration<double>(load.busy[i]).count();
        shares.write()[i] = queued > 0.0 ? std::min(busy / queued, 1.0) : 0.0;
    }
    return {{"queued_seconds", queued}, {"busy_share", shares}};
}

bool VoxelTerrain::tell(LogLevel level, const std::string& what) const {
    const ObjectId self = id();
    log(level, what);
    return self.is_alive();
}

Error VoxelTerrain::refuse(const std::string& what) {
    log(LogLevel::Error, what);
    return Error::ERR_INVALID_PARAMETER;
}

Error VoxelTerrain::refuse(const std::string& where, const voxel::VoxelError& why) {
    if (why.kind != voxel::VoxelError::Kind::OutOfMemory) return refuse(where + why.message + '.');
    refuse(where + "there is not enough memory, so nothing was changed.");
    return Error::ERR_OUT_OF_MEMORY;
}

// ---- Properties. Each may be what a refused start was waiting for.

void VoxelTerrain::set_generator(const Ref<VoxelGenerator>& generator) {
    if (generator_ == generator) return;
    generator_ = generator;
    update_configuration_warnings();
    regenerate();
}

void VoxelTerrain::set_view_distance(double voxels) {
    if (set_distance(view_distance_, "VoxelTerrain.view_distance", voxels, kViewDistance))
        distances_changed();
}

void VoxelTerrain::set_detail_distance(double voxels) {
    if (set_distance(detail_distance_, "VoxelTerrain.detail_distance", voxels, kDetailDistance))
        distances_changed();
}

void VoxelTerrain::distances_changed() {
    if (!world_) return start();
    if (const auto done = world_->terrain.set_distances(static_cast<float>(view_distance_),
                                                        static_cast<float>(detail_distance_));
        !done)
        refuse("VoxelTerrain: " + done.error().message);
}

void VoxelTerrain::set_viewer_path(const NodePath& path) {
    if (path != viewer_path_) {
        path_warned_ = false;
        path_viewer_came_ = false;
    }
    viewer_path_ = path;
    start();
}

void VoxelTerrain::geometry_changed() {
    if (world_) world_->view.set_geometry(geometry_);
}

void VoxelTerrain::set_layers(std::int64_t mask) {
    constexpr std::int64_t all = std::numeric_limits<std::uint32_t>::max();
    if (mask < 0 || mask > all) {
        refuse("VoxelTerrain.layers is " + std::to_string(mask) +
               "; it must be a mask of 32 bits, from 0 to " + std::to_string(all) +
               ". It stays at " + std::to_string(geometry_.layers) + ".");
        return;
    }
    geometry_.layers = static_cast<std::uint32_t>(mask);
    geometry_changed();
}

void VoxelTerrain::set_cast_shadow(std::int64_t setting) {
    set_choice(geometry_.cast_shadow, "cast_shadow", setting, 3);
}

void VoxelTerrain::set_gi_mode(std::int64_t mode) {
    set_choice(geometry_.gi_mode, "gi_mode", mode, 2);
}

void VoxelTerrain::set_choice(std::int64_t& property, const char* name, std::int64_t choice,
                              std::int64_t last) {
    if (choice < 0 || choice > last) {
        refuse(std::string("VoxelTerrain.") + name + " is " + std::to_string(choice) +
               "; it must be from 0 to " + std::to_string(last) + ". It stays at " +
               std::to_string(property) + ".");
        return;
    }
    property = choice;
    geometry_changed();
}

void VoxelTerrain::set_visibility_range_begin(double metres) {
    set_range(geometry_.visibility_range_begin, "visibility_range_begin", metres);
}

void VoxelTerrain::set_visibility_range_end(double metres) {
    set_range(geometry_.visibility_range_end, "visibility_range_end", metres);
}

void VoxelTerrain::set_range(double& property, const char* name, double metres) {
    if (!std::isfinite(metres) || metres < 0.0) {
        refuse(std::string("VoxelTerrain.") + name + " is " + text_of(metres) +
               "; it must be 0 or a number of metres. It stays at " + text_of(property) + ".");
        return;
    }
    property = metres;
    geometry_changed();
}

void VoxelTerrain::set_commit_budget_msec(double msec) {
    set_budget(commit_budget_msec_, "commit_budget_msec", msec);
}

void VoxelTerrain::set_loading_budget_msec(double msec) {
    set_budget(loading_budget_msec_, "loading_budget_msec", msec);
}

void VoxelTerrain::set_edit_budget_msec(double msec) {
    set_budget(edit_budget_msec_, "edit_budget_msec", msec);
}

void VoxelTerrain::set_budget(double& property, const char* name, double msec) {
    if (std::isnan(msec)) {
        refuse(std::string("VoxelTerrain.") + name + " is not a number; it must be from 0 to " +
               text_of(kMostBudgetMsec) + ". It stays at " + text_of(property) + ".");
        return;
    }
    property = std::clamp(msec, 0.0, kMostBudgetMsec);
    start();
}

}  // namespace nebula::godot
