// SPDX-License-Identifier: MIT
#include "nebula/voxel/edit/detail/shape_field.hpp"

#include <cmath>
#include <variant>

namespace nebula::voxel::detail {

Vec3f normalized(Vec3f v) {
    const float length = std::sqrt(dot(v, v));
    return {v.x / length, v.y / length, v.z / length};
}

Axes axes_of(const Rotation& rotation) {
    const float length = std::sqrt(rotation.x * rotation.x + rotation.y * rotation.y +
                                   rotation.z * rotation.z + rotation.w * rotation.w);
    const float x = rotation.x / length;
    const float y = rotation.y / length;
    const float z = rotation.z / length;
    const float w = rotation.w / length;
    // Where the rotation takes the axes.
    return {{{{1.0F - 2.0F * (y * y + z * z), 2.0F * (x * y + w * z), 2.0F * (x * z - w * y)},
              {2.0F * (x * y - w * z), 1.0F - 2.0F * (x * x + z * z), 2.0F * (y * z + w * x)},
              {2.0F * (x * z + w * y), 2.0F * (y * z - w * x), 1.0F - 2.0F * (x * x + y * y)}}}};
}

std::unique_ptr<const ShapeField> make_field(const Shape& shape) {
    return std::visit([](const auto& kind) { return make_field(kind); }, shape);
}

}  // namespace nebula::voxel::detail
