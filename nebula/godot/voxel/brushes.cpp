// SPDX-License-Identifier: MIT
#include "nebula/godot/voxel/brushes.hpp"

#include "nebula/godot/voxel/distances.hpp"
#include "nebula/godot/voxel/voxel_stamp.hpp"
#include "nebula/voxel/edit/distance_grid.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace nebula::godot {
namespace {

// A voxel may be longer along one axis by this share, and count as a cube: at the largest radius, a
// round shape is then off by less than a tenth of a voxel.
constexpr double kMostUnevenness = 1e-3;
// Cosine between two edges of a box; as for the node's own axes.
constexpr float kMostBoxShear = 1e-3F;
// What composed rotations leave of a scale of 1 is closer.
constexpr double kMostStampScale = 1e-3;
// Share of a soft brush's radius.
constexpr double kSoftRim = 0.5;

using Fault = std::optional<std::string>;

std::string vector_text(const Vector3& v) {
    return "(" + text_of(v.x) + ", " + text_of(v.y) + ", " + text_of(v.z) + ")";
}

double length_of(const Vector3& v) {
    return std::hypot(static_cast<double>(v.x), static_cast<double>(v.y), static_cast<double>(v.z));
}

// False for NaN.
bool is_above_0(double value) { return std::isfinite(value) && value > 0.0; }

Fault radius_fault(double radius) {
    if (is_above_0(radius)) return {};
    return "radius is " + text_of(radius) + "; it must be a number of metres above 0";
}

Fault evenness_fault(const NodeSpace& space, const char* shape) {
    const auto [least, most] =
        std::minmax_element(space.voxel_size().begin(), space.voxel_size().end());
    if (*most <= *least * (1.0 + kMostUnevenness)) return {};
    return std::string("the terrain is scaled unevenly, and a ") + shape +
           " would not be round in its voxels. Scale it evenly, or use spheres and boxes";
}

// `axes` have a length of 1.
Fault shear_fault(const std::array<voxel::Vec3f, 3>& axes, const char* what, const char* argument) {
    for (std::size_t i = 0; i < 3; ++i)
        if (!(std::abs(dot(axes[i], axes[(i + 1) % 3])) <= kMostBoxShear))
            return std::string("the ") + what +
                   " is sheared in the terrain's voxels. The axes of " + argument +
                   " must be at right angles, and parallel to the terrain's if the terrain is "
                   "scaled unevenly";
    return {};
}

// Of three axes at right angles, of which each may be turned round.
voxel::Rotation rotation_of(const std::array<voxel::Vec3f, 3>& axes) {
    const auto& [x, y, right_or_left] = axes;
    const voxel::Vec3f z =
        dot(cross(x, y), right_or_left) < 0.0F ? right_or_left * -1.0F : right_or_left;
    // Of the four numbers, the one that is surely not near zero comes first.
    const float w2 = 1.0F + x.x + y.y + z.z;
    const float x2 = 1.0F + x.x - y.y - z.z;
    const float y2 = 1.0F - x.x + y.y - z.z;
    const float z2 = 1.0F - x.x - y.y + z.z;
    const float most = std::max({w2, x2, y2, z2});
    voxel::Rotation r;
    if (most == w2)
        r = {y.z - z.y, z.x - x.z, x.y - y.x, w2};
    else if (most == x2)
        r = {x2, x.y + y.x, z.x + x.z, y.z - z.y};
    else if (most == y2)
        r = {x.y + y.x, y2, y.z + z.y, z.x - x.z};
    else
        r = {z.x + x.z, y.z + z.y, z2, x.y - y.x};
    const float size = std::sqrt(r.x * r.x + r.y * r.y + r.z * r.z + r.w * r.w);
    return {r.x / size, r.y / size, r.z / size, r.w / size};
}

Brush hard(voxel::Mode mode, voxel::Shape shape) {
    voxel::Operation operation;
    operation.mode = mode;
    operation.shape = std::move(shape);
    return operation;
}

}  // namespace

