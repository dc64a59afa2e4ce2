// SPDX-License-Identifier: MIT
// Ground that hangs on nothing: told of, or turned into bodies.
#include "nebula/base/log.hpp"
#include "nebula/base/trace.hpp"
#include "nebula/godot/api/globals.hpp"
#include "nebula/godot/runtime/engine_loop.hpp"
#include "nebula/godot/voxel/distances.hpp"
#include "nebula/godot/voxel/editor_view.hpp"
#include "nebula/godot/voxel/island_body.hpp"
#include "nebula/godot/voxel/voxel_terrain.hpp"
#include "nebula/voxel/mesh/part_mesh.hpp"
#include "nebula/voxel/query/islands.hpp"
#include "nebula/voxel/world/detachment.hpp"
#include "nebula/voxel/world/loose_part.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <new>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace nebula::godot {

namespace {

// Per frame: of the search, and of what is done about islands, except for the first of them.
constexpr std::chrono::milliseconds kIslandBudget{1};
// How long a body waits for the ground beneath it, if that never comes.
constexpr std::chrono::milliseconds kLongestHold{500};
constexpr std::int64_t kLeastIslandSize = 1;
// At once: each keeps its part and its removal in memory, a few megabytes of the largest ones.
constexpr std::size_t kMostComingOff = 8;
constexpr double kDensestIsland = 1e6;

voxel::Vec3f floats(voxel::Vec3i v) {
    return {static_cast<float>(v.x), static_cast<float>(v.y), static_cast<float>(v.z)};
}

}  // namespace

// ---- Properties

std::int32_t VoxelTerrain::searched_island_size() const {
    return islands_ == Islands::Stay || is_editor() ? 0
                                                    : static_cast<std::int32_t>(island_max_size_);
}

void VoxelTerrain::set_islands(std::int64_t what) {
    if (what < 0 || what > static_cast<std::int64_t>(Islands::Fall)) {
        refuse("VoxelTerrain.islands is " + std::to_string(what) +
               "; it must be ISLANDS_STAY, ISLANDS_SIGNAL or ISLANDS_FALL. It stays at " +
               std::to_string(islands()) + ".");
        return;
    }
    islands_ = static_cast<Islands>(what);
    if (!world_) return;
    world_->terrain.islands().set_largest(searched_island_size());
    if (islands_ == Islands::Stay) world_->islands.clear();
    if (islands_ == Islands::Fall) return;
    for (voxel::Detachment* const island : std::exchange(world_->coming_off, {}))
        world_->terrain.drop(*island);
}

void VoxelTerrain::set_island_max_size(std::int64_t voxels) {
    if (voxels < kLeastIslandSize || voxels > voxel::kMostIslandSize) {
        refuse("VoxelTerrain.island_max_size is " + std::to_string(voxels) +
               "; it must be from 1 to " + std::to_string(voxel::kMostIslandSize) +
               " voxels. It stays at " + std::to_string(island_max_size_) + ".");
        return;
    }
    island_max_size_ = voxels;
    if (world_) world_->terrain.islands().set_largest(searched_island_size());
}

void VoxelTerrain::set_island_density(double density) {
    if (!(density > 0.0 && density <= kDensestIsland)) {
        refuse("VoxelTerrain.island_density is " + text_of(density) +
               "; it must be above 0 and at most " + text_of(kDensestIsland) +
               " kilograms per cubic metre. It stays at " + text_of(island_density_) + ".");
        return;
    }
    island_density_ = density;
}

void VoxelTerrain::set_island_crumbs(double voxels) {
    if (!std::isfinite(voxels) || voxels < 0.0) {
        refuse("VoxelTerrain.island_crumbs is " + text_of(voxels) +
               "; it must be 0 or a number of cubic voxels. It stays at " +
               text_of(island_crumbs_) + ".");
        return;
    }
    island_crumbs_ = voxels;
}

