// SPDX-License-Identifier: MIT
#include "nebula/voxel/query/detail/closest.hpp"

#include <algorithm>

namespace nebula::voxel::detail {

namespace {

void keep_shorter(Closest& best, Vec3f on_segment, Vec3f on_triangle) {
    const Vec3f way = on_segment - on_triangle;
    const float squared = dot(way, way);
    if (squared < best.squared) best = {way, on_triangle, squared};
}

// Whether the point above or below `q` in the triangle's plane lies in it.
bool is_over(const QueryTriangle& t, Vec3f q) {
    for (std::size_t i = 0; i < 3; ++i)
        // Clockwise: the inside is on the side of normal x edge.
        if (dot(cross(t.edge[i], t.normal), q - t.p[i]) < 0.0F) return false;
    return true;
}

float ratio(float a, float b) { return b > 0.0F ? std::clamp(a / b, 0.0F, 1.0F) : 0.0F; }

// The two nearest points of the segments p + s * d and q + t * e, s and t in [0, 1].
void segments(Closest& best, Vec3f p, Vec3f d, Vec3f q, Vec3f e) {
    const Vec3f r = p - q;
    const float dd = dot(d, d);
    const float ee = dot(e, e);
    const float de = dot(d, e);
    const float dr = dot(d, r);
    const float er = dot(e, r);
    float s = ratio(de * er - dr * ee, dd * ee - de * de);
    const float t = ratio(de * s + er, ee);
    s = ratio(de * t - dr, dd);
    keep_shorter(best, p + d * s, q + e * t);
}

}  // namespace

Closest closest(const QueryTriangle& t, Vec3f a, Vec3f b) noexcept {
    const Vec3f along = b - a;
    const float area = dot(t.normal, t.normal);
    const float above_a = dot(t.normal, a - t.p[0]);
    const float above_b = dot(t.normal, b - t.p[0]);
    if ((above_a < 0.0F) != (above_b < 0.0F)) {
        const Vec3f cut = a + along * (above_a / (above_a - above_b));
        if (is_over(t, cut)) return {{}, cut, 0.0F};
    }
    Closest best{{}, {}, 3e38F};
    if (area > 0.0F) {
        if (is_over(t, a)) keep_shorter(best, a, a - t.normal * (above_a / area));
        if (is_over(t, b)) keep_shorter(best, b, b - t.normal * (above_b / area));
    }
    for (std::size_t i = 0; i < 3; ++i) segments(best, a, along, t.p[i], t.edge[i]);
    return best;
}

}  // namespace nebula::voxel::detail
