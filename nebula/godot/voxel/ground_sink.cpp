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

Grip grip_of(const Ref<PhysicsMaterial>& material) {
    return {double{material->get_friction()} * (material->is_rough() ? -1.0 : 1.0),
            double{material->get_bounce()} * (material->is_absorbent() ? -1.0 : 1.0)};
}

// The triangles of a tile that are of one footing.
class GroundSink::Part {
public:
    explicit Part(voxel::Footing footing)
        : footing_(footing), rid_(PhysicsServer3D::singleton().concave_polygon_shape_create()) {}
    ~Part() { PhysicsServer3D::singleton().free_rid(rid_); }
    Part(const Part&) = delete;
    Part& operator=(const Part&) = delete;

    [[nodiscard]] voxel::Footing footing() const noexcept { return footing_; }
    [[nodiscard]] RID rid() const noexcept { return rid_; }

    std::optional<ShapeLines> lines;

private:
    voxel::Footing footing_;
    RID rid_;
};

class GroundSink::Shape final : public voxel::ColliderShape {
public:
    explicit Shape(const ShapeBaker* baker) : baker_(baker) {}

    [[nodiscard]] bool bakes_on_worker() const noexcept override { return baker_ != nullptr; }
    void bake() noexcept override {
        for (const auto& part : parts) baker_->bake(part->rid());
    }

    std::vector<std::unique_ptr<Part>> parts;

private:
    const ShapeBaker* baker_;
};

GroundSink::GroundSink(const GroundLook& look, const Transform3D& place)
    : baker_(ShapeBaker::share()), look_(look) {
    set_place(place);
}

GroundSink::~GroundSink() {
    for_each_body([this](voxel::Vec3i, const Body& body) { free_body(body.rid); });
}

template <class F>  // called with the place of its group and the body
void GroundSink::for_each_body(F&& f) const {
    for (const auto& [at, group] : groups_)
        for (const Body& body : group) f(at, body);
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
    // Relative to the body, because Jolt forgets a shape's transform when the shape is replaced.
    const Vector3 origin = voxels(voxel::floor_mod(tile, kTilesPerBody));
    const auto as_faces = [&](std::span<const voxel::Vec3f> from, std::span<Vector3> to) {
        for (std::size_t i = 0; i < from.size(); ++i)
            to[i] = times(origin + Vector3{from[i].x, from[i].y, from[i].z}, scale_);
        if (scale_.x < 0.0F)  // a mirror turns fronts into backs
            for (std::size_t i = 0; i + 2 < from.size(); i += 3) std::swap(to[i + 1], to[i + 2]);
    };
    std::span<const voxel::Vec3f> shown(mesh.faces);
    std::span<const voxel::Vec3f> rims(mesh.rims);
    for (const auto& [footing, positions, rim] : mesh.parts) {
        auto part = std::make_unique<Part>(footing);
        PackedVector3Array faces;
        faces.resize(positions);
        as_faces(shown.first(positions), faces.write());
        if (drawn_in_.is_valid()) part->lines.emplace(faces, line_material_);
        if (rim > 0) {
            faces.resize(positions + rim);
            as_faces(rims.first(rim), faces.write().subspan(positions));
        }
        PhysicsServer3D::singleton().shape_set_data(
            part->rid(), Dictionary{{"faces", faces}, {"backface_collision", false}});
        shape->parts.push_back(std::move(part));
        shown = shown.subspan(positions);
        rims = rims.subspan(rim);
    }
    return shape;
}

// All that can fail when a part is put there.
void GroundSink::make_room(voxel::Vec3i at, voxel::Footing footing) {
    Group& group = groups_[at];
    const auto known = std::find_if(group.begin(), group.end(),
                                    [footing](const Body& b) { return b.footing == footing; });
    if (known != group.end()) {
        if (known->pieces.size() == known->pieces.capacity())
            known->pieces.reserve(2 * known->pieces.size());
        return;
    }
    group.reserve(group.size() + 1);
    const PhysicsServer3D server = PhysicsServer3D::singleton();
    Body body{footing, {}};
    body.pieces.reserve(4);
    body.rid = server.body_create();
    apply_mode(body.rid);
    server.body_attach_object_instance_id(body.rid, look_.terrain.value);
    server.body_set_state(body.rid, PhysicsServer3D::BODY_STATE_TRANSFORM, place_of_group(at));
    apply_look(body);
    for (const RID other : exceptions_) {
        server.body_add_collision_exception(body.rid, other);
        server.body_add_collision_exception(other, body.rid);
    }
    group.push_back(std::move(body));
}

void GroundSink::apply_mode(RID body) const {
    PhysicsServer3D::singleton().body_set_mode(
        body, moving_ ? PhysicsServer3D::BODY_MODE_KINEMATIC : PhysicsServer3D::BODY_MODE_STATIC);
}

void GroundSink::set_moving(bool moving) {
    if (std::exchange(moving_, moving) == moving) return;
    for_each_body([this](voxel::Vec3i, const Body& body) { apply_mode(body.rid); });
}

void GroundSink::set_exceptions(std::vector<RID> bodies) {
    const PhysicsServer3D server = PhysicsServer3D::singleton();
    for_each_body([&](voxel::Vec3i, const Body& body) {
        for (const RID other : exceptions_) {
            server.body_remove_collision_exception(body.rid, other);
            server.body_remove_collision_exception(other, body.rid);
        }
        for (const RID other : bodies) {
            server.body_add_collision_exception(body.rid, other);
            server.body_add_collision_exception(other, body.rid);
        }
    });
    exceptions_ = std::move(bodies);
}