void VoxelTerrain::set_island_shape(std::int64_t shape) {
    if (shape < 0 || shape > static_cast<std::int64_t>(IslandShape::Pieces)) {
        refuse("VoxelTerrain.island_shape is " + std::to_string(shape) +
               "; it must be ISLAND_SHAPE_CONVEX or ISLAND_SHAPE_PIECES. It stays at " +
               std::to_string(island_shape()) + ".");
        return;
    }
    island_shape_ = static_cast<IslandShape>(shape);
}

void VoxelTerrain::set_island_collision_layer(std::int64_t mask) {
    set_collision_bits(island_layer_, "island_collision_layer", mask);
}

void VoxelTerrain::set_island_collision_mask(std::int64_t mask) {
    set_collision_bits(island_mask_, "island_collision_mask", mask);
}

// ---- Each frame

void VoxelTerrain::look_for_islands() {
    if (!world_ || searched_island_size() == 0 || !transform_works()) return;
    if (!world_->terrain.islands().pending() && world_->islands.empty() &&
        world_->coming_off.empty())
        return;
    const ObjectId self = id();
    const std::uint64_t world = world_number_;
    NEBULA_TRACE_ZONE("terrain: islands");
    const Clock::time_point deadline = Clock::now() + kIslandBudget;
    try {
        search_islands(deadline);
        // At least one, or those that take longer than the budget would wait for ever.
        for (bool first = true; survives(self, world) && !world_->islands.empty() &&
                                (first || Clock::now() < deadline);
             first = false)
            if (islands_ == Islands::Signal)
                tell_of_next_island();
            else if (!begin_next_island())
                break;
        if (survives(self, world)) take_off_islands(deadline);
    } catch (const std::bad_alloc&) {  // the next frame goes on
        if (survives(self, world)) world_->view.no_memory();
    }
}

void VoxelTerrain::search_islands(Clock::time_point deadline) {
    const ObjectId self = id();
    const std::uint64_t world = world_number_;
    while (world_->terrain.islands().pending() && Clock::now() < deadline)
        if (const auto done = world_->terrain.islands().advance(world_->islands); !done) {
            log(LogLevel::Warning, "VoxelTerrain: around an edit, nobody could look for islands: " +
                                       done.error().message + '.');
            if (!survives(self, world)) return;
        }
}

// What handlers edit comes before the commit of this frame, and is shown with it.
void VoxelTerrain::announce_island(const char* signal, std::initializer_list<Variant> arguments) {
    const ObjectId self = id();
    const std::uint64_t world = world_number_;
    const bool before = std::exchange(world_->announcing, true);
    emit_signal(signal, arguments);
    if (survives(self, world)) world_->announcing = before;
}

void VoxelTerrain::tell_of_next_island() {
    const voxel::Island island = world_->islands.back();
    world_->islands.pop_back();
    const auto part = world_->terrain.part_at(island.first, searched_island_size());
    if (!part) return island_stays(part.error());
    if (!part->has_value()) return;  // an edit has attached it since, or removed it
    const voxel::Box3i& box = (*part)->box;
    const AABB area =
        space_.to_global(voxel::Aabb{floats(box.min), floats(box.max - voxel::Vec3i{1, 1, 1})});
    announce_island("island_found",
                    {Dictionary{{"position", space_.to_global(floats(island.first))},
                                {"area", area},
                                {"volume", voxel::mass_of(**part).volume * voxel_volume()}}});
}

bool VoxelTerrain::begin_next_island() {
    if (world_->coming_off.size() == kMostComingOff) return false;
    world_->coming_off.reserve(kMostComingOff);
    const auto begun =
        world_->terrain.detach(world_->islands.back().first, {.largest = searched_island_size(),
                                                              .body = body_settings(),
                                                              .user = edit_user_,
                                                              .stroke = edit_stroke_});
    if (!begun) {
        world_->view.no_memory();
        return false;
    }
    world_->islands.pop_back();
    world_->coming_off.push_back(*begun);
    return true;
}

