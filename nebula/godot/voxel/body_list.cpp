// SPDX-License-Identifier: MIT
#include "nebula/godot/voxel/body_list.hpp"

#include "nebula/godot/api/array_mesh.hpp"
#include "nebula/godot/api/character_body_3d.hpp"
#include "nebula/godot/api/engine.hpp"
#include "nebula/godot/api/physics_body_3d.hpp"
#include "nebula/godot/api/rigid_body_3d.hpp"
#include "nebula/godot/api/scene_tree.hpp"
#include "nebula/godot/api/shape_3d.hpp"
#include "nebula/godot/api/static_body_3d.hpp"
#include "nebula/godot/api/window.hpp"
#include "nebula/godot/api/world_3d.hpp"
#include "nebula/godot/binding/closure.hpp"
#include "nebula/godot/binding/containers.hpp"
#include "nebula/godot/binding/packed_array.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace nebula::godot {

namespace {

// Of a body whose shapes are unknown, half a metre in each direction.
constexpr AABB kUnknown{{-0.5F, -0.5F, -0.5F}, {1, 1, 1}};

AABB merged(const AABB& a, const AABB& b) {
    const auto low = [](float x, float y) { return std::min(x, y); };
    const auto high = [](float x, float y) { return std::max(x, y); };
    const Vector3 min{low(a.position.x, b.position.x), low(a.position.y, b.position.y),
                      low(a.position.z, b.position.z)};
    const Vector3 ea = a.position + a.size;
    const Vector3 eb = b.position + b.size;
    const Vector3 max{high(ea.x, eb.x), high(ea.y, eb.y), high(ea.z, eb.z)};
    return {min, max - min};
}

AABB box_of_shapes(const CollisionObject3D& node) {
    AABB box;
    bool any = false;
    const PackedInt32Array owners = node.get_shape_owners();
    for (const std::int32_t signed_owner : owners.view()) {
        const auto owner = static_cast<std::uint32_t>(signed_owner);
        if (node.is_shape_owner_disabled(owner)) continue;
        const Transform3D place = node.shape_owner_get_transform(owner);
        const std::int32_t count = node.shape_owner_get_shape_count(owner);
        for (std::int32_t i = 0; i < count; ++i) {
            const Ref<Shape3D> shape = node.shape_owner_get_shape(owner, i);
            if (shape.is_null()) continue;
            // The only box that every kind of shape has. The engine keeps this mesh.
            const AABB part = BodyList::placed(shape->get_debug_mesh()->get_aabb(), place);
            box = any ? merged(box, part) : part;
            any = true;
        }
    }
    return any ? box : kUnknown;
}

SceneTree current_tree() { return cast_to<SceneTree>(Engine::singleton().get_main_loop()); }

}  // namespace

std::shared_ptr<BodyList> BodyList::share() {
    static std::weak_ptr<BodyList> shared;
    if (auto list = shared.lock()) return list;
    std::shared_ptr<BodyList> list(new BodyList);
    shared = list;
    return list;
}

BodyList::BodyList() {
    const SceneTree tree = current_tree();
    if (tree.is_null()) return;
    tree_ = tree.id();
    added_ = make_callable([this](const Node& node) { add(node); }, "VoxelTerrain.body_added");
    removed_ =
        make_callable([this](const Node& node) { remove(node); }, "VoxelTerrain.body_removed");
    tree.connect(SceneTree::Signals::node_added, added_);
    tree.connect(SceneTree::Signals::node_removed, removed_);
    const Array found = tree.get_root().find_children("*", "PhysicsBody3D", true, false);
    for (std::size_t i = 0; i < found.size(); ++i)
        if (const auto node = Marshal<Node>::from_variant(found[i])) add(*node);
}

BodyList::~BodyList() {
    if (!tree_.is_alive()) return;
    const auto tree = cast_to<SceneTree>(tree_.object());
    tree.disconnect(SceneTree::Signals::node_added, added_);
    tree.disconnect(SceneTree::Signals::node_removed, removed_);
}

void BodyList::add(const Node& node) {
    const auto body = cast_to<PhysicsBody3D>(node);
    if (body.is_null() || cast_to<StaticBody3D>(node)) return;
    const ObjectId id = body.id();
    if (!places_.emplace(id.value, bodies_.size()).second) return;
    bodies_.push_back({.id = id,
                       .node = body,
                       .space = {},
                       .box = kUnknown,
                       .is_rigid = static_cast<bool>(cast_to<RigidBody3D>(node)),
                       .is_character = static_cast<bool>(cast_to<CharacterBody3D>(node))});
    has_new_ = true;
}

void BodyList::remove(const Node& node) {
    const auto found = places_.find(node.id().value);
    if (found == places_.end()) return;
    const std::size_t place = found->second;
    places_.erase(found);
    if (place + 1 != bodies_.size()) {
        bodies_[place] = bodies_.back();
        places_[bodies_[place].id.value] = place;
    }
    bodies_.pop_back();
}

void BodyList::measure() {
    if (bodies_.empty()) return;
    next_ = next_ + 1 < bodies_.size() ? next_ + 1 : 0;
    measure(bodies_[next_]);
    if (!std::exchange(has_new_, false)) return;
    for (Body& body : bodies_)
        if (!body.measured) measure(body);
}

void BodyList::measure(Body& body) {
    const Ref<World3D> world = body.node.get_world_3d();
    body.space = world.is_null() ? RID{} : world->get_space();
    body.box = box_of_shapes(body.node);
    body.measured = true;
}

Vector3 BodyList::velocity_of(const Body& body) {
    if (body.is_rigid) return RigidBody3D(body.node.ptr()).get_linear_velocity();
    if (body.is_character) return CharacterBody3D(body.node.ptr()).get_velocity();
    return {};
}

AABB BodyList::placed(const AABB& box, const Transform3D& place) noexcept {
    const Vector3 half = box.size * 0.5F;
    const Vector3 middle = place.origin + place.basis * (box.position + half);
    const auto extent = [&half](const Vector3& row) {
        return std::abs(row.x) * half.x + std::abs(row.y) * half.y + std::abs(row.z) * half.z;
    };
    const auto& rows = place.basis.rows;
    const Vector3 reach{extent(rows[0]), extent(rows[1]), extent(rows[2])};
    return {middle - reach, reach * 2.0F};
}

}  // namespace nebula::godot
