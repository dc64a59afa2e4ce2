// SPDX-License-Identifier: MIT
// The part of VoxelTerrain that bodies stand on.
#include "nebula/base/trace.hpp"
#include "nebula/godot/api/character_body_3d.hpp"
#include "nebula/godot/api/collision_object_3d.hpp"
#include "nebula/godot/api/engine.hpp"
#include "nebula/godot/api/globals.hpp"
#include "nebula/godot/api/physics_body_3d.hpp"
#include "nebula/godot/api/physics_material.hpp"
#include "nebula/godot/api/rigid_body_3d.hpp"
#include "nebula/godot/api/scene_tree.hpp"
#include "nebula/godot/api/world_3d.hpp"
#include "nebula/godot/async/nebula_task.hpp"
#include "nebula/godot/voxel/body_list.hpp"
#include "nebula/godot/voxel/distances.hpp"
#include "nebula/godot/voxel/editor_view.hpp"
#include "nebula/godot/voxel/ground_motion.hpp"
#include "nebula/godot/voxel/voxel_terrain.hpp"
#include "nebula/godot/voxel/voxel_viewer.hpp"
#include "nebula/task/next_frame.hpp"
#include "nebula/voxel/field/tile_block.hpp"
#include "nebula/voxel/stream/colliders.hpp"
#include "nebula/voxel/stream/ground_body.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <new>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

