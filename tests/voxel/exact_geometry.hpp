// SPDX-License-Identifier: MIT
// Do two triangles of one surface cut each other? Decided in whole numbers, so without a tolerance.
#pragma once

#include "nebula/voxel/space/vec.hpp"

#include <algorithm>
#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

namespace nebula::voxel::test {

/// Distances within two triangles up to about 2^18: the largest determinant then fits 64 bits.
struct ExactPoint {
    std::int64_t x = 0;
    std::int64_t y = 0;
    std::int64_t z = 0;

    friend constexpr auto operator<=>(const ExactPoint&, const ExactPoint&) = default;
    friend constexpr ExactPoint operator-(ExactPoint a, ExactPoint b) {
        return {a.x - b.x, a.y - b.y, a.z - b.z};
    }
};

using ExactTriangle = std::array<ExactPoint, 3>;

namespace exact {

[[nodiscard]] inline int sign(std::int64_t v) { return (v > 0 ? 1 : 0) - (v < 0 ? 1 : 0); }

[[nodiscard]] inline ExactPoint cross(ExactPoint a, ExactPoint b) {
    return {a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x};
}
[[nodiscard]] inline ExactPoint normal(const ExactTriangle& t) {
    return cross(t[1] - t[0], t[2] - t[0]);
}

/// On which side of the plane a, b, c the point d lies.
[[nodiscard]] inline int side(ExactPoint a, ExactPoint b, ExactPoint c, ExactPoint d) {
    const ExactPoint n = cross(b - a, c - a);
    const ExactPoint v = d - a;
    return sign(n.x * v.x + n.y * v.y + n.z * v.z);
}

/// Drops the axis along which a plane is seen least distorted.
class Projection {
public:
    explicit Projection(ExactPoint n) {
        const std::array<std::int64_t, 3> size{std::abs(n.x), std::abs(n.y), std::abs(n.z)};
        axis_ = static_cast<int>(std::ranges::max_element(size) - size.begin());
    }
    /// On which side of the line a, b the point c lies.
    [[nodiscard]] int side(ExactPoint a, ExactPoint b, ExactPoint c) const {
        const ExactPoint n = cross(b - a, c - a);
        return sign(axis_ == 0 ? n.x : axis_ == 1 ? n.y : n.z);
    }

private:
    int axis_;
};

[[nodiscard]] inline bool in_box(ExactPoint a, ExactPoint b, ExactPoint p) {
    const auto between = [](std::int64_t u, std::int64_t v, std::int64_t w) {
        return std::min(u, v) <= w && w <= std::max(u, v);
    };
    return between(a.x, b.x, p.x) && between(a.y, b.y, p.y) && between(a.z, b.z, p.z);
}

[[nodiscard]] inline bool segments_meet(const Projection& plane, ExactPoint a, ExactPoint b,
                                        ExactPoint c, ExactPoint d) {
    const int ca = plane.side(a, b, c);
    const int da = plane.side(a, b, d);
    const int ac = plane.side(c, d, a);
    const int bc = plane.side(c, d, b);
    if (ca * da < 0 && ac * bc < 0) return true;
    return (ca == 0 && in_box(a, b, c)) || (da == 0 && in_box(a, b, d)) ||
           (ac == 0 && in_box(c, d, a)) || (bc == 0 && in_box(c, d, b));
}

[[nodiscard]] inline bool same_side(int a, int b, int c) {
    return (a >= 0 && b >= 0 && c >= 0) || (a <= 0 && b <= 0 && c <= 0);
}

/// Both closed: touching counts.
[[nodiscard]] inline bool segment_meets(ExactPoint p, ExactPoint q, const ExactTriangle& t) {
    const int sp = side(t[0], t[1], t[2], p);
    const int sq = side(t[0], t[1], t[2], q);
    if (sp * sq > 0) return false;
    if (sp == 0 && sq == 0) {
        const Projection plane(normal(t));
        for (std::size_t i = 0; i < 3; ++i) {
            if (segments_meet(plane, p, q, t[i], t[(i + 1) % 3])) return true;
        }
        return same_side(plane.side(t[0], t[1], p), plane.side(t[1], t[2], p),
                         plane.side(t[2], t[0], p));
    }
    return same_side(side(p, q, t[0], t[1]), side(p, q, t[1], t[2]), side(p, q, t[2], t[0]));
}

}  // namespace exact

/// True when two triangles have more in common than the corners that `ids` names equally.
template <class Id>
[[nodiscard]] bool triangles_cut(const std::array<Id, 3>& a_ids, const ExactTriangle& a,
                                 const std::array<Id, 3>& b_ids, const ExactTriangle& b) {
    std::size_t shared = 0;
    std::size_t a_shared = 0;  // sums of positions: enough to find the one left over
    std::size_t b_shared = 0;
    for (std::size_t i = 0; i < 3; ++i) {
        for (std::size_t j = 0; j < 3; ++j) {
            if (a_ids[i] != b_ids[j]) continue;
            ++shared;
            a_shared += i;
            b_shared += j;
        }
    }
    using exact::segment_meets;
    if (shared == 0) {
        for (std::size_t i = 0; i < 3; ++i) {
            if (segment_meets(a[i], a[(i + 1) % 3], b)) return true;
            if (segment_meets(b[i], b[(i + 1) % 3], a)) return true;
        }
        return false;
    }
    if (shared == 1) {  // only the sides opposite to the common corner can reach the other
        return segment_meets(a[(a_shared + 1) % 3], a[(a_shared + 2) % 3], b) ||
               segment_meets(b[(b_shared + 1) % 3], b[(b_shared + 2) % 3], a);
    }
    if (shared == 2) {  // folded flat onto each other
        const std::size_t i = 3 - a_shared;
        const std::size_t j = 3 - b_shared;
        if (exact::side(a[0], a[1], a[2], b[j]) != 0) return false;
        const exact::Projection plane(exact::normal(a));
        const ExactPoint p = a[(i + 1) % 3];
        const ExactPoint q = a[(i + 2) % 3];
        return plane.side(p, q, a[i]) * plane.side(p, q, b[j]) > 0;
    }
    return true;
}

}  // namespace nebula::voxel::test