void VoxelTerrain::take_off_islands(Clock::time_point deadline) {
    const ObjectId self = id();
    const std::uint64_t world = world_number_;
    // In the order in which they were found; what one of them runs may begin more, or end the world.
    for (std::size_t i = 0; survives(self, world) && i < world_->coming_off.size();) {
        voxel::Detachment* const island = world_->coming_off[i];
        const voxel::Detachment::State state = island->advance(deadline);
        if (state == voxel::Detachment::State::Working) {
            ++i;
            continue;
        }
        if (state == voxel::Detachment::State::Ready) {
            take_off(*island);
            if (Clock::now() >= deadline) return;
            continue;
        }
        world_->coming_off.erase(world_->coming_off.begin() + static_cast<std::ptrdiff_t>(i));
        const voxel::VoxelError error = island->error();
        world_->terrain.drop(*island);
        if (state == voxel::Detachment::State::Failed) island_stays(error);
    }
}

void VoxelTerrain::island_stays(const voxel::VoxelError& error) {
    refuse("VoxelTerrain: an island stays where it is: " + error.message + '.');
}

voxel::Densities VoxelTerrain::densities() const {
    voxel::Densities densities;
    densities.fill(island_density_);
    if (material_library_.is_null()) return densities;
    const std::vector<double> known = material_library_->densities(island_density_);
    std::copy_n(known.begin(), std::min(known.size(), densities.size()), densities.begin());
    return densities;
}

// A body has one: that of the material of which there is most.
Ref<PhysicsMaterial> VoxelTerrain::physics_material_of(const voxel::GroundPart& part) const {
    if (material_library_.is_null()) return physics_material_;
    const Ref<VoxelMaterial> most = material_library_->material(voxel::main_material_of(part));
    const Ref<PhysicsMaterial> its = most ? most->physics_material() : Ref<PhysicsMaterial>();
    return its ? its : physics_material_;
}

double VoxelTerrain::voxel_volume() const noexcept {
    const auto& size = space_.voxel_size();
    return size[0] * size[1] * size[2];
}

voxel::BodySettings VoxelTerrain::body_settings() const {
    return {
        .densities = densities(),
        .crumbs = island_crumbs_,
        .has_materials = vertex_colors().has_value(),
        .hull_edge = island_shape_ == IslandShape::Convex ? voxel::kOneHull : voxel::kBrickSize};
}

// If there is no memory, it is still one of those that come off, or its ground is gone.
void VoxelTerrain::take_off(voxel::Detachment& island) {
    const ObjectId self = id();
    const std::uint64_t world = world_number_;
    const voxel::LoosePart& loose = *island.part();
    const double volume = loose.mass.volume * voxel_volume();
    bool has_ended = false;
    const auto body = make_fall(loose, [&] {
        auto report = world_->terrain.finish(island);
        has_ended = report || report.error().kind != voxel::VoxelError::Kind::NotReady;
        if (has_ended) std::erase(world_->coming_off, &island);
        return report;
    });
    if (!survives(self, world)) return;
    if (body) return announce_island("island_detached", {Variant(*body), volume});
    if (!has_ended) {
        std::erase(world_->coming_off, &island);
        world_->terrain.drop(island);
    }
    island_stays(body.error());
}

template <class F>
tl::expected<RigidBody3D, voxel::VoxelError> VoxelTerrain::make_fall(const voxel::LoosePart& loose,
                                                                     F&& remove) {
    const Clock::time_point at = Clock::now();
    RigidBody3D body;
    if (!loose.is_crumb) {
        const std::optional<VertexColors> colors = vertex_colors();
        const auto made = make_island_body(
            loose, {.place = get_global_transform(),
                    .material = material_,
                    .materials = world_->view.materials(),
                    .colors = colors && !loose.mesh.materials.empty() ? &*colors : nullptr,
                    .physics_material = physics_material_of(loose.part),
                    .layer = island_layer_,
                    .mask = island_mask_ | ground_look_.layer,
                    .priority = ground_look_.priority,
                    .visual_layers = geometry_.layers,
                    .cast_shadow = geometry_.cast_shadow});
        if (!made) return tl::unexpected(made.error());
        body = *made;
    }
    try {
        if (!body.is_null()) world_->held_bodies.push_back({body.id(), at});
        const auto report = noted(at, body.id(), remove);
        if (!report) {
            destroy(body);  // who is held and gone is forgotten in the next tick
            return tl::unexpected(report.error());
        }
        if (body.is_null()) return body;
        // Last, because it runs scripts, which may end the world, or free the body.
        const ObjectId added = body.id();
        add_child(body);
        return added.is_alive() ? body : RigidBody3D();
    } catch (...) {
        destroy(body);
        throw;
    }
}

