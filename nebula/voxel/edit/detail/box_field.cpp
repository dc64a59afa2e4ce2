// SPDX-License-Identifier: MIT
#include "nebula/voxel/edit/detail/shape_field.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <memory>

namespace nebula::voxel::detail {

namespace {

class BoxField final : public ShapeField {
public:
    explicit BoxField(const BoxShape& box)
        : centre_(box.centre), half_(box.half_size), axes_(axes_of(box.rotation)) {
        const auto reach = [&](float Vec3f::*c) {
            // With room for the rounding of the axes.
            return 1.0001F *
                   (std::abs(axes_.axis[0].*c) * half_.x + std::abs(axes_.axis[1].*c) * half_.y +
                    std::abs(axes_.axis[2].*c) * half_.z);
        };
        const Vec3f r{reach(&Vec3f::x), reach(&Vec3f::y), reach(&Vec3f::z)};
        bounds_ = box_around(centre_ - r, centre_ + r);
        // The axes are rounded.
        slope_ = 1.001F;
    }

    void into(const RowOfPoints& points, Row& out) const override {
        const Offsets d = offsets(points, centre_);
        const auto [u, v, w] = axes_.axis;
        for (std::size_t i = 0; i < out.size(); ++i) {
            const float a = std::abs(u.x * d.x[i] + u.y * d.y + u.z * d.z) - half_.x;
            const float b = std::abs(v.x * d.x[i] + v.y * d.y + v.z * d.z) - half_.y;
            const float c = std::abs(w.x * d.x[i] + w.y * d.y + w.z * d.z) - half_.z;
            const float oa = std::max(a, 0.0F);
            const float ob = std::max(b, 0.0F);
            const float oc = std::max(c, 0.0F);
            const float outside = std::sqrt(oa * oa + ob * ob + oc * oc);
            const float inside = std::min(std::max(std::max(a, b), c), 0.0F);
            out[i] = -(outside + inside);
        }
    }

private:
    Vec3f centre_;
    Vec3f half_;
    Axes axes_;
};

}  // namespace

std::unique_ptr<const ShapeField> make_field(const BoxShape& shape) {
    return std::make_unique<BoxField>(shape);
}

}  // namespace nebula::voxel::detail
