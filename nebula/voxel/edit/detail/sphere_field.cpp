// SPDX-License-Identifier: MIT
// Soft operations in a sphere or an ellipsoid. Hard ones have sphere_brush.cpp.
#include "nebula/voxel/edit/detail/shape_field.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <memory>

namespace nebula::voxel::detail {

namespace {

class SphereField final : public ShapeField {
public:
    explicit SphereField(const SphereShape& sphere)
        : centre_(sphere.centre),
          radius_(sphere.radius),
          stretch_{1.0F / sphere.proportions.x, 1.0F / sphere.proportions.y,
                   1.0F / sphere.proportions.z},
          // So that no step is longer than the true one.
          shrink_(std::min({sphere.proportions.x, sphere.proportions.y, sphere.proportions.z})) {
        const Vec3f r = sphere.proportions * radius_;
        bounds_ = box_around(centre_ - r, centre_ + r);
    }

    void into(const RowOfPoints& points, Row& out) const override {
        const Offsets d = offsets(points, centre_);
        const float y = d.y * stretch_.y;
        const float z = d.z * stretch_.z;
        for (std::size_t i = 0; i < out.size(); ++i) {
            const float x = d.x[i] * stretch_.x;
            out[i] = (radius_ - std::sqrt(x * x + y * y + z * z)) * shrink_;
        }
    }

private:
    Vec3f centre_;
    float radius_;
    Vec3f stretch_;
    float shrink_;
};

}  // namespace

std::unique_ptr<const ShapeField> make_field(const SphereShape& shape) {
    return std::make_unique<SphereField>(shape);
}

}  // namespace nebula::voxel::detail