// ---- Bodies that do not move yet

void VoxelTerrain::show_island(ObjectId body) const {
    for (HeldBody& held : world_->held_bodies)
        if (held.body == body) held.shown = true;
    if (const auto node = cast_to<RigidBody3D>(body.object())) node.set_visible(true);
}

// Until the old ground is out of physics, a body would be thrown out of it.
void VoxelTerrain::settle_held_bodies() {
    const Clock::time_point now = Clock::now();
    std::erase_if(world_->held_bodies, [&](const HeldBody& held) {
        const auto body = cast_to<RigidBody3D>(held.body.object());
        if (body.is_null()) return true;
        if (!held.shown) return false;
        const bool waits =
            collision_enabled_ && transform_works() && now - held.since < kLongestHold;
        if (waits && !is_ground_ready_here(body)) return false;
        body.set_freeze_enabled(false);
        give_velocity(body);
        return true;
    });
}

void VoxelTerrain::release(const std::vector<HeldBody>& bodies) noexcept try {
    for (const HeldBody& held : bodies)
        if (const auto body = cast_to<RigidBody3D>(held.body.object())) {
            body.set_freeze_enabled(false);
            body.set_visible(true);  // runs scripts
        }
} catch (...) {  // the bodies stay as they are
}

// ---- What scripts call

RigidBody3D VoxelTerrain::detach_island(const Vector3& position) {
    const std::string where = "VoxelTerrain.detach_island: ";
    if (edit_obstacle(where) != Error::OK) return {};
    const voxel::Vec3f at = space_.to_voxels(position);
    if (const auto error = voxel::check_position(at, "the position")) {
        refuse(where + error->message + '.');
        return {};
    }
    const voxel::Vec3i low{static_cast<std::int32_t>(std::floor(at.x)),
                           static_cast<std::int32_t>(std::floor(at.y)),
                           static_cast<std::int32_t>(std::floor(at.z))};
    const auto largest = static_cast<std::int32_t>(island_max_size_);
    voxel::BodySettings settings = body_settings();
    settings.crumbs = 0.0;  // whoever asks for a body gets one
    // The corners of the cell that the position lies in: any of them that is ground will do.
    for (int i = 0; i < 8; ++i) {
        const auto loose = world_->terrain.loose_part_at(
            low + voxel::Vec3i{i & 1, i >> 1 & 1, i >> 2 & 1}, largest, settings);
        if (!loose) {
            refuse(where + loose.error().message + '.');
            return {};
        }
        if (!loose->has_value()) continue;
        const auto body = make_fall(**loose, [&] {
            return world_->terrain.remove((*loose)->part, edit_user_, edit_stroke_);
        });
        if (body) return *body;
        refuse(where + body.error().message + '.');
        return {};
    }
    return {};
}

// ---- What the editor and scripts see of it

