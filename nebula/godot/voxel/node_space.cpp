// SPDX-License-Identifier: MIT
#include "nebula/godot/voxel/node_space.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>

namespace nebula::godot {
namespace {

using Row = std::array<double, 3>;
using Matrix = std::array<Row, 3>;

// A voxel smaller or larger than this, in metres, is a mistake: a scale that a tween took to zero,
// or a model in the wrong unit.
constexpr double kSmallestVoxel = 1e-4;
constexpr double kLargestVoxel = 1e4;
// Cosine between two axes of the node. Composed rotations stay below 1e-5 in float; an angle that
// can be seen is above 1e-2.
constexpr double kMostShear = 1e-3;

Row as_row(const Vector3& v) { return {v.x, v.y, v.z}; }
double dot(const Row& a, const Row& b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }
double length(const Row& v) { return std::hypot(v[0], v[1], v[2]); }
Row cross(const Row& a, const Row& b) {
    return {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
}
Row times(const Matrix& m, const Row& v) { return {dot(m[0], v), dot(m[1], v), dot(m[2], v)}; }
bool finite(const Row& v) {
    return std::isfinite(v[0]) && std::isfinite(v[1]) && std::isfinite(v[2]);
}

Matrix rows_of(const Basis& b) { return {as_row(b.rows[0]), as_row(b.rows[1]), as_row(b.rows[2])}; }
Matrix transposed(const Matrix& m) {
    return {Row{m[0][0], m[1][0], m[2][0]}, Row{m[0][1], m[1][1], m[2][1]},
            Row{m[0][2], m[1][2], m[2][2]}};
}
Matrix inverse(const Matrix& m) {
    const Row yz = cross(m[1], m[2]);
    const double scale = 1.0 / dot(m[0], yz);
    const Row columns[] = {yz, cross(m[2], m[0]), cross(m[0], m[1])};
    Matrix result;
    for (std::size_t i = 0; i < 3; ++i)
        result[i] = {columns[0][i] * scale, columns[1][i] * scale, columns[2][i] * scale};
    return result;
}

voxel::Vec3f as_voxels(const Row& v) {
    return {static_cast<float>(v[0]), static_cast<float>(v[1]), static_cast<float>(v[2])};
}
Vector3 as_vector3(const Row& v) {
    return {static_cast<float>(v[0]), static_cast<float>(v[1]), static_cast<float>(v[2])};
}
Row as_row(voxel::Vec3f v) { return {v.x, v.y, v.z}; }

// The smallest box around the eight corners of a box, each of which `map` takes to the other space.
template <class Corner, class Map>
auto box_around(const Corner& low, const Corner& high, Map&& map) {
    auto min = map(low);
    auto max = min;
    for (unsigned i = 1; i < 8; ++i) {
        const auto corner =
            map(Corner{(i & 1U) != 0 ? high.x : low.x, (i & 2U) != 0 ? high.y : low.y,
                       (i & 4U) != 0 ? high.z : low.z});
        min = {std::min(min.x, corner.x), std::min(min.y, corner.y), std::min(min.z, corner.z)};
        max = {std::max(max.x, corner.x), std::max(max.y, corner.y), std::max(max.z, corner.z)};
    }
    return std::pair(min, max);
}

}  // namespace

const char* NodeSpace::problem_of(const Transform3D& transform) noexcept {
    const Matrix axes = transposed(rows_of(transform.basis));
    if (!finite(as_row(transform.origin)) || !finite(axes[0]) || !finite(axes[1]) ||
        !finite(axes[2]))
        return "it contains a number that is not finite";
    for (const Row& axis : axes) {
        const double size = length(axis);
        if (size < kSmallestVoxel) return "its scale is zero, or nearly zero, along an axis";
        if (size > kLargestVoxel) return "its scale is above 10000 along an axis";
    }
    for (std::size_t i = 0; i < 3; ++i) {
        const Row& a = axes[i];
        const Row& b = axes[(i + 1) % 3];
        if (std::abs(dot(a, b)) > kMostShear * length(a) * length(b))
            return "it is sheared, which an uneven scale of a rotated parent causes";
    }
    return nullptr;
}

NodeSpace::NodeSpace(const Transform3D& transform) noexcept
    : to_global_(rows_of(transform.basis)),
      to_voxels_(inverse(to_global_)),
      origin_(as_row(transform.origin)) {
    const Matrix axes = transposed(to_global_);
    voxel_size_ = {length(axes[0]), length(axes[1]), length(axes[2])};
}

voxel::Vec3f NodeSpace::to_voxels(const Vector3& global) const noexcept {
    const Row from_origin{global.x - origin_[0], global.y - origin_[1], global.z - origin_[2]};
    return as_voxels(times(to_voxels_, from_origin));
}

Vector3 NodeSpace::to_global(voxel::Vec3f voxels) const noexcept {
    const Row turned = times(to_global_, as_row(voxels));
    return as_vector3({turned[0] + origin_[0], turned[1] + origin_[1], turned[2] + origin_[2]});
}

AABB NodeSpace::to_global(const voxel::Aabb& voxels) const noexcept {
    const auto [min, max] = box_around(
        voxels.min, voxels.max, [this](const voxel::Vec3f& corner) { return to_global(corner); });
    return {min, max - min};
}

voxel::Aabb NodeSpace::to_voxels(const AABB& global) const noexcept {
    const Vector3 end = global.position + global.size;
    // A minimum would forget a NaN, and the box would pass for one that is finite.
    if (!finite(as_row(global.position)) || !finite(as_row(end)))
        return {to_voxels(global.position), to_voxels(end)};
    const auto [min, max] = box_around(global.position, end,
                                       [this](const Vector3& corner) { return to_voxels(corner); });
    return {min, max};
}

// Planes turn by the inverse transpose, which is right under uneven scale too.
Vector3 NodeSpace::normal_to_global(voxel::Vec3f normal) const noexcept {
    const Row turned = times(transposed(to_voxels_), as_row(normal));
    const double size = length(turned);
    if (size == 0.0) return {};
    return as_vector3({turned[0] / size, turned[1] / size, turned[2] / size});
}

voxel::Vec3f NodeSpace::normal_to_voxels(const Vector3& normal) const noexcept {
    const Row turned = times(transposed(to_global_), as_row(normal));
    const double size = length(turned);
    if (size == 0.0) return {};
    return as_voxels({turned[0] / size, turned[1] / size, turned[2] / size});
}

NodeSpace::Direction NodeSpace::direction_to_voxels(const Vector3& global) const noexcept {
    const Row direction = as_row(global);
    const double size = length(direction);
    if (!(size > 0.0) || !std::isfinite(size)) return {{global.x, global.y, global.z}, 1.0};
    const Row turned =
        times(to_voxels_, {direction[0] / size, direction[1] / size, direction[2] / size});
    return {as_voxels(turned), length(turned)};
}

double NodeSpace::smallest_voxel_size() const noexcept {
    return *std::min_element(voxel_size_.begin(), voxel_size_.end());
}

}  // namespace nebula::godot
