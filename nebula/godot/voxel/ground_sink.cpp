// SPDX-License-Identifier: MIT
#include "nebula/godot/voxel/ground_sink.hpp"

#include "nebula/godot/api/physics_server_3d.hpp"
#include "nebula/godot/binding/containers.hpp"
#include "nebula/godot/binding/packed_array.hpp"
#include "nebula/godot/voxel/shape_baker.hpp"
#include "nebula/godot/voxel/shape_lines.hpp"
#include "nebula/voxel/field/tile_block.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <span>

namespace nebula::godot {

namespace {

// Jolt takes 25 to 37 us to replace one of 64 shapes of a body, and 191 us with 256.
constexpr std::int32_t kTilesPerBody = 4;  // along an axis

// A node that turns a little in every tick changes its size by rounding. Up to this share, shapes stay
// as they are: a body is 64 voxels wide, so they are 6 cm off at most where the next body begins.
constexpr float kSizeTolerance = 1e-3F;

Vector3 times(const Vector3& a, const Vector3& b) { return {a.x * b.x, a.y * b.y, a.z * b.z}; }

Vector3 voxels(voxel::Vec3i tiles) {
    constexpr auto size = float{voxel::kTileSize};
    return {static_cast<float>(tiles.x) * size, static_cast<float>(tiles.y) * size,
            static_cast<float>(tiles.z) * size};
}

float determinant(const Basis& b) {
    const auto& [x, y, z] = b.rows;
    return x.x * (y.y * z.z - y.z * z.y) - x.y * (y.x * z.z - y.z * z.x) +
           x.z * (y.x * z.y - y.y * z.x);
}

}  // namespace

Vector3 scale_of(const Basis& b) {
    const auto columns = transposed(b);
    const auto& [x, y, z] = columns.rows;
    return {std::copysign(static_cast<float>(length(x)), determinant(b)),
            static_cast<float>(length(y)), static_cast<float>(length(z))};
}

class GroundSink::Shape final : public voxel::ColliderShape {
public:
    explicit Shape(const ShapeBaker* baker)
        : baker_(baker), rid_(PhysicsServer3D::singleton().concave_polygon_shape_create()) {}
    ~Shape() override { PhysicsServer3D::singleton().free_rid(rid_); }

    [[nodiscard]] bool bakes_on_worker() const noexcept override { return baker_ != nullptr; }
    void bake() noexcept override { baker_->bake(rid_); }
    [[nodiscard]] RID rid() const noexcept { return rid_; }

