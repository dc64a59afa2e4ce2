// SPDX-License-Identifier: MIT
// The shapes of brushes, as data. All lengths are in voxels of level 0.
#pragma once

#include "nebula/voxel/edit/distance_grid.hpp"
#include "nebula/voxel/space/vec.hpp"

#include <cstddef>
#include <memory>
#include <variant>
#include <vector>

namespace nebula::voxel {

/// A quaternion. Its length does not matter, except that it must not be 0. The default turns nothing.
struct Rotation {
    float x = 0.0F;
    float y = 0.0F;
    float z = 0.0F;
    float w = 1.0F;

    friend constexpr bool operator==(const Rotation&, const Rotation&) = default;
};

struct SphereShape {
    Vec3f centre;
    float radius = 1.0F;  ///< Above 0.
    /// How far the shape reaches along each axis, as a share of `radius`: [kMinEditProportion, 1].
    /// Other values than 1 make an ellipsoid.
    Vec3f proportions{1.0F, 1.0F, 1.0F};

    friend bool operator==(const SphereShape&, const SphereShape&) = default;
};

struct BoxShape {
    Vec3f centre;
    Vec3f half_size{1.0F, 1.0F, 1.0F};  ///< Above 0 on each axis.
    Rotation rotation{};

    friend bool operator==(const BoxShape&, const BoxShape&) = default;
};

inline constexpr std::size_t kMostPathPoints = 64;

/// A ball that is drawn along a line through the points: a tunnel. One point is a ball.
struct CapsulePathShape {
    std::vector<Vec3f> points;  ///< 1 to kMostPathPoints.
    float radius = 1.0F;        ///< Above 0.

    friend bool operator==(const CapsulePathShape&, const CapsulePathShape&) = default;
};

/// A cone with flat ends, cut off where the second radius is not 0; a cylinder if both are equal.
struct ConeShape {
    Vec3f from;
    Vec3f to{0.0F, 1.0F, 0.0F};  ///< At least kShortestCone away.
    float radius_from = 1.0F;    ///< At least 0; one of the two is above 0.
    float radius_to = 1.0F;

    friend bool operator==(const ConeShape&, const ConeShape&) = default;
};
inline constexpr float kShortestCone = 0.01F;

/// The side of a plane to which its normal points, as far as it lies in a box around `point` whose
/// edges are parallel to the axes. With Mode::Dig it cuts off what is above the plane.
struct PlaneCutShape {
    Vec3f point;
    Vec3f normal{0.0F, 1.0F, 0.0F};  ///< Its length does not matter, except that it must not be 0.
    Vec3f half_size{1.0F, 1.0F, 1.0F};  ///< Of the box; above 0 on each axis.

    friend bool operator==(const PlaneCutShape&, const PlaneCutShape&) = default;
};

/// Stored distances: of a mesh, of a copied region, or of anything else.
struct StampShape {
    std::shared_ptr<const DistanceGrid> grid;  ///< Not null.
    Vec3f at{};                                ///< Where the grid's first point goes.
    Rotation rotation{};                       ///< Around that point.

    friend bool operator==(const StampShape& a, const StampShape& b) {
        return a.at == b.at && a.rotation == b.rotation &&
               (a.grid == b.grid || (a.grid != nullptr && b.grid != nullptr && *a.grid == *b.grid));
    }
};

/// New kinds go to the end: records store the index.
using Shape =
    std::variant<SphereShape, BoxShape, CapsulePathShape, ConeShape, PlaneCutShape, StampShape>;

}  // namespace nebula::voxel
