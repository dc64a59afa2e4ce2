// SPDX-License-Identifier: MIT
// How near a segment is to a triangle.
#pragma once

#include "nebula/voxel/space/vec.hpp"

#include <array>
#include <cstddef>

namespace nebula::voxel::detail {

/// With what every question about it needs.
struct QueryTriangle {
    /// Clockwise when seen from the air.
    explicit QueryTriangle(const std::array<Vec3f, 3>& corners) noexcept
        : p(corners),
          edge{corners[1] - corners[0], corners[2] - corners[1], corners[0] - corners[2]},
          normal(cross(corners[2] - corners[0], corners[1] - corners[0])) {}

    std::array<Vec3f, 3> p;
    std::array<Vec3f, 3> edge;  // from each corner to the next
    Vec3f normal;               // into the air, as long as twice the area
};

struct Closest {
    Vec3f way;       ///< From the triangle to the segment; zero where the segment cuts it.
    Vec3f position;  ///< On the triangle.
    float squared = 0.0F;
};

/// The shortest way from a triangle to the segment from `a` to `b`, which may be one point.
///
/// Threads:   any thread.
/// Cost:      some 30 ns; half of it for a point.
[[nodiscard]] Closest closest(const QueryTriangle& triangle, Vec3f a, Vec3f b) noexcept;

}  // namespace nebula::voxel::detail
