// SPDX-License-Identifier: MIT
// The physics bodies of the scene that move, and so may come to stand on a terrain.
#pragma once

#include "nebula/godot/api/collision_object_3d.hpp"
#include "nebula/godot/api/node.hpp"
#include "nebula/godot/binding/callable.hpp"
#include "nebula/godot/binding/math.hpp"
#include "nebula/godot/binding/object.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

namespace nebula::godot {

/// Every RigidBody3D, CharacterBody3D and PhysicalBone3D in the scene tree. Static and animatable
/// bodies never collide with a terrain, so they are left out; bodies without a node are not known.
///
/// Threads:   main thread.
/// Cost:      once, a walk through the tree; then a few hundred nanoseconds for each node that enters
///            or leaves it.
class BodyList {
public:
    struct Body {
        ObjectId id;
        CollisionObject3D node;
        RID space;  // where it is
        AABB box;   // around its shapes, in its own space
        bool is_rigid = false;
        bool is_character = false;
        bool measured = false;
    };

    /// One for all terrains, as long as somebody has it.
    [[nodiscard]] static std::shared_ptr<BodyList> share();
    ~BodyList();
    BodyList(const BodyList&) = delete;
    BodyList& operator=(const BodyList&) = delete;

    /// Measures bodies that are new, and one of the others: shapes change without a word. Once per
    /// physics tick and terrain.
    void measure();
    [[nodiscard]] const std::vector<Body>& bodies() const noexcept { return bodies_; }
    /// Null if it is none, or not in the tree.
    [[nodiscard]] const Body* find(ObjectId id) const noexcept {
        const auto found = places_.find(id.value);
        return found == places_.end() ? nullptr : &bodies_[found->second];
    }

    /// Metres per second.
    [[nodiscard]] static Vector3 velocity_of(const Body& body);
    /// A box around a box that is somewhere else.
    [[nodiscard]] static AABB placed(const AABB& box, const Transform3D& place) noexcept;

private:
    BodyList();
    void add(const Node& node);
    void remove(const Node& node);
    static void measure(Body& body);

    std::vector<Body> bodies_;
    std::unordered_map<std::uint64_t, std::size_t> places_;  // in bodies_, by id
    std::size_t next_ = 0;                                   // to be measured again
    bool has_new_ = false;
    ObjectId tree_;
    Callable added_;
    Callable removed_;
};

}  // namespace nebula::godot
