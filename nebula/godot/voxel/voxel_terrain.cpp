// SPDX-License-Identifier: MIT
#include "nebula/godot/voxel/voxel_terrain.hpp"

#include "nebula/base/log.hpp"
#include "nebula/godot/api/camera_3d.hpp"
#include "nebula/godot/api/engine.hpp"
#include "nebula/godot/api/globals.hpp"
#include "nebula/godot/api/viewport.hpp"
#include "nebula/godot/api/world_3d.hpp"
#include "nebula/godot/runtime/engine_loop.hpp"
#include "nebula/godot/runtime/shared_pool.hpp"
#include "nebula/task/next_frame.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

namespace nebula::godot {
namespace {

voxel::Vec3f to_voxel(const Vector3& v) { return {v.x, v.y, v.z}; }
Vector3 to_engine(const voxel::Vec3f& v) { return {v.x, v.y, v.z}; }

Clock::duration milliseconds(double msec) {
    return std::chrono::duration_cast<Clock::duration>(
        std::chrono::duration<double, std::milli>(msec));
}
double as_msec(Clock::duration d) { return std::chrono::duration<double, std::milli>(d).count(); }

// Zero, negative and not-a-number mean the least there is: one mesh a frame.
double sane_budget(double msec) { return msec > 0.0 ? std::min(msec, 1000.0) : 0.0; }

double length(const Vector3& v) { return std::hypot(v.x, v.y, v.z); }
Vector3 normalized(const Vector3& v) {
    const double l = length(v);
    return l > 0.0 ? v * static_cast<float>(1.0 / l) : v;
}

}  // namespace

void VoxelTerrain::bind(ClassBuilder<VoxelTerrain>& c) {
    using Self = VoxelTerrain;
    c.doc("A voxel terrain that streams around a viewer and can be dug.",
          "Give it a [VoxelGenerator] and a camera comes to see hills. [method dig_sphere] takes "
          "ground away, "
          "[method add_sphere] puts ground there; the change is on the screen in the same frame. "
          "One voxel is one "
          "unit of the node's own space.");

    c.property("generator", &Self::generator, &Self::set_generator,
               Hint::resource<VoxelGenerator>());
    c.property("material", &Self::material, &Self::set_material, Hint::resource<Material>());
    c.group("Streaming");
    c.property("view_distance", &Self::view_distance, &Self::set_view_distance,
               Hint::range(1, 2048, 1, "suffix:m"));
    c.property("vertical_distance", &Self::vertical_distance, &Self::set_vertical_distance,
               Hint::range(1, 512, 1, "suffix:m"));
    c.property("viewer_path", &Self::viewer_path, &Self::set_viewer_path, Hint::path_to<Node3D>());
    c.property("commit_budget_msec", &Self::commit_budget_msec, &Self::set_commit_budget_msec,
               Hint::range(0.1, 16, 0.1, "suffix:ms"));
    c.property("edit_budget_msec", &Self::edit_budget_msec, &Self::set_edit_budget_msec,
               Hint::range(0.1, 32, 0.1, "suffix:ms"));

    c.method("dig_sphere", &Self::dig_sphere, {"center", "radius"})
        .doc(
            "Takes the ground inside the sphere away. The world changes at once, the picture "
            "before this frame is "
            "drawn. Works anywhere, loaded or not.");
    c.method("add_sphere", &Self::add_sphere, {"center", "radius"})
        .doc("Fills the sphere with ground; see [method dig_sphere].");
    c.method("raycast", &Self::raycast, {"from", "direction", "max_distance"})
        .doc(
            "Returns position, normal and distance of the first ground the ray meets, or an empty "
            "Dictionary. Sees "
            "every edit at once; needs no collision shape.");
    c.method("is_loaded", &Self::is_loaded).doc("Whether everything in view is on the screen.");
    c.method("get_statistics", &Self::statistics).doc("Counts and times, for an overlay.");
    c.method("get_load_utilization", &Self::load_utilization)
        .doc(
            "How well the workers were used while chunks waited for one: queued_seconds, and "
            "busy_share of each "
            "worker within that time.");
    c.method("regenerate", &Self::regenerate)
        .doc("Builds the world anew from the generator as it is now. Everything dug is gone.");
    c.method("retry_failed", &Self::retry_failed)
        .doc("Asks again for every chunk that failed; returns how many.");

    c.signal("loaded", {},
             "Everything in view is on the screen; again after the viewer has moved on.");
    c.signal("chunk_failed", {argument<Vector3i>("chunk"), argument<String>("message")},
             "One chunk could not be made; the others go on.");
    c.signal("edit_committed", {argument<Dictionary>("info")},
             "The picture shows what was dug. Has edits, chunks, msec (of each edit, from its "
             "call), same_frame (how "
             "many of them were shown in the frame they were made in).");

    c.notification<&Self::on_notification>();
    c.virtual_method(Node::Virtuals::get_configuration_warnings, &Self::configuration_warnings);
}

// ---- Life

void VoxelTerrain::on_notification(int what) {
    switch (what) {
        case Node3D::NOTIFICATION_ENTER_WORLD:
            start();
            break;
        case Node3D::NOTIFICATION_EXIT_WORLD:
            stop();
            break;
        case Node3D::NOTIFICATION_TRANSFORM_CHANGED:
            if (view_) view_->set_place(get_global_transform());
            break;
        case Node3D::NOTIFICATION_VISIBILITY_CHANGED:
            if (view_) view_->set_visible(is_visible_in_tree());
            break;
        default:
            break;
    }
}

PackedStringArray VoxelTerrain::configuration_warnings() const {
    PackedStringArray warnings;
    if (generator_.is_null()) {
        warnings = {String(
            "The terrain has no generator, so there is nothing to show. Set Generator to a new "
            "VoxelNoiseGenerator.")};
    }
    return warnings;
}

void VoxelTerrain::start() {
    if (terrain_ || !is_inside_tree() || Engine::singleton().is_editor_hint()) return;
    if (generator_.is_null()) {
        log(LogLevel::Warning,
            "VoxelTerrain has no generator, so there is nothing to show; set its generator "
            "property, for example to a VoxelNoiseGenerator");
        return;
    }
    set_notify_transform(true);
    voxel::TerrainSettings settings;
    settings.view_distance_m = static_cast<float>(view_distance_);
    settings.vertical_distance_m = static_cast<float>(vertical_distance_);
    try {
        terrain_ = std::make_unique<voxel::Terrain>(shared_pool(), generator_->build(), settings);
    } catch (const std::exception& error) {
        refuse(std::string("VoxelTerrain cannot make its world: ") + error.what());
        return;
    }
    view_ = std::make_unique<TerrainView>(get_world_3d()->get_scenario(), get_global_transform(),
                                          material_rid(), is_visible_in_tree());
    announced_loaded_ = false;
    Runtime& runtime = EngineLoop::get().runtime();
    streaming_ = runtime.spawn(stream(), {.name = "VoxelTerrain.stream"});
    showing_edits_ = runtime.spawn(show_edits(), {.name = "VoxelTerrain.show_edits"});
}

void VoxelTerrain::stop() noexcept {
    streaming_.cancel();
    showing_edits_.cancel();
    terrain_.reset();
    view_.reset();
    pending_edits_.clear();
    edited_.reset();
}

void VoxelTerrain::regenerate() {
    stop();
    start();
}

// ---- The two coroutines

// A signal runs scripts, and a script may do anything, free this node included: after one, nothing
// of `this` is touched without asking whether it is still there.

task<> VoxelTerrain::stream() {
    const ObjectId self = id();
    for (;;) {
        follow_viewer();
        terrain_->update();
        // Before anything is shown or told, so that a script which adds the node and then awaits
        // `loaded` cannot miss it, however fast the workers are.
        co_await next_frame();
        (void)terrain_->commit(*view_, milliseconds(commit_budget_msec_));
        announce_failures();
        if (!self.is_alive() || !terrain_) co_return;
        announce_loaded();
        if (!self.is_alive() || !terrain_) co_return;
    }
}

task<> VoxelTerrain::show_edits() {
    const ObjectId self = id();
    for (;;) {
        co_await edited_.wait();
        edited_.reset();
        for (;;) {
            const voxel::EditCommit commit =
                terrain_->commit_edits(*view_, Clock::now() + milliseconds(edit_budget_msec_));
            // Every group, even one that changed no chunk in view: a script may be waiting for it.
            for (const voxel::EditGroupReport& group : commit.groups) {
                announce_edits(group);
                if (!self.is_alive() || !terrain_) co_return;
            }
            // What a handler has just edited belongs to the next frame.
            if (!terrain_->edits_pending()) break;
            co_await next_frame();
        }
        announce_failures();
        if (!self.is_alive() || !terrain_) co_return;
    }
}

void VoxelTerrain::follow_viewer() {
    Node3D viewer;
    if (viewer_path_ != NodePath()) viewer = cast_to<Node3D>(get_node_or_null(viewer_path_));
    if (!viewer) {
        if (const Viewport viewport = get_viewport(); viewport) viewer = viewport.get_camera_3d();
    }
    // Without a viewer the world loads around the node itself.
    const Vector3 position = viewer ? to_local(viewer.get_global_position()) : Vector3{};
    (void)terrain_->set_viewer(
        to_voxel(position));  // one outside the world: load where it last was
}

void VoxelTerrain::announce_edits(const voxel::EditGroupReport& group) {
    const Clock::time_point now = Clock::now();
    const std::uint64_t frame = EngineLoop::get().frame();
    PackedFloat64Array msec;
    const std::size_t count = std::min(group.edits, pending_edits_.size());
    msec.resize(count);
    std::int64_t same_frame = 0;
    for (std::size_t i = 0; i < count; ++i) {
        msec.write()[i] = as_msec(now - pending_edits_[i].at);
        same_frame += pending_edits_[i].frame == frame ? 1 : 0;
    }
    const auto edits = static_cast<std::int64_t>(count);
    pending_edits_.erase(pending_edits_.begin(),
                         pending_edits_.begin() + static_cast<std::ptrdiff_t>(count));
    emit_signal("edit_committed",
                {Dictionary{{"edits", edits},
                            {"chunks", static_cast<std::int64_t>(group.chunks + group.failed)},
                            {"msec", msec},
                            {"same_frame", same_frame}}});
}

void VoxelTerrain::announce_failures() {
    if (!view_) return;
    const ObjectId self = id();
    for (const ChunkFailure& error : view_->take_failures()) {
        emit_signal("chunk_failed", {Vector3i{error.chunk.x, error.chunk.y, error.chunk.z},
                                     String(std::string_view(error.message))});
        if (!self.is_alive()) return;
    }
}

void VoxelTerrain::announce_loaded() {
    // A crater that is late is not loading: it leaves `loaded` as it was.
    const bool now_loaded = is_loaded() || (announced_loaded_ && terrain_->edits_pending());
    const bool news = now_loaded && !announced_loaded_;
    announced_loaded_ = now_loaded;
    if (news) emit_signal("loaded");
}

// ---- What scripts call

Error VoxelTerrain::dig_sphere(const Vector3& center, double radius) {
    return edit(voxel::SphereEdit::Kind::Dig, center, radius);
}

Error VoxelTerrain::add_sphere(const Vector3& center, double radius) {
    return edit(voxel::SphereEdit::Kind::Add, center, radius);
}

Error VoxelTerrain::edit(voxel::SphereEdit::Kind kind, const Vector3& center, double radius) {
    if (!terrain_) {
        log(LogLevel::Error,
            "VoxelTerrain has no world yet: add it to the scene tree, with a generator, before "
            "it is dug");
        return Error::ERR_UNCONFIGURED;
    }
    const Clock::time_point at = Clock::now();
    const auto report = terrain_->edit(
        {.kind = kind, .centre = to_voxel(to_local(center)), .radius = static_cast<float>(radius)});
    if (!report) return refuse(report.error().message);
    pending_edits_.push_back({at, EngineLoop::get().frame()});
    edited_.set();
    return Error::OK;
}

Dictionary VoxelTerrain::raycast(const Vector3& from, const Vector3& direction,
                                 double max_distance) {
    if (!terrain_) return {};
    // Directions by the basis alone: a difference of two far points would lose them.
    const Basis to_node = inverse(get_global_transform().basis);
    const Vector3 local_from = to_local(from);
    const Vector3 local_direction = to_node * direction;
    const double scale =
        length(direction) > 0.0 ? length(local_direction) / length(direction) : 1.0;
    const auto hit = terrain_->raycast(to_voxel(local_from), to_voxel(local_direction),
                                       static_cast<float>(max_distance * scale));
    if (!hit) {
        refuse(hit.error().message);
        return {};
    }
    if (!*hit) return {};
    const Vector3 position = to_global(to_engine((*hit)->position));
    // Planes turn by the inverse transpose, which is right under uneven scale too.
    return {{"position", position},
            {"normal", normalized(transposed(to_node) * to_engine((*hit)->normal))},
            {"distance", length(position - from)}};
}

bool VoxelTerrain::is_loaded() const { return terrain_ && terrain_->is_loaded(); }

std::int64_t VoxelTerrain::retry_failed() {
    return terrain_ ? static_cast<std::int64_t>(terrain_->retry_failed()) : 0;
}

Dictionary VoxelTerrain::statistics() const {
    const voxel::TerrainStats s = terrain_ ? terrain_->stats() : voxel::TerrainStats{};
    return {{"wanted", s.wanted},
            {"loaded", s.loaded},
            {"failed", s.failed},
            {"queued", s.queued},
            {"in_flight", s.in_flight},
            {"waiting", s.waiting},
            {"shown", s.shown},
            {"meshed", s.meshed},
            {"remeshed", s.remeshed},
            {"triangles", s.triangles},
            {"triangles_shown", view_ ? view_->triangle_count() : 0},
            {"edits", s.edits},
            {"bricks", s.bricks},
            {"edited_bricks", s.edited_bricks},
            {"brick_bytes", s.brick_bytes},
            {"last_update_msec", as_msec(s.last_update)},
            {"last_commit_msec", as_msec(s.last_commit)},
            {"last_edit_commit_msec", as_msec(s.last_edit_commit)}};
}

Dictionary VoxelTerrain::load_utilization() const {
    const voxel::LoadUtilization load =
        terrain_ ? terrain_->load_utilization() : voxel::LoadUtilization{};
    const double queued = std::chrono::duration<double>(load.queued).count();
    PackedFloat64Array shares;
    shares.resize(load.busy.size());
    for (std::size_t i = 0; i < load.busy.size(); ++i) {
        const double busy = std::chrono::duration<double>(load.busy[i]).count();
        shares.write()[i] = queued > 0.0 ? std::min(busy / queued, 1.0) : 0.0;
    }
    return {{"queued_seconds", queued}, {"busy_share", shares}};
}

Error VoxelTerrain::refuse(const std::string& what) const {
    log(LogLevel::Error, what);
    return Error::ERR_INVALID_PARAMETER;
}

// ---- Properties

void VoxelTerrain::set_generator(const Ref<VoxelGenerator>& generator) {
    if (generator_ == generator) return;
    generator_ = generator;
    update_configuration_warnings();
    if (is_inside_tree()) regenerate();
}

void VoxelTerrain::set_material(const Ref<Material>& material) {
    material_ = material;
    if (view_) view_->set_material(material_rid());
}

RID VoxelTerrain::material_rid() const { return material_ ? material_->get_rid() : RID{}; }

void VoxelTerrain::set_view_distance(double metres) { set_distances(metres, vertical_distance_); }

void VoxelTerrain::set_vertical_distance(double metres) { set_distances(view_distance_, metres); }

// A running world refuses what it cannot do and stays as it was; before that, start() will tell.
void VoxelTerrain::set_distances(double view, double vertical) {
    if (terrain_) {
        const auto done =
            terrain_->set_view_distance(static_cast<float>(view), static_cast<float>(vertical));
        if (!done) {
            refuse(done.error().message);
            return;
        }
    }
    view_distance_ = view;
    vertical_distance_ = vertical;
}

void VoxelTerrain::set_commit_budget_msec(double msec) { commit_budget_msec_ = sane_budget(msec); }

void VoxelTerrain::set_edit_budget_msec(double msec) { edit_budget_msec_ = sane_budget(msec); }

}  // namespace nebula::godot