void VoxelTerrain::bind_islands(ClassBuilder<VoxelTerrain>& c) {
    using Self = VoxelTerrain;
    c.enumeration(
        "Islands",
        {{"ISLANDS_STAY", 0, "Ground that hangs on nothing stays in the air. Nobody looks for it."},
         {"ISLANDS_SIGNAL", 1,
          "[signal island_found] tells of it, and the game decides: [method detach_island] turns "
          "it into a body."},
         {"ISLANDS_FALL", 2,
          "It becomes a [RigidBody3D] by itself: see [signal island_detached]."}});
    c.enumeration("IslandShape",
                  {{"ISLAND_SHAPE_CONVEX", 0,
                    "One convex shape around the whole body. The fastest one; hollows are filled."},
                   {"ISLAND_SHAPE_PIECES", 1,
                    "A convex shape for each cube of 16 voxels: arches and hooks keep their form, "
                    "and smaller hollows are filled."}});
    c.property(
        "islands", &Self::islands, &Self::set_islands, Hint::names("Stay,Signal,Fall"),
        "What happens to ground that no longer hangs on the rest after it was dug at. Ground "
        "counts "
        "as an island if it is not connected to anything larger than [member island_max_size]. "
        "Only islands at an edit that removed ground are found, also those that an earlier edit or "
        "the generator has left there. The search takes about 60 microseconds for each small dig, "
        "and never more than a millisecond in a frame: after a large edit it goes on in the next "
        "frames.");
    // After the property without the prefix, which would end the group.
    c.group("Islands", "island_");
    c.property("island_max_size", &Self::island_max_size, &Self::set_island_max_size,
               Hint::range(1, voxel::kMostIslandSize, 1, "suffix:voxels"),
               "How large an island may be along each axis, in voxels. What is larger counts as "
               "held, wherever it hangs. From 1 to 96; any other value is refused with an error.");
    c.property(
        "island_density", &Self::island_density, &Self::set_island_density,
        Hint::range(1, 10000, 1, "or_greater,suffix:kg/m³"),
        "What a cubic metre of an island weighs. Its mass, centre of mass and inertia follow "
        "from its shape. With a [member material_library], each material has its own [member "
        "VoxelMaterial.density] instead, and this is the density of ground whose number has no "
        "material.");
    c.property("island_crumbs", &Self::island_crumbs, &Self::set_island_crumbs,
               Hint::range(0, 64, 0.5, "or_greater,suffix:voxels³"),
               "With [member islands] at Fall, an island with a smaller volume than this, in cubic "
               "voxels, is removed and becomes no body.");
    c.property("island_shape", &Self::island_shape, &Self::set_island_shape,
               Hint::names("Convex,Pieces"), "The collision shape of islands that become bodies.");
    c.property("island_collision_layer", &Self::island_collision_layer,
               &Self::set_island_collision_layer, Hint::physics_layers(),
               "The [member CollisionObject3D.collision_layer] of islands that become bodies.");
    c.property(
        "island_collision_mask", &Self::island_collision_mask, &Self::set_island_collision_mask,
        Hint::physics_layers(),
        "The [member CollisionObject3D.collision_mask] of islands that become bodies. The "
        "terrain's [member collision_layer] is added to it, so that they do not fall through "
        "the ground.");
    c.method("detach_island", &Self::detach_island, {"position"})
        .doc(
            "Turns the island at a global [param position] in the ground, or less than a voxel "
            "beside it, into a [RigidBody3D], whatever [member islands] is, and returns it. "
            "Returns null if there is air, or if the ground there is larger than [member "
            "island_max_size].\n\nThe body is a child of the terrain with [member "
            "Node3D.top_level] "
            "set, and has a [MeshInstance3D] with the terrain's [member material], or one that "
            "draws the [member material_library] as the terrain does, and one or more "
            "[CollisionShape3D]. It is on [member island_collision_layer]. It appears in the frame "
            "in which its ground disappears. It "
            "is frozen until the ground's old shape is out of physics, which takes one or two "
            "ticks; then it goes on with the velocity and the turning of the ground that it was, "
            "if the "
            "terrain moves. To the terrain it is an edit: [method undo] brings the ground back, "
            "and leaves "
            "the body. All of it is done in this call, which takes some milliseconds for an "
            "island of 16 voxels and 45 for one of 60; with [member islands] at Fall, workers do "
            "it.");
    c.signal(
        "island_found", {argument<Dictionary>("info")},
        "Emitted for each island at an edit, if [member islands] is Signal. [param info] has a "
        "[code]position[/code] in it, which [method detach_island] takes, its [code]area[/code] "
        "as a global box, and its [code]volume[/code] in cubic metres. An island that "
        "stays is told again when there is another edit at it.");
    c.signal("island_detached", {argument<RigidBody3D>("body"), argument<double>("volume")},
             "Emitted for each island that has come off, if [member islands] is Fall. [param body] "
             "is what [method detach_island] returns, and null if the island was smaller than "
             "[member island_crumbs]. [param volume] is in cubic metres.");
}

}  // namespace nebula::godot
