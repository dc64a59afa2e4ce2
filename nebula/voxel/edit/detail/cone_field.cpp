// SPDX-License-Identifier: MIT
#include "nebula/voxel/edit/detail/shape_field.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <memory>

namespace nebula::voxel::detail {

namespace {

// In the half plane through the axis and a point: `across` from the axis and `along` it, the cone is a
// trapezoid between the axis, the two ends, and the side.
class ConeField final : public ShapeField {
public:
    explicit ConeField(const ConeShape& cone)
        : from_(cone.from), radius_from_(cone.radius_from), radius_to_(cone.radius_to) {
        const Vec3f axis = cone.to - cone.from;
        length_ = std::sqrt(dot(axis, axis));
        direction_ = normalized(axis);
        widening_ = radius_to_ - radius_from_;
        per_side2_ = 1.0F / (widening_ * widening_ + length_ * length_);
        // A disc of radius r across the direction d reaches r * sqrt(1 - d.x^2) along x.
        const auto reach = [&](float Vec3f::*c) {
            return std::sqrt(std::max(1.0F - direction_.*c * direction_.*c, 0.0F)) * 1.0001F +
                   1e-3F;
        };
        const Vec3f r{reach(&Vec3f::x), reach(&Vec3f::y), reach(&Vec3f::z)};
        const Vec3f a = r * radius_from_;
        const Vec3f b = r * radius_to_;
        const auto low = [&](float Vec3f::*c) {
            return std::min(cone.from.*c - a.*c, cone.to.*c - b.*c);
        };
        const auto high = [&](float Vec3f::*c) {
            return std::max(cone.from.*c + a.*c, cone.to.*c + b.*c);
        };
        bounds_ = box_around({low(&Vec3f::x), low(&Vec3f::y), low(&Vec3f::z)},
                             {high(&Vec3f::x), high(&Vec3f::y), high(&Vec3f::z)});
        slope_ = 1.001F;
    }

    void into(const RowOfPoints& points, Row& out) const override {
        const Offsets d = offsets(points, from_);
        const float rest = d.y * direction_.y + d.z * direction_.z;
        for (std::size_t i = 0; i < out.size(); ++i) {
            const float along = d.x[i] * direction_.x + rest;
            const float x = d.x[i] - along * direction_.x;
            const float y = d.y - along * direction_.y;
            const float z = d.z - along * direction_.z;
            const float across = std::sqrt(x * x + y * y + z * z);
            // To the nearer end, a disc; negative between the ends.
            const float beyond = std::abs(along - length_ * 0.5F) - length_ * 0.5F;
            const float rim = along < length_ * 0.5F ? radius_from_ : radius_to_;
            const float past_rim = std::max(across - rim, 0.0F);
            const float to_end2 = past_rim * past_rim + beyond * beyond;
            // To the side, a segment.
            const float part = ((across - radius_from_) * widening_ + along * length_) * per_side2_;
            const float t = std::min(std::max(part, 0.0F), 1.0F);
            const float sx = across - radius_from_ - t * widening_;
            const float sy = along - t * length_;
            const float to_side2 = sx * sx + sy * sy;
            const float distance = std::sqrt(std::min(to_end2, to_side2));
            // Inside the side's line, whose other points lie on the same side of it.
            const float inside_side = (across - radius_from_) * length_ - along * widening_;
            out[i] = beyond < 0.0F && inside_side < 0.0F ? distance : -distance;
        }
    }

private:
    Vec3f from_;
    Vec3f direction_;
    float length_;
    float radius_from_;
    float radius_to_;
    float widening_;
    float per_side2_;
};

}  // namespace

std::unique_ptr<const ShapeField> make_field(const ConeShape& shape) {
    return std::make_unique<ConeField>(shape);
}

}  // namespace nebula::voxel::detail
