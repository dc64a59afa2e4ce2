// SPDX-License-Identifier: MIT
#include "nebula/voxel/edit/detail/shape_field.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <memory>
#include <vector>

namespace nebula::voxel::detail {

namespace {

class CapsulePathField final : public ShapeField {
public:
    explicit CapsulePathField(const CapsulePathShape& path) : radius_(path.radius) {
        Vec3f low = path.points.front();
        Vec3f high = low;
        for (std::size_t i = 0; i < path.points.size(); ++i) {
            const Vec3f from = path.points[i];
            const Vec3f along = path.points[std::min(i + 1, path.points.size() - 1)] - from;
            const float length2 = dot(along, along);
            // The last point only if it is the only one: the segment before ends in it.
            if (i + 1 < path.points.size() || i == 0)
                segments_.push_back({from, along, length2 > 0.0F ? 1.0F / length2 : 0.0F});
            low = {std::min(low.x, from.x), std::min(low.y, from.y), std::min(low.z, from.z)};
            high = {std::max(high.x, from.x), std::max(high.y, from.y), std::max(high.z, from.z)};
        }
        const Vec3f r{radius_, radius_, radius_};
        bounds_ = box_around(low - r, high + r);
        slope_ = 1.001F;
    }

    void into(const RowOfPoints& points, Row& out) const override {
        Row nearest2;
        nearest2.fill(std::numeric_limits<float>::max());
        for (const Segment& s : segments_) {
            const Offsets d = offsets(points, s.from);
            const float rest = d.y * s.along.y + d.z * s.along.z;
            for (std::size_t i = 0; i < out.size(); ++i) {
                const float part = (d.x[i] * s.along.x + rest) * s.per_length2;
                const float t = std::min(std::max(part, 0.0F), 1.0F);
                const float x = d.x[i] - t * s.along.x;
                const float y = d.y - t * s.along.y;
                const float z = d.z - t * s.along.z;
                nearest2[i] = std::min(nearest2[i], x * x + y * y + z * z);
            }
        }
        for (std::size_t i = 0; i < out.size(); ++i) out[i] = radius_ - std::sqrt(nearest2[i]);
    }

private:
    struct Segment {
        Vec3f from;
        Vec3f along;
        float per_length2;  // 0 if both ends are one point
    };
    std::vector<Segment> segments_;
    float radius_;
};

}  // namespace

std::unique_ptr<const ShapeField> make_field(const CapsulePathShape& shape) {
    return std::make_unique<CapsulePathField>(shape);
}

}  // namespace nebula::voxel::detail