Brush sphere_brush(const NodeSpace& space, voxel::Mode mode, const Vector3& center, double radius,
                   float most) {
    const double edge = space.smallest_voxel_size();
    const double radius_voxels = radius / edge;
    const auto limit = static_cast<double>(most);
    if (!(radius_voxels > 0.0 && radius_voxels <= limit * (1.0 + kRounding)))
        return tl::unexpected("radius is " + text_of(radius) + "; it must be above 0 and at most " +
                              text_of(limit * edge) + ", which is " + text_of(limit) + " voxels");
    const auto proportion = [&](std::size_t axis) {
        const double share = edge / space.voxel_size()[axis];
        return share > 1.0 - kRounding ? 1.0F : static_cast<float>(share);
    };
    const voxel::Vec3f proportions{proportion(0), proportion(1), proportion(2)};
    if (std::min({proportions.x, proportions.y, proportions.z}) < voxel::kMinEditProportion)
        return tl::unexpected(std::string(
            "the terrain is scaled more than 1000 times as much along one axis as along "
            "another; make its scale more even"));
    return hard(mode,
                voxel::SphereShape{space.to_voxels(center),
                                   std::min(static_cast<float>(radius_voxels), most), proportions});
}

Brush box_brush(const NodeSpace& space, voxel::Mode mode, const Vector3& center,
                const Vector3& size, const Basis& basis) {
    if (!is_above_0(size.x) || !is_above_0(size.y) || !is_above_0(size.z))
        return tl::unexpected("size is " + vector_text(size) +
                              "; it must be above 0, and finite, on each axis");
    const auto& [x, y, z] = transposed(basis).rows;
    const std::array<Vector3, 3> edges{x * size.x, y * size.y, z * size.z};
    std::array<voxel::Vec3f, 3> axes;
    std::array<float, 3> half_size{};
    for (std::size_t i = 0; i < 3; ++i) {
        const double metres = length_of(edges[i]);
        if (!is_above_0(metres))
            return tl::unexpected(std::string(
                "basis has an axis that is zero or not finite; use a rotation, with any scale"));
        const auto [voxels, per_metre] = space.direction_to_voxels(edges[i]);
        axes[i] = voxels * static_cast<float>(1.0 / per_metre);
        half_size[i] = static_cast<float>(metres * per_metre * 0.5);
    }
    if (auto fault = shear_fault(axes, "box", "basis")) return tl::unexpected(std::move(*fault));
    return hard(mode, voxel::BoxShape{space.to_voxels(center),
                                      {half_size[0], half_size[1], half_size[2]},
                                      rotation_of(axes)});
}

Brush path_brush(const NodeSpace& space, voxel::Mode mode, std::span<const Vector3> points,
                 double radius) {
    if (points.empty() || points.size() > voxel::kMostPathPoints)
        return tl::unexpected("points has " + std::to_string(points.size()) +
                              " points; it must have from 1 to " +
                              std::to_string(voxel::kMostPathPoints));
    if (auto fault = radius_fault(radius)) return tl::unexpected(std::move(*fault));
    if (auto fault = evenness_fault(space, "path")) return tl::unexpected(std::move(*fault));
    voxel::CapsulePathShape path;
    path.points.reserve(points.size());
    for (const Vector3& point : points) path.points.push_back(space.to_voxels(point));
    path.radius = static_cast<float>(radius / space.smallest_voxel_size());
    return hard(mode, std::move(path));
}

Brush cone_brush(const NodeSpace& space, voxel::Mode mode, const Vector3& from, const Vector3& to,
                 double radius_from, double radius_to) {
    for (const double radius : {radius_from, radius_to})
        if (!std::isfinite(radius) || radius < 0.0)
            return tl::unexpected("a radius is " + text_of(radius) +
                                  "; both must be numbers of metres, and one may be 0");
    if (auto fault = evenness_fault(space, "cone")) return tl::unexpected(std::move(*fault));
    const double edge = space.smallest_voxel_size();
    return hard(mode, voxel::ConeShape{space.to_voxels(from), space.to_voxels(to),
                                       static_cast<float>(radius_from / edge),
                                       static_cast<float>(radius_to / edge)});
}