    std::optional<ShapeLines> lines;

private:
    const ShapeBaker* baker_;
    RID rid_;
};

GroundSink::GroundSink(const GroundLook& look, const Transform3D& place)
    : baker_(ShapeBaker::share()), look_(look) {
    set_place(place);
}

GroundSink::~GroundSink() {
    for (const auto& [at, group] : groups_) free_body(group.body);
}

// The others would remember it.
void GroundSink::free_body(RID body) const {
    const PhysicsServer3D server = PhysicsServer3D::singleton();
    for (const RID other : exceptions_) server.body_remove_collision_exception(other, body);
    server.free_rid(body);
}

std::unique_ptr<voxel::ColliderShape> GroundSink::make(voxel::Vec3i tile,
                                                       const voxel::ColliderMesh& mesh) {
    auto shape = std::make_unique<Shape>(baker_.get());
    PackedVector3Array faces;
    faces.resize(mesh.faces.size());
    const std::span<Vector3> to = faces.write();
    // Relative to the body, because Jolt forgets a shape's transform when the shape is replaced.
    const Vector3 origin = voxels(voxel::floor_mod(tile, kTilesPerBody));
    for (std::size_t i = 0; i < to.size(); ++i) {
        const voxel::Vec3f& p = mesh.faces[i];
        to[i] = times(origin + Vector3{p.x, p.y, p.z}, scale_);
    }
    if (scale_.x < 0.0F)  // a mirror turns fronts into backs
        for (std::size_t i = 0; i + 2 < to.size(); i += 3) std::swap(to[i + 1], to[i + 2]);
    PhysicsServer3D::singleton().shape_set_data(
        shape->rid(), Dictionary{{"faces", faces}, {"backface_collision", false}});
    if (drawn_in_.is_valid()) shape->lines.emplace(faces, line_material_);
    return shape;
}

GroundSink::Group& GroundSink::group_of(voxel::Vec3i tile) {
    const voxel::Vec3i at = voxel::floor_div(tile, kTilesPerBody);
    Group& group = groups_[at];
    if (group.body.is_valid()) return group;
    const PhysicsServer3D server = PhysicsServer3D::singleton();
    group.body = server.body_create();
    apply_mode(group.body);
    server.body_attach_object_instance_id(group.body, look_.terrain.value);
    server.body_set_state(group.body, PhysicsServer3D::BODY_STATE_TRANSFORM, place_of_group(at));
    apply_look(group.body);
    for (const RID other : exceptions_) {
        server.body_add_collision_exception(group.body, other);
        server.body_add_collision_exception(other, group.body);
    }
    return group;
}

void GroundSink::apply_mode(RID body) const {
    PhysicsServer3D::singleton().body_set_mode(
        body, moving_ ? PhysicsServer3D::BODY_MODE_KINEMATIC : PhysicsServer3D::BODY_MODE_STATIC);
}

void GroundSink::set_moving(bool moving) {
    if (std::exchange(moving_, moving) == moving) return;
    for (const auto& [at, group] : groups_) apply_mode(group.body);
}

void GroundSink::set_exceptions(std::vector<RID> bodies) {
    const PhysicsServer3D server = PhysicsServer3D::singleton();
    for (const auto& [at, group] : groups_) {
        for (const RID other : exceptions_) {
            server.body_remove_collision_exception(group.body, other);
            server.body_remove_collision_exception(other, group.body);
        }
        for (const RID other : bodies) {
            server.body_add_collision_exception(group.body, other);
            server.body_add_collision_exception(other, group.body);
        }
    }
    exceptions_ = std::move(bodies);
}

void GroundSink::show(voxel::Vec3i tile, std::unique_ptr<voxel::ColliderShape> shape) noexcept try {
    std::unique_ptr<Shape> ours(static_cast<Shape*>(shape.release()));
    const PhysicsServer3D server = PhysicsServer3D::singleton();
    Group& group = group_of(tile);
    if (ours->lines) {
        ours->lines->set_place(place_of_group(voxel::floor_div(tile, kTilesPerBody)));
        ours->lines->set_scenario(drawn_in_);
    }
    const auto piece = std::find_if(group.pieces.begin(), group.pieces.end(),
                                    [tile](const Piece& p) { return p.tile == tile; });
    if (piece != group.pieces.end()) {
        server.body_set_shape(group.body, static_cast<std::int32_t>(piece - group.pieces.begin()),
                              ours->rid());
        piece->shape = std::move(ours);
        changed_.push_back(tile);
        return;
    }
    group.pieces.push_back({tile, nullptr});
    server.body_add_shape(group.body, ours->rid());
    group.pieces.back().shape = std::move(ours);
    // With its first shape: a body without any is nothing to the physics engine.
    if (group.pieces.size() == 1 && space_.is_valid()) server.body_set_space(group.body, space_);
} catch (...) {
    no_memory_ = true;
}

void GroundSink::remove(voxel::Vec3i tile) noexcept try {
    const voxel::Vec3i at = voxel::floor_div(tile, kTilesPerBody);
    const auto group = groups_.find(at);
    if (group == groups_.end()) return;
    auto& pieces = group->second.pieces;
    const auto piece = std::find_if(pieces.begin(), pieces.end(),
                                    [tile](const Piece& p) { return p.tile == tile; });
    if (piece == pieces.end()) return;  // show() had no memory
    const PhysicsServer3D server = PhysicsServer3D::singleton();
    if (pieces.size() == 1) {
        free_body(group->second.body);
        groups_.erase(group);
    } else {
        server.body_remove_shape(group->second.body,
                                 static_cast<std::int32_t>(piece - pieces.begin()));
        pieces.erase(piece);
    }
    changed_.push_back(tile);
} catch (...) {
    no_memory_ = true;
}

void GroundSink::failed(voxel::Vec3i tile, const voxel::VoxelError& error) noexcept try {
    failures_.push_back({tile, error});
} catch (...) {
    no_memory_ = true;
}

void GroundSink::set_space(RID space) {
    space_ = space;
    for (const auto& [at, group] : groups_)
        PhysicsServer3D::singleton().body_set_space(group.body, space);
}

void GroundSink::draw_in(RID scenario) {
    drawn_in_ = scenario;
    if (scenario.is_valid() && line_material_.is_null()) line_material_ = shape_line_material();
    for (const auto& [at, group] : groups_)
        for (const Piece& piece : group.pieces)
            if (piece.shape && piece.shape->lines) piece.shape->lines->set_scenario(scenario);
}

void GroundSink::apply_look(RID body) const {
    const PhysicsServer3D server = PhysicsServer3D::singleton();
    server.body_set_collision_layer(body, look_.layer);
    server.body_set_collision_mask(body, look_.mask);
    server.body_set_collision_priority(body, look_.priority);
    server.body_set_param(body, PhysicsServer3D::BODY_PARAM_FRICTION, look_.friction);
    server.body_set_param(body, PhysicsServer3D::BODY_PARAM_BOUNCE, look_.bounce);
}

void GroundSink::set_look(const GroundLook& look) {
    if (look == look_) return;
    look_ = look;
    for (const auto& [at, group] : groups_) apply_look(group.body);
}

bool GroundSink::is_same_size(const Transform3D& place) const noexcept {
    const Vector3 scale = scale_of(place.basis);
    const auto close = [](float a, float b) {
        return std::abs(a - b) <= kSizeTolerance * std::abs(b);
    };
    return close(scale.x, scale_.x) && close(scale.y, scale_.y) && close(scale.z, scale_.z);
}

void GroundSink::set_place(const Transform3D& place) {
    if (place == place_ && scale_.x != 0.0F) return;
    place_ = place;
    if (groups_.empty()) scale_ = scale_of(place.basis);
    const Vector3 scale = scale_of(place.basis);  // not scale_: what is left shall not scale at all
    const Vector3 inverse_scale{1.0F / scale.x, 1.0F / scale.y, 1.0F / scale.z};
    for (std::size_t i = 0; i < 3; ++i)
        rotation_.rows[i] = times(place.basis.rows[i], inverse_scale);
    for (const auto& [at, group] : groups_) {
        const Transform3D place_of_body = place_of_group(at);
        PhysicsServer3D::singleton().body_set_state(
            group.body, PhysicsServer3D::BODY_STATE_TRANSFORM, place_of_body);
        if (!drawn_in_.is_valid()) continue;
        for (const Piece& piece : group.pieces)
            if (piece.shape && piece.shape->lines) piece.shape->lines->set_place(place_of_body);
    }
}

Transform3D GroundSink::place_of_group(voxel::Vec3i group) const noexcept {
    return {rotation_, place_.origin + place_.basis * voxels(group * kTilesPerBody)};
}

}  // namespace nebula::godot