void GroundSink::show(voxel::Vec3i tile, std::unique_ptr<voxel::ColliderShape> shape) noexcept try {
    const std::unique_ptr<Shape> ours(static_cast<Shape*>(shape.release()));
    const voxel::Vec3i at = voxel::floor_div(tile, kTilesPerBody);
    for (const auto& part : ours->parts) {
        make_room(at, part->footing());
        if (!part->lines) continue;
        part->lines->set_place(place_of_group(at));
        part->lines->set_scenario(drawn_in_);
    }
    if (replace(tile, ours->parts)) changed_.push_back(tile);
} catch (...) {
    no_memory_ = true;
}

void GroundSink::remove(voxel::Vec3i tile) noexcept try {
    if (replace(tile, {})) changed_.push_back(tile);
} catch (...) {
    no_memory_ = true;
}

// In all bodies, in one call: no tick comes in between. \pre make_room for each of the parts. Returns
// whether there was a shape before.
bool GroundSink::replace(voxel::Vec3i tile, std::span<std::unique_ptr<Part>> parts) noexcept {
    const auto group = groups_.find(voxel::floor_div(tile, kTilesPerBody));
    if (group == groups_.end()) return false;  // show() had no memory
    bool had_one = false;
    std::erase_if(group->second, [&](Body& body) {
        const auto part = std::find_if(parts.begin(), parts.end(), [&body](const auto& p) {
            return p != nullptr && p->footing() == body.footing;
        });
        had_one |= replace(body, tile, part != parts.end() ? std::move(*part) : nullptr);
        if (!body.pieces.empty()) return false;
        if (body.rid.is_valid()) free_body(body.rid);
        return true;
    });
    if (group->second.empty()) groups_.erase(group);
    return had_one;
}

bool GroundSink::replace(Body& body, voxel::Vec3i tile, std::unique_ptr<Part> part) const noexcept {
    const PhysicsServer3D server = PhysicsServer3D::singleton();
    const auto piece = std::find_if(body.pieces.begin(), body.pieces.end(),
                                    [tile](const Piece& p) { return p.tile == tile; });
    const auto index = static_cast<std::int32_t>(piece - body.pieces.begin());
    if (piece == body.pieces.end()) {
        if (part == nullptr) return false;
        server.body_add_shape(body.rid, part->rid());
        body.pieces.push_back({tile, std::move(part)});
        // With its first shape: a body without any is nothing to the physics engine.
        if (body.pieces.size() == 1 && space_.is_valid()) server.body_set_space(body.rid, space_);
        return false;
    }
    if (part != nullptr) {
        server.body_set_shape(body.rid, index, part->rid());
        piece->part = std::move(part);
    } else {
        // Its last: the body goes before the shape, which is then nobody's.
        if (body.pieces.size() == 1)
            free_body(std::exchange(body.rid, RID{}));
        else
            server.body_remove_shape(body.rid, index);
        body.pieces.erase(piece);
    }
    return true;
}

void GroundSink::failed(voxel::Vec3i tile, const voxel::VoxelError& error) noexcept try {
    failures_.push_back({tile, error});
} catch (...) {
    no_memory_ = true;
}

void GroundSink::set_space(RID space) {
    space_ = space;
    for_each_body([space](voxel::Vec3i, const Body& body) {
        PhysicsServer3D::singleton().body_set_space(body.rid, space);
    });
}

void GroundSink::draw_in(RID scenario) {
    drawn_in_ = scenario;
    if (scenario.is_valid() && line_material_.is_null()) line_material_ = shape_line_material();
    for_each_body([scenario](voxel::Vec3i, const Body& body) {
        for (const Piece& piece : body.pieces)
            if (piece.part->lines) piece.part->lines->set_scenario(scenario);
    });
}

void GroundSink::apply_look(const Body& body) const {
    const PhysicsServer3D server = PhysicsServer3D::singleton();
    server.body_set_collision_layer(body.rid, look_.layer);
    server.body_set_collision_mask(body.rid, look_.mask);
    server.body_set_collision_priority(body.rid, look_.priority);
    const Grip& grip = look_.grips[body.footing < look_.grips.size() ? body.footing : 0];
    server.body_set_param(body.rid, PhysicsServer3D::BODY_PARAM_FRICTION, grip.friction);
    server.body_set_param(body.rid, PhysicsServer3D::BODY_PARAM_BOUNCE, grip.bounce);
}

void GroundSink::set_look(const GroundLook& look) {
    if (look == look_) return;
    look_ = look;
    for_each_body([this](voxel::Vec3i, const Body& body) { apply_look(body); });
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
    for_each_body([this](voxel::Vec3i at, const Body& body) {
        const Transform3D place_of_body = place_of_group(at);
        PhysicsServer3D::singleton().body_set_state(body.rid, PhysicsServer3D::BODY_STATE_TRANSFORM,
                                                    place_of_body);
        if (!drawn_in_.is_valid()) return;
        for (const Piece& piece : body.pieces)
            if (piece.part->lines) piece.part->lines->set_place(place_of_body);
    });
}

Transform3D GroundSink::place_of_group(voxel::Vec3i group) const noexcept {
    return {rotation_, place_.origin + place_.basis * voxels(group * kTilesPerBody)};
}

}  // namespace nebula::godot