namespace nebula::godot {

namespace {

// Around a node that is no physics body, such as a marker at which one will appear.
constexpr AABB kAroundANode{{-1, -1, -1}, {2, 2, 2}};

using Tiles = std::unordered_set<voxel::Vec3i, voxel::Vec3iHash>;

bool touches_any(const voxel::Aabb& box, const Tiles& tiles) {
    // With the margin that needs have anyway: bodies rest a little above the ground.
    const voxel::Box3i touched = voxel::tiles_needed({.id = 0, .box = box, .velocity = {}}).soon;
    for (std::int32_t z = touched.min.z; z < touched.max.z; ++z)
        for (std::int32_t y = touched.min.y; y < touched.max.y; ++y)
            for (std::int32_t x = touched.min.x; x < touched.max.x; ++x)
                if (tiles.contains({x, y, z})) return true;
    return false;
}

void wake(ObjectId body) {
    if (const auto node = cast_to<RigidBody3D>(body.object()); node && node.is_sleeping())
        node.set_sleeping(false);
}

}  // namespace

task<> VoxelTerrain::hold_ground() {
    const ObjectId self = id();
    const std::uint64_t world = world_number_;
    for (;;) {
        co_await world_->entered.wait();
        co_await next_physics();
        if (!in_world_) continue;
        hold_ground_now();
        if (!survives(self, world)) co_return;
    }
}

void VoxelTerrain::hold_ground_now() {
    try {
        follow_motion();
        follow_bodies();
        update_ground(voxel::Colliders::When::BeforeTick);
        settle_held_bodies();
    } catch (const std::bad_alloc&) {
        if (world_) world_->view.no_memory();
        return;
    }
    settle_ground_waits();
}

// To the physics of the world that the node is in; and to the eye, if that is asked for.
void VoxelTerrain::show_ground() const {
    const auto here = get_world_3d();
    world_->ground.set_space(here->get_space());
    world_->ground.draw_in(get_tree().is_debugging_collisions_hint() ? here->get_scenario()
                                                                     : RID{});
}

// ---- A terrain that moves

// Also from the node's own notification: what a script moves within a tick counts in the same tick.
void VoxelTerrain::place_ground() {
    if (!world_ || !in_world_ || !collision_enabled_ || !transform_works()) return;
    const Transform3D place = get_global_transform();
    if (world_->ground.is_same_size(place)) world_->ground.set_place(place);
}

void VoxelTerrain::follow_motion() {
    if (!transform_works()) return;
    World& world = *world_;
    const bool was_moving = world.motion.is_moving();
    world.motion.tick(get_global_transform());
    world.ground.set_moving(world.motion.is_moving());
    // Ground that moves wakes what it carries. Ground that jumps does not, nor does a change of mode.
    if (world.motion.has_changed() && !was_moving)
        for (const voxel::GroundBody& body : ground_bodies_) wake(ObjectId{body.id});
}

// Bodies above this node in the tree. The ground moves with them, so they are never on it.
void VoxelTerrain::find_carriers() {
    carriers_.clear();
    std::vector<RID> bodies;
    for (Node node = get_parent(); node; node = node.get_parent())
        if (const auto body = cast_to<CollisionObject3D>(node)) {
            carriers_.push_back(body.id());
            if (cast_to<PhysicsBody3D>(node)) bodies.push_back(body.get_rid());
        }
    world_->ground.set_exceptions(std::move(bodies));
}

bool VoxelTerrain::is_carrier(ObjectId body) const noexcept {
    return std::find(carriers_.begin(), carriers_.end(), body) != carriers_.end();
}

// In a terrain that moves, what it carries needs no more ground than if both stood still.
Vector3 VoxelTerrain::velocity_on_ground(const BodyList::Body& body) const {
    const GroundMotion& motion = world_->motion;
    if (!motion.is_moving()) return BodyList::velocity_of(body);
    const Vector3 velocity = body.is_character
                                 ? CharacterBody3D(body.node.ptr()).get_real_velocity()
                                 : BodyList::velocity_of(body);
    return velocity - motion.velocity_at(body.node.get_global_transform().origin,
                                         Engine::singleton().get_physics_ticks_per_second());
}

// Of the ground that it was until now, besides what a script has given it.
void VoxelTerrain::give_velocity(const RigidBody3D& body) const {
    const auto [linear, angular] = world_->motion.velocity_of_part(
        body.get_global_transform().origin, Engine::singleton().get_physics_ticks_per_second());
    if (linear == Vector3{} && angular == Vector3{}) return;
    body.set_linear_velocity(body.get_linear_velocity() + linear);
    body.set_angular_velocity(body.get_angular_velocity() + angular);
}

void VoxelTerrain::follow_bodies() {
    NEBULA_TRACE_ZONE("terrain: find bodies");
    World& world = *world_;
    const Clock::time_point start = Clock::now();
    ground_bodies_.clear();
    if (collision_enabled_ && transform_works()) {
        if (!world.bodies) world.bodies = BodyList::share();
        world.bodies->measure();
        const RID here = get_world_3d()->get_space();
        for (const BodyList::Body& body : world.bodies->bodies()) {
            if (body.space != here || is_carrier(body.id)) continue;
            if ((body.node.get_collision_mask() & ground_look_.layer) == 0 &&
                (body.node.get_collision_layer() & ground_look_.mask) == 0)
                continue;
            ground_bodies_.push_back(
                ground_body(body.id, BodyList::placed(body.box, body.node.get_global_transform()),
                            velocity_on_ground(body), collision_distance_));
        }
        for (const VoxelViewer* viewer : VoxelViewer::all())
            if (viewer->needs_colliders() && viewer->get_world_3d()->get_space() == here)
                ground_bodies_.push_back(ground_body(viewer->id(),
                                                     {viewer->get_global_transform().origin, {}},
                                                     {}, viewer->collider_distance()));
        for (const GroundWait& wait : ground_waits_)
            if (const auto node = cast_to<Node3D>(wait.body.object());
                node && !is_named(wait.body) && node.is_inside_tree())
                ground_bodies_.push_back(ground_body(
                    wait.body, BodyList::placed(kAroundANode, node.get_global_transform()), {},
                    collision_distance_));
    }
    // What a file holds comes without a word to the colliders.
    const voxel::WorldSaver* const saver = world.terrain.saver();
    if (saver != nullptr && saver->state() == voxel::WorldSaver::State::Loading)
        ground_bodies_.clear();
    world.terrain.colliders().set_bodies(ground_bodies_);
    note_ground_time(Clock::now() - start);
}

bool VoxelTerrain::is_named(ObjectId body) const noexcept {
    return std::any_of(ground_bodies_.begin(), ground_bodies_.end(),
                       [body](const voxel::GroundBody& b) { return b.id == body.value; });
}

voxel::GroundBody VoxelTerrain::ground_body(ObjectId body, const AABB& box, const Vector3& velocity,
                                            double reach) const {
    const NodeSpace::Direction way = space_.direction_to_voxels(velocity);
    const double speed =
        std::sqrt(double{velocity.x} * velocity.x + double{velocity.y} * velocity.y +
                  double{velocity.z} * velocity.z) *
        way.voxels_per_metre;
    return {.id = body.value,
            .box = space_.to_voxels(box),
            .velocity = speed > 0.0 ? way.voxels * static_cast<float>(speed) : voxel::Vec3f{},
            .reach = static_cast<float>(reach)};
}

// Once per tick, and after the edits of a frame.
void VoxelTerrain::update_ground(voxel::Colliders::When when) {
    if (!in_world_ || !collision_enabled_ || !transform_works()) return;
    NEBULA_TRACE_ZONE("terrain: collision");
    World& world = *world_;
    voxel::Colliders& colliders = world.terrain.colliders();
    const Transform3D place = get_global_transform();
    if (!world.ground.is_same_size(place)) colliders.clear(world.ground);
    world.ground.set_place(place);
    library_footings_.follow(material_library_);
    colliders.set_footings(library_footings_.footings());
    ground_look_.grips.front() = physics_material_ ? grip_of(physics_material_) : Grip{};
    library_footings_.write_grips(ground_look_.grips);
    ground_look_.terrain = id();
    world.ground.set_look(ground_look_);

    note_ground_time({});
    const auto budget = std::chrono::duration_cast<Clock::duration>(
        std::chrono::duration<double, std::milli>(collision_budget_msec_));
    const Clock::time_point start = Clock::now();
    (void)colliders.update(
        world.ground, start + std::max(budget - world.spent_on_ground, Clock::duration::zero()),
        when);
    if (world.ground.take_no_memory()) world.view.no_memory();
    for (const GroundSink::Failure& failure : world.ground.take_failures())
        world.view.failed({voxel::floor_div(failure.tile, 2), 0}, failure.error);
    wake_bodies(world.ground.take_changed());
    note_ground_time(Clock::now() - start);
}

// A physics engine does not wake what lies on a body when that changes its shape.
void VoxelTerrain::wake_bodies(const std::vector<voxel::Vec3i>& tiles) const {
    if (tiles.empty()) return;
    const Tiles changed(tiles.begin(), tiles.end());
    for (const voxel::GroundBody& body : ground_bodies_)
        if (touches_any(body.box, changed)) wake(ObjectId{body.id});
}

void VoxelTerrain::note_ground_time(Clock::duration spent) noexcept {
    // Not the loop's number, which counts a tick with the frame before it: that would have spent what
    // a late shape needs.
    const std::uint64_t frame = Engine::singleton().get_process_frames();
    if (std::exchange(world_->ground_frame, frame) != frame)
        world_->last_spent_on_ground = std::exchange(world_->spent_on_ground, {});
    world_->spent_on_ground += spent;
}

void VoxelTerrain::drop_ground() noexcept {
    if (!world_) return;
    try {
        world_->terrain.colliders().set_bodies({});
    } catch (const std::bad_alloc&) {
        world_->view.no_memory();
    }
    world_->terrain.colliders().clear(world_->ground);
    (void)world_->ground.take_changed();
}

// ---- What scripts call

bool VoxelTerrain::is_ground_ready(const Node3D& body) {
    const ObjectId self = id();
    if (!world_ || !in_world_ || body.is_null() || !collision_enabled_) return false;
    update_space();
    return self.is_alive() && transform_works() && is_ground_ready_here(body);
}

bool VoxelTerrain::is_ground_ready_here(const Node3D& body) const {
    if (!body.is_inside_tree()) return false;
    AABB box = kAroundANode;
    if (world_->bodies)
        if (const BodyList::Body* known = world_->bodies->find(body.id())) {
            if (!known->measured) return false;
            box = known->box;
        }
    return world_->terrain.colliders().is_ready(ground_body(
        body.id(), BodyList::placed(box, body.get_global_transform()), {}, collision_distance_));
}

Variant VoxelTerrain::ground_ready(const Node3D& body) {
    const ObjectId self = id();
    if (body.is_null()) {
        refuse(
            "VoxelTerrain.ground_ready: the body is null. Pass the node that shall stand on the "
            "terrain.");
        return false;
    }
    if (!collision_enabled_) {
        refuse(
            "VoxelTerrain.ground_ready: collision_enabled is off, so there will be no ground. "
            "Turn it on before you wait.");
        return false;
    }
    const ObjectId node = body.id();
    if (is_ground_ready(body)) return true;
    if (!self.is_alive() || !node.is_alive() || is_hopeless() || is_editor()) return false;
    if (in_world_ && body.is_inside_tree())
        if (const auto error = voxel::check_position(
                space_.to_voxels(body.get_global_transform().origin), "the body")) {
            refuse("VoxelTerrain.ground_ready: " + error->message + '.');
            return false;
        }
    ground_waits_.push_back({node, std::make_shared<LoadedWait>()});
    return make_awaitable(LoadedWait::outcome(ground_waits_.back().wait),
                          {.name = "VoxelTerrain.ground_ready", .when_cancelled = Variant(false)})
        ->wait();
}

void VoxelTerrain::settle_ground_waits() {
    std::erase_if(ground_waits_, [this](const GroundWait& waiting) {
        const auto body = cast_to<Node3D>(waiting.body.object());
        if (body && !is_ground_ready_here(body)) return false;
        waiting.wait->settle(static_cast<bool>(body));
        return true;
    });
}

// ---- Properties

void VoxelTerrain::set_collision_enabled(bool enabled) {
    if (std::exchange(collision_enabled_, enabled) == enabled || enabled) return;
    drop_ground();
    for (const GroundWait& waiting : std::exchange(ground_waits_, {})) waiting.wait->settle(false);
}

void VoxelTerrain::set_collision_layer(std::int64_t mask) {
    set_collision_bits(ground_look_.layer, "collision_layer", mask);
}

void VoxelTerrain::set_collision_mask(std::int64_t mask) {
    set_collision_bits(ground_look_.mask, "collision_mask", mask);
}

void VoxelTerrain::set_collision_bits(std::uint32_t& property, const char* name,
                                      std::int64_t mask) {
    constexpr std::int64_t all = std::numeric_limits<std::uint32_t>::max();
    if (mask < 0 || mask > all) {
        refuse(std::string("VoxelTerrain.") + name + " is " + std::to_string(mask) +
               "; it must be a mask of 32 bits, from 0 to " + std::to_string(all) +
               ". It stays at " + std::to_string(property) + ".");
        return;
    }
    property = static_cast<std::uint32_t>(mask);
}

void VoxelTerrain::set_collision_priority(double priority) {
    if (!(priority > 0.0) || !std::isfinite(priority)) {
        refuse("VoxelTerrain.collision_priority is " + text_of(priority) +
               "; it must be a number above 0. It stays at " + text_of(ground_look_.priority) +
               ".");
        return;
    }
    ground_look_.priority = priority;
}

void VoxelTerrain::set_collision_distance(double voxels) {
    (void)set_distance(collision_distance_, "VoxelTerrain.collision_distance", voxels,
                       kColliderDistance);
}

void VoxelTerrain::set_collision_budget_msec(double msec) {
    set_budget(collision_budget_msec_, "collision_budget_msec", msec);
}

void VoxelTerrain::set_collision_material(const Ref<PhysicsMaterial>& material) {
    physics_material_ = material;
}

}  // namespace nebula::godot
