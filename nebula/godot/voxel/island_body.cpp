// SPDX-License-Identifier: MIT
#include "nebula/godot/voxel/island_body.hpp"

#include "nebula/godot/api/array_mesh.hpp"
#include "nebula/godot/api/collision_shape_3d.hpp"
#include "nebula/godot/api/convex_polygon_shape_3d.hpp"
#include "nebula/godot/api/mesh.hpp"
#include "nebula/godot/api/mesh_instance_3d.hpp"
#include "nebula/godot/binding/containers.hpp"
#include "nebula/godot/binding/packed_array.hpp"
#include "nebula/godot/voxel/ground_sink.hpp"
#include "nebula/godot/voxel/terrain_materials.hpp"
#include "nebula/voxel/mesh/material_attribute.hpp"
#include "nebula/voxel/mesh/part_mesh.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace nebula::godot {

namespace {

// No engine likes bodies that weigh nothing.
constexpr double kLeastMass = 0.01;

struct Vec3d {
    double x, y, z;
};

Vector3 as_vector(voxel::Vec3f v) { return {v.x, v.y, v.z}; }

/// From the part's voxels to the body's metres.
class BodySpace {
public:
    BodySpace(const voxel::GroundPart& part, const voxel::PartMass& mass, const Transform3D& place)
        : scale_(scale_of(place.basis)), centre_(mass.centre) {
        for (std::size_t i = 0; i < 3; ++i) {
            const Vector3& row = place.basis.rows[i];
            rotation_.rows[i] = {row.x / scale_.x, row.y / scale_.y, row.z / scale_.z};
        }
        const Vec3d at{part.box.min.x + centre_[0], part.box.min.y + centre_[1],
                       part.box.min.z + centre_[2]};
        came_from_ = {static_cast<float>(at.x), static_cast<float>(at.y), static_cast<float>(at.z)};
        const auto along = [&at](const Vector3& row, float origin) {
            return static_cast<float>(row.x * at.x + row.y * at.y + row.z * at.z + double{origin});
        };
        const auto& rows = place.basis.rows;
        origin_ = {along(rows[0], place.origin.x), along(rows[1], place.origin.y),
                   along(rows[2], place.origin.z)};
    }

