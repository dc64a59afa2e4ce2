// SPDX-License-Identifier: MIT
#include "nebula/voxel/edit/detail/shape_field.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <memory>

namespace nebula::voxel::detail {

namespace {

class PlaneCutField final : public ShapeField {
public:
    explicit PlaneCutField(const PlaneCutShape& cut)
        : point_(cut.point), normal_(normalized(cut.normal)), half_(cut.half_size) {
        bounds_ = box_around(point_ - half_, point_ + half_);
        slope_ = 1.001F;
    }

    void into(const RowOfPoints& points, Row& out) const override {
        const Offsets d = offsets(points, point_);
        const float rest = d.y * normal_.y + d.z * normal_.z;
        for (std::size_t i = 0; i < out.size(); ++i) {
            const float above = d.x[i] * normal_.x + rest;
            const float a = std::abs(d.x[i]) - half_.x;
            const float b = std::abs(d.y) - half_.y;
            const float c = std::abs(d.z) - half_.z;
            const float oa = std::max(a, 0.0F);
            const float ob = std::max(b, 0.0F);
            const float oc = std::max(c, 0.0F);
            const float in_box = -(std::sqrt(oa * oa + ob * ob + oc * oc) +
                                   std::min(std::max(std::max(a, b), c), 0.0F));
            out[i] = std::min(above, in_box);
        }
    }

private:
    Vec3f point_;
    Vec3f normal_;
    Vec3f half_;
};

}  // namespace

std::unique_ptr<const ShapeField> make_field(const PlaneCutShape& shape) {
    return std::make_unique<PlaneCutField>(shape);
}

}  // namespace nebula::voxel::detail
