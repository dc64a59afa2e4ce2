// SPDX-License-Identifier: MIT
// A shape as a function: how deep inside it a point lies.
#pragma once

#include "nebula/voxel/edit/shapes.hpp"
#include "nebula/voxel/field/sample.hpp"

#include <array>
#include <cstddef>
#include <memory>

namespace nebula::voxel::detail {

/// Sixteen points along x, in voxels of level 0. All are exact.
struct RowOfPoints {
    double x = 0;  ///< Of the first.
    double step = 1;
    double y = 0;
    double z = 0;
};
using Row = std::array<float, kBrickSize>;

/// Where a shape's numbers come from does not know levels: it always gets points of level 0. So a point that
/// several levels share gets the same bits on each, and with them the same sign (README, "On every level").
///
/// Threads:   any thread, many at once.
class ShapeField {
public:
    struct Bounds {
        std::array<double, 3> min{};
        std::array<double, 3> max{};
    };

    ShapeField() = default;
    ShapeField(const ShapeField&) = delete;
    ShapeField& operator=(const ShapeField&) = delete;
    virtual ~ShapeField() = default;

    /// Distances to the shape's surface in voxels, positive inside. The sign is that of the shape. Far
    /// from the surface, the distance may be less than the true one.
    virtual void into(const RowOfPoints& points, Row& out) const = 0;

    /// Outside, into() is negative, and at a distance r from the box it is at most -r.
    [[nodiscard]] const Bounds& bounds() const noexcept { return bounds_; }
    /// into() differs by at most this times the distance between two points.
    [[nodiscard]] float slope() const noexcept { return slope_; }

protected:
    Bounds bounds_;
    float slope_ = 1.0F;
};

/// Axes of a rotation: the rows of the matrix that turns the world into the shape.
struct Axes {
    std::array<Vec3f, 3> axis;
};
[[nodiscard]] Axes axes_of(const Rotation& rotation);
[[nodiscard]] Vec3f normalized(Vec3f v);

/// From a point to the row's points.
struct Offsets {
    Row x;
    float y;
    float z;
};
[[nodiscard]] inline Offsets offsets(const RowOfPoints& points, Vec3f from) {
    Offsets d;
    // In double, exact; so the one rounding is the same whatever the step is.
    for (std::size_t i = 0; i < d.x.size(); ++i)
        d.x[i] = static_cast<float>(points.x + static_cast<double>(i) * points.step -
                                    static_cast<double>(from.x));
    d.y = static_cast<float>(points.y - static_cast<double>(from.y));
    d.z = static_cast<float>(points.z - static_cast<double>(from.z));
    return d;
}
[[nodiscard]] inline ShapeField::Bounds box_around(Vec3f min, Vec3f max) {
    const auto d = [](float v) { return static_cast<double>(v); };
    return {{d(min.x), d(min.y), d(min.z)}, {d(max.x), d(max.y), d(max.z)}};
}

/// The factories of the single shapes; the shape has passed check().
[[nodiscard]] std::unique_ptr<const ShapeField> make_field(const SphereShape& shape);
[[nodiscard]] std::unique_ptr<const ShapeField> make_field(const BoxShape& shape);
[[nodiscard]] std::unique_ptr<const ShapeField> make_field(const CapsulePathShape& shape);
[[nodiscard]] std::unique_ptr<const ShapeField> make_field(const ConeShape& shape);
[[nodiscard]] std::unique_ptr<const ShapeField> make_field(const PlaneCutShape& shape);
[[nodiscard]] std::unique_ptr<const ShapeField> make_field(const StampShape& shape);
/// \throws std::bad_alloc.
[[nodiscard]] std::unique_ptr<const ShapeField> make_field(const Shape& shape);

}  // namespace nebula::voxel::detail
