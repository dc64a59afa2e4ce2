// SPDX-License-Identifier: MIT
// The colliders of one terrain in the physics server.
#pragma once

#include "nebula/godot/api/physics_material.hpp"
#include "nebula/godot/api/standard_material_3d.hpp"
#include "nebula/godot/binding/math.hpp"
#include "nebula/godot/binding/object.hpp"
#include "nebula/godot/binding/ref.hpp"
#include "nebula/voxel/field/footing.hpp"
#include "nebula/voxel/space/vec.hpp"
#include "nebula/voxel/stream/collider_sink.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

namespace nebula::godot {

class ShapeBaker;

/// Friction and bounce, as the physics server takes them.
struct Grip {
    double friction = 1.0;  // below 0 for `rough`
    double bounce = 0.0;    // below 0 for `absorbent`

    friend bool operator==(const Grip&, const Grip&) = default;
};
/// \param material  not null.
[[nodiscard]] Grip grip_of(const Ref<PhysicsMaterial>& material);

/// How bodies collide with a terrain.
struct GroundLook {
    ObjectId terrain;
    std::uint32_t layer = 1;
    std::uint32_t mask = 1;
    double priority = 1.0;
    std::vector<Grip> grips{Grip{}};  ///< By footing, never empty. Beyond its end: as the first.

    friend bool operator==(const GroundLook&, const GroundLook&) = default;
};

/// The length of each axis. Mirrored: the first one's is negative, so that what is left is a rotation.
[[nodiscard]] Vector3 scale_of(const Basis& basis);

/// Bodies of up to 4^3 tiles each: static ones, or kinematic ones while the terrain moves, which take
/// along what stands on them. One body for each tile would make things jump where two
/// tiles meet, because a physics engine knows which edges are inner ones only within a body. Friction and
/// bounce are a body's, so ground of several footings in the same tiles has as many bodies.
///
/// Under Jolt, workers bake: baking is what a shape's first query does, and such a query works on any
/// thread in a space that nobody steps. Under Godot Physics, make() bakes.
///
/// Threads:   main thread; the shapes as ColliderShape says.
/// Lifetime:  must outlive the shapes that it has made.
class GroundSink final : public voxel::ColliderSink {
public:
    GroundSink(const GroundLook& look, const Transform3D& place);
    ~GroundSink() override;

    [[nodiscard]] std::unique_ptr<voxel::ColliderShape> make(
        voxel::Vec3i tile, const voxel::ColliderMesh& mesh) override;
    void show(voxel::Vec3i tile, std::unique_ptr<voxel::ColliderShape> shape) noexcept override;
    void remove(voxel::Vec3i tile) noexcept override;
    void failed(voxel::Vec3i tile, const voxel::VoxelError& error) noexcept override;

    /// The space that the bodies are in; none: they are kept outside.
    void set_space(RID space);
    /// Where shapes are drawn as lines, those that are made from now on; none: nowhere.
    void draw_in(RID scenario);
    void set_look(const GroundLook& look);
    /// Whether the bodies are kinematic: a change of place is then a motion of the next physics tick.
    void set_moving(bool moving);
    /// Bodies that never collide with the terrain.
    void set_exceptions(std::vector<RID> bodies);
    /// Whether shapes made for the old place would have another size at the new one.
    [[nodiscard]] bool is_same_size(const Transform3D& place) const noexcept;
    /// \pre is_same_size, or there is no shape.
    void set_place(const Transform3D& place);

    /// Tiles that had a shape and have another one or none since the last call.
    [[nodiscard]] std::vector<voxel::Vec3i> take_changed() noexcept {
        return std::exchange(changed_, {});
    }
    struct Failure {
        voxel::Vec3i tile;
        voxel::VoxelError error;
    };
    [[nodiscard]] std::vector<Failure> take_failures() noexcept {
        return std::exchange(failures_, {});
    }
    /// Whether a shape was lost for want of memory since the last call.
    [[nodiscard]] bool take_no_memory() noexcept { return std::exchange(no_memory_, false); }

private:
    class Shape;
    class Part;
    struct Piece {
        voxel::Vec3i tile;
        std::unique_ptr<Part> part;
    };
    struct Body {
        voxel::Footing footing;
        RID rid;
        std::vector<Piece> pieces{};  // in the order of the body's shapes
    };
    using Group = std::vector<Body>;  // of different footings; nearly always one

    void make_room(voxel::Vec3i group, voxel::Footing footing);
    [[nodiscard]] bool replace(voxel::Vec3i tile, std::span<std::unique_ptr<Part>> parts) noexcept;
    [[nodiscard]] bool replace(Body& body, voxel::Vec3i tile,
                               std::unique_ptr<Part> part) const noexcept;
    [[nodiscard]] Transform3D place_of_group(voxel::Vec3i group) const noexcept;
    void apply_look(const Body& body) const;
    void apply_mode(RID body) const;
    template <class F>
    void for_each_body(F&& f) const;
    void free_body(RID body) const;

    std::shared_ptr<ShapeBaker> baker_;  // null: make() bakes
    RID space_;
    RID drawn_in_;
    Ref<StandardMaterial3D> line_material_;  // null until something is drawn
    bool moving_ = false;
    std::vector<RID> exceptions_;
    GroundLook look_;
    Transform3D place_;
    Vector3 scale_;   // of the shapes; one component is negative if the place mirrors
    Basis rotation_;  // of the bodies: the place without that scale
    std::unordered_map<voxel::Vec3i, Group, voxel::Vec3iHash> groups_;
    std::vector<voxel::Vec3i> changed_;
    std::vector<Failure> failures_;
    bool no_memory_ = false;
};

}  // namespace nebula::godot