    [[nodiscard]] Transform3D place() const { return {rotation_, origin_}; }
    [[nodiscard]] const Vector3& scale() const { return scale_; }
    /// The centre of mass, in the terrain's voxels.
    [[nodiscard]] const Vector3& came_from() const { return came_from_; }
    /// Relative to the centre of mass, still in voxels.
    [[nodiscard]] Vector3 centred(voxel::Vec3f v) const {
        return {static_cast<float>(v.x - centre_[0]), static_cast<float>(v.y - centre_[1]),
                static_cast<float>(v.z - centre_[2])};
    }
    [[nodiscard]] Vector3 scaled(voxel::Vec3f v) const {
        const Vector3 c = centred(v);
        return {c.x * scale_.x, c.y * scale_.y, c.z * scale_.z};
    }

private:
    Vector3 scale_;
    std::array<double, 3> centre_;
    Vector3 came_from_;
    Basis rotation_;
    Vector3 origin_;
};

// COLOR and CUSTOM0, as a chunk's vertices have them.
void add_materials(Array& arrays, const voxel::PartMesh& made, const VertexColors& by_material) {
    PackedColorArray colors;
    PackedFloat32Array custom;
    colors.resize(made.materials.size());
    custom.resize(2 * made.materials.size());
    const std::span<Color> color = colors.write();
    const std::span<float> words = custom.write();
    for (std::size_t i = 0; i < made.materials.size(); ++i) {
        const voxel::MaterialAttribute& packed = made.materials[i];
        const std::uint32_t bytes = by_material[packed.own()];
        const auto share = [bytes](unsigned shift) {
            return static_cast<float>(bytes >> shift & 255U) / 255.0F;
        };
        color[i] = {share(0), share(8), share(16), 1.0F};
        words[2 * i] = std::bit_cast<float>(packed.indices);
        words[2 * i + 1] = std::bit_cast<float>(packed.weights);
    }
    arrays[static_cast<std::size_t>(Mesh::ArrayType::ARRAY_COLOR)] = Variant(colors);
    arrays[static_cast<std::size_t>(Mesh::ArrayType::ARRAY_CUSTOM0)] = Variant(custom);
}

// In voxels; the instance has the scale, as the terrain has.
Ref<ArrayMesh> mesh_of(const voxel::PartMesh& made, const BodySpace& space,
                       const VertexColors* colors) {
    PackedVector3Array positions;
    PackedVector3Array normals;
    PackedInt32Array indices;
    positions.resize(made.positions.size());
    normals.resize(made.normals.size());
    indices.resize(made.indices.size());
    std::transform(made.positions.begin(), made.positions.end(), positions.write().begin(),
                   [&space](const voxel::Vec3f& v) { return space.centred(v); });
    std::transform(made.normals.begin(), made.normals.end(), normals.write().begin(), as_vector);
    std::transform(made.indices.begin(), made.indices.end(), indices.write().begin(),
                   [](std::uint32_t i) { return static_cast<std::int32_t>(i); });
    Array arrays;
    arrays.resize(static_cast<std::size_t>(Mesh::ArrayType::ARRAY_MAX));
    arrays[static_cast<std::size_t>(Mesh::ArrayType::ARRAY_VERTEX)] = Variant(positions);
    arrays[static_cast<std::size_t>(Mesh::ArrayType::ARRAY_NORMAL)] = Variant(normals);
    arrays[static_cast<std::size_t>(Mesh::ArrayType::ARRAY_INDEX)] = Variant(indices);
    std::int64_t format = 0;
    if (colors != nullptr) {
        add_materials(arrays, made, *colors);
        format = static_cast<std::int64_t>(Mesh::ArrayCustomFormat::ARRAY_CUSTOM_RG_FLOAT)
                 << static_cast<std::int64_t>(Mesh::ArrayFormat::ARRAY_FORMAT_CUSTOM0_SHIFT);
    }
    Ref<ArrayMesh> mesh = make_ref<ArrayMesh>();
    mesh->add_surface_from_arrays(Mesh::PrimitiveType::PRIMITIVE_TRIANGLES, arrays, {}, {},
                                  static_cast<Mesh::ArrayFormat>(format));
    return mesh;
}

void add_mesh(const RigidBody3D& body, const voxel::PartMesh& made, const BodySpace& space,
              const IslandLook& look) {
    const auto instance = create<MeshInstance3D>();
    body.add_child(instance);
    instance.set_name("Mesh");
    const Vector3& s = space.scale();
    instance.set_basis({{{s.x, 0, 0}, {0, s.y, 0}, {0, 0, s.z}}});
    instance.set_mesh(mesh_of(made, space, look.colors));
    instance.set_material_override(look.material.is_null() && look.materials != nullptr
                                       ? look.materials->of_body(space.came_from())
                                       : look.material);
    instance.set_layer_mask(look.visual_layers);
    instance.set_cast_shadows_setting(
        static_cast<GeometryInstance3D::ShadowCastingSetting>(look.cast_shadow));
}

void add_shapes(const RigidBody3D& body, const std::vector<std::vector<voxel::Vec3f>>& hulls,
                const BodySpace& space) {
    for (const std::vector<voxel::Vec3f>& hull : hulls) {
        PackedVector3Array points;
        points.resize(hull.size());
        std::transform(hull.begin(), hull.end(), points.write().begin(),
                       [&space](const voxel::Vec3f& v) { return space.scaled(v); });
        const auto shape = make_ref<ConvexPolygonShape3D>();
        shape->set_points(points);
        const auto holder = create<CollisionShape3D>();
        body.add_child(holder);
        holder.set_shape(shape);
    }
}

void set_mass(const RigidBody3D& body, const voxel::PartMass& mass, const BodySpace& space) {
    const Vector3& s = space.scale();
    const double voxel_volume =
        std::abs(double{s.x}) * std::abs(double{s.y}) * std::abs(double{s.z});
    const double kilograms = std::max(mass.mass * voxel_volume, kLeastMass);
    body.set_mass(kilograms);
    body.set_center_of_mass_mode(RigidBody3D::CenterOfMassMode::CENTER_OF_MASS_MODE_CUSTOM);
    const auto spread = [&](std::size_t axis, float scale) {
        return mass.spread[axis] * double{scale} * double{scale};
    };
    const double x = spread(0, s.x);
    const double y = spread(1, s.y);
    const double z = spread(2, s.z);
    body.set_inertia({static_cast<float>(kilograms * (y + z)),
                      static_cast<float>(kilograms * (x + z)),
                      static_cast<float>(kilograms * (x + y))});
}

}  // namespace

tl::expected<RigidBody3D, voxel::VoxelError> make_island_body(const voxel::LoosePart& loose,
                                                              const IslandLook& look) {
    RigidBody3D body;
    try {
        const BodySpace space(loose.part, loose.mass, look.place);
        body = create<RigidBody3D>();
        body.set_freeze_enabled(true);
        body.set_visible(false);
        body.set_as_top_level(true);
        body.set_transform(space.place());
        set_mass(body, loose.mass, space);
        body.set_collision_layer(look.layer);
        body.set_collision_mask(look.mask);
        body.set_collision_priority(look.priority);
        body.set_physics_material_override(look.physics_material);
        add_mesh(body, loose.mesh, space, look);
        add_shapes(body, loose.hulls, space);
        return body;
    } catch (...) {
        destroy(body);
        return tl::unexpected(voxel::error_of_current_exception());
    }
}

}  // namespace nebula::godot