Brush soft_brush(const NodeSpace& space, voxel::Mode mode, const Vector3& center, double radius,
                 double strength, float most) {
    if (!(strength > 0.0 && strength <= 1.0))
        return tl::unexpected("strength is " + text_of(strength) +
                              "; it must be above 0 and at most 1");
    Brush brush = sphere_brush(space, mode, center, radius, most);
    if (!brush) return brush;
    brush->strength = static_cast<float>(strength);
    brush->falloff = static_cast<float>(radius / space.smallest_voxel_size() * kSoftRim);
    return brush;
}

Brush flatten_brush(const NodeSpace& space, const Vector3& center, double radius,
                    const Vector3& normal, double strength, float most) {
    if (!is_above_0(length_of(normal)))
        return tl::unexpected("normal is " + vector_text(normal) +
                              "; it must be finite and must not be zero");
    Brush brush = soft_brush(space, voxel::Mode::Flatten, center, radius, strength, most);
    if (brush) brush->target = {space.to_voxels(center), space.normal_to_voxels(normal)};
    return brush;
}

Brush stamp_brush(const NodeSpace& space, voxel::Mode mode, const Ref<VoxelStamp>& stamp,
                  const Transform3D& at) {
    if (stamp.is_null())
        return tl::unexpected(
            std::string("stamp is null; make one, for example with VoxelStamp.from_mesh()"));
    auto [grid, offset] = stamp->content();
    if (grid == nullptr)
        return tl::unexpected(std::string(
            "the stamp is empty; make one that is not, for example with VoxelStamp.from_mesh()"));
    const auto& [x, y, z] = transposed(at.basis).rows;
    const std::array<Vector3, 3> edges{x, y, z};
    std::array<voxel::Vec3f, 3> axes;
    for (std::size_t i = 0; i < 3; ++i) {
        const double scale = length_of(edges[i]);
        if (!(std::abs(scale - 1.0) <= kMostStampScale))
            return tl::unexpected("at has a scale of " + text_of(scale) +
                                  " along an axis; a stamp keeps its size, so use a basis without "
                                  "scale, and make the stamp larger or smaller instead");
        const auto [voxels, per_metre] = space.direction_to_voxels(edges[i]);
        axes[i] = voxels * static_cast<float>(1.0 / per_metre);
    }
    if (auto fault = shear_fault(axes, "stamp", "at")) return tl::unexpected(std::move(*fault));
    if (dot(cross(axes[0], axes[1]), axes[2]) < 0.0F)
        return tl::unexpected(std::string(
            "the stamp would be mirrored in the terrain's voxels; turn it instead, or mirror what "
            "it is made of"));
    const voxel::Vec3f first = axes[0] * static_cast<float>(offset.x) +
                               axes[1] * static_cast<float>(offset.y) +
                               axes[2] * static_cast<float>(offset.z);
    return hard(mode, voxel::StampShape{std::move(grid), space.to_voxels(at.origin) + first,
                                        rotation_of(axes)});
}

Brush paste_brush(const Vector3i& min, const Vector3i& size, std::span<const float> distances,
                  std::span<const std::uint8_t> materials) {
    auto grid = voxel::grid_of_distances({size.x, size.y, size.z}, distances, materials);
    if (!grid) return tl::unexpected(std::move(grid.error().message));
    if (auto fault = voxel::check_box({min.x, min.y, min.z}, grid->size, "the box"))
        return tl::unexpected(std::move(fault->message));
    return hard(voxel::Mode::Paste,
                voxel::StampShape{std::make_shared<voxel::DistanceGrid>(std::move(*grid)),
                                  {static_cast<float>(min.x), static_cast<float>(min.y),
                                   static_cast<float>(min.z)},
                                  {}});
}

Brush of_material(Brush brush, std::int64_t material) {
    if (!brush) return brush;
    if (material < 0 || material >= voxel::kMaterials)
        return tl::unexpected("material is " + std::to_string(material) +
                              "; it must be from 0 to 127");
    brush->material = static_cast<voxel::Material>(material);
    return brush;
}

}  // namespace nebula::godot
