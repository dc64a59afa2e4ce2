// SPDX-License-Identifier: MIT
#include "nebula/voxel/query/raycast.hpp"

#include "nebula/base/assert.hpp"
#include "nebula/voxel/field/materials.hpp"
#include "nebula/voxel/field/volume.hpp"
#include "nebula/voxel/mesh/cell_triangles.hpp"
#include "nebula/voxel/mesh/nearest_ground.hpp"
#include "nebula/voxel/query/detail/brick_cache.hpp"
#include "nebula/voxel/query/detail/grid_walk.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>

namespace nebula::voxel {

namespace {

using detail::BrickCache;
using detail::GridWalk;
using detail::Vec3d;

constexpr unsigned kAllInside = 0xFFU;

Vec3d cross(const Vec3d& a, const Vec3d& b) {
    return {a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x};
}
Vec3d minus(const Vec3d& a, const Vec3d& b) { return {a.x - b.x, a.y - b.y, a.z - b.z}; }
Vec3f to_float(const Vec3d& v) {
    return {static_cast<float>(v.x), static_cast<float>(v.y), static_cast<float>(v.z)};
}

struct Crossing {
    double distance = std::numeric_limits<double>::infinity();
    bool into_ground = false;
    Vec3d normal{};  // into the air, not of unit length
};

// A point in a plane across the ray, along which it was moved there.
struct Projected {
    double u, v;
    double distance;  // by which it was moved, in lengths of the direction
};

// On which side of the line through both points the ray passes: the sign is exact, or 0 where rounding
// makes the products equal.
double side(const Projected& p, const Projected& q) { return p.u * q.v - p.v * q.u; }

// Sees triangles along a direction, from the origin.
class View {
public:
    explicit View(const Vec3d& direction) : direction_{direction.x, direction.y, direction.z} {
        for (std::size_t i = 1; i < 3; ++i)
            if (std::abs(direction_[i]) > std::abs(direction_[w_])) w_ = i;
        // The axes u, v and w are right-handed, and the plane is that of u and v.
        u_ = (w_ + 1) % 3;
        v_ = (w_ + 2) % 3;
        if (is_nowhere()) return;
        inverse_ = 1.0 / direction_[w_];
        slope_u_ = direction_[u_] * inverse_;
        slope_v_ = direction_[v_] * inverse_;
    }

    // Where the line through the origin crosses a triangle, at any distance. README, "No ray passes
    // between two triangles".
    bool crosses(const std::array<Vec3d, 3>& p, Crossing& out) const {
        if (is_nowhere()) return false;
        const Projected p0 = project(p[0]);
        const Projected p1 = project(p[1]);
        const Projected p2 = project(p[2]);
        const double a = side(p1, p2);
        const double b = side(p2, p0);
        const double c = side(p0, p1);
        // An edge that the ray touches belongs to the triangles on both of its sides.
        const bool in_one_sense = a >= 0.0 && b >= 0.0 && c >= 0.0;
        const bool in_the_other = a <= 0.0 && b <= 0.0 && c <= 0.0;
        // Both if it is seen from its edge: then its neighbours are crossed.
        if (in_one_sense == in_the_other) return false;
        // A mean of the three distances, so rounding cannot put it beyond the triangle.
        const double along = (a * p0.distance + b * p1.distance + c * p2.distance) / (a + b + c);
        // Clockwise when seen from the air.
        out = {along, in_one_sense == (inverse_ > 0.0),
               cross(minus(p[2], p[0]), minus(p[1], p[0]))};
        return true;
    }

private:
    [[nodiscard]] bool is_nowhere() const { return direction_[w_] == 0.0; }
    [[nodiscard]] Projected project(const Vec3d& point) const {
        const std::array<double, 3> q{point.x, point.y, point.z};
        return {q[u_] - slope_u_ * q[w_], q[v_] - slope_v_ * q[w_], q[w_] * inverse_};
    }

    std::array<double, 3> direction_;
    std::size_t u_ = 0, v_ = 0, w_ = 0;  // the direction is longest on w
    double inverse_ = 0.0;               // of the direction on w
    double slope_u_ = 0.0, slope_v_ = 0.0;
};

// The slope of the trilinear blend of the corners, which is smoother than the triangles.
Vec3f gradient(const CellCorners& c, const Vec3d& p) {
    const auto mix = [&](std::size_t step, std::size_t u, std::size_t v, double s, double t) {
        const auto slope = [&](std::size_t i) { return double{1} * (c[i + step] - c[i]); };
        const double low = slope(0) + s * (slope(u) - slope(0));
        const double high = slope(v) + s * (slope(u + v) - slope(v));
        return static_cast<float>(low + t * (high - low));
    };
    return {mix(1, 2, 4, p.y, p.z), mix(2, 1, 4, p.x, p.z), mix(4, 1, 2, p.x, p.y)};
}

Vec3f normalised(Vec3f v, Vec3f otherwise) {
    const float length = std::sqrt(voxel::dot(v, v));
    return length > 0.0F ? v * (1.0F / length) : otherwise;
}

// Proves the air ahead of a ray: brick by brick, and after some bricks of air many at a time, in a row
// along the axis on which the ray is longest.
class AirAhead {
public:
    AirAhead(const BrickCache& bricks, const Vec3d& direction) : bricks_(bricks) {
        const std::array<double, 3> along{direction.x, direction.y, direction.z};
        for (std::size_t i = 1; i < 3; ++i)
            if (std::abs(along[i]) > std::abs(along[axis_])) axis_ = i;
        backwards_ = along[axis_] < 0.0;
        // The ray leaves a longer row on its side.
        const double aside =
            std::max(std::abs(along[(axis_ + 1) % 3]), std::abs(along[(axis_ + 2) % 3]));
        while (most_ < kMost && most_ * 2 * aside <= 1.0) most_ *= 2;
    }

    /// Cells around a brick in which there is nothing. Empty: there may be something in the brick.
    [[nodiscard]] Box3i around(Vec3i brick) {
        for (; count_ > 1; count_ /= 2) {
            const Box3i bricks = row(brick);
            if (bricks_.all_proven_empty(bricks)) {
                grow();
                return {bricks.min * kBrickSize, bricks.max * kBrickSize};
            }
            proven_ = 0;
        }
        if (!bricks_.proven_empty(brick)) {
            proven_ = 0;
            return {};
        }
        grow();
        return brick_region({brick}).box;
    }

private:
    void grow() {
        if (++proven_ > kBeforeMore && count_ < most_) count_ *= 2;
    }
    [[nodiscard]] Box3i row(Vec3i brick) const {
        std::array<std::int32_t, 3> further{};
        further[axis_] = count_ - 1;
        const Vec3i more{further[0], further[1], further[2]};
        return {backwards_ ? brick - more : brick,
                (backwards_ ? brick : brick + more) + Vec3i{1, 1, 1}};
    }

    // Low over the ground, a row would often be tried in vain.
    static constexpr int kBeforeMore = 4;
    static constexpr std::int32_t kMost = 64;

    const BrickCache& bricks_;
    std::size_t axis_ = 0;
    bool backwards_ = false;
    std::int32_t most_ = 1;
    std::int32_t count_ = 1;  // bricks in the next row
    int proven_ = 0;          // rows since the last one that was not
};

}  // namespace

// One cast.
class Raycaster::Walk {
public:
    Walk(BrickCache& bricks, Vec3d from, Vec3d direction, double limit)
        : bricks_(bricks), from_(from), direction_(direction), view_(direction), limit_(limit) {}

    std::optional<RayHit> run() {
        GridWalk cells(from_, direction_);
        AirAhead ahead(bricks_, direction_);
        Vec3i brick;
        Box3i air;
        for (int steps = 0; cells.entered() <= limit_; ++steps) {
            NEBULA_ASSERT(steps < kStepsPerVoxel * limit_ + 4.0,
                          "a ray exceeded its maximum number of steps");
            const Vec3i cell = cells.cell();
            // floor_div; see BrickCache::corners.
            if (const Vec3i now{cell.x >> 4, cell.y >> 4, cell.z >> 4};
                now != brick || steps == 0) {
                brick = now;
                air = ahead.around(now);
            }
            if (!air.empty()) {
                starts_in_air_ |= steps == 0;
                cells.leave(air);
                continue;
            }
            const CellCorners corners = bricks_.corners(cell);
            const unsigned signs = case_of(corners);
            if (signs == 0) {
                starts_in_air_ = true;  // or in another cell, from which it came into air
                cells.advance();
                continue;
            }
            if (auto hit = visit(cells, corners, signs)) return hit;
        }
        // Too short to get out of the ground.
        if (!starts_in_air_ && starts_inside()) return start();
        return std::nullopt;
    }

private:
    // Meets what is in a cell with ground, or moves to the next one.
    std::optional<RayHit> visit(GridWalk& cells, const CellCorners& corners, unsigned signs) {
        const Vec3i cell = cells.cell();
        if (signs == kAllInside) {
            // It crossed nothing on the way, so this is where it has been all the time.
            if (!starts_in_air_ && starts_inside()) return start();
            // Should rounding ever bring a ray from the air here, it must not hit its own start.
            return hit(corners, cell, {cells.entered(), true, {}});
        }
        if (auto hit = meet(cell, corners, limit_)) return hit;
        const double edge = cells.leaves();
        const std::optional<Vec3i> step = cells.around_the_edge();
        cells.advance();
        if (!step) return std::nullopt;
        const double limit = std::min(limit_, edge + kAtTheEdge);
        for (const Vec3i beside : {cell + *step, cells.cell() + *step})
            if (auto hit = meet(beside, bricks_.corners(beside), limit)) return hit;
        return std::nullopt;
    }

    // The first triangle of a cell.
    std::optional<RayHit> meet(Vec3i cell, const CellCorners& corners, double limit) {
        const Crossing first = first_crossing(cell, CellTriangles(corners), view_, limit);
        if (first.distance > limit) return std::nullopt;
        if (!first.into_ground && !starts_in_air_ && starts_inside()) return start();
        return hit(corners, cell, first);
    }

    [[nodiscard]] Crossing first_crossing(Vec3i cell, const CellTriangles& triangles,
                                          const View& view, double limit) const {
        Crossing first;
        for (std::size_t i = 0; i < triangles.count(); ++i) {
            std::array<Vec3d, 3> p;
            const std::array<Vec3f, 3> triangle = triangles[i];
            for (std::size_t k = 0; k < 3; ++k)
                // Relative to the start. The first sum is exact, so a vertex that two cells share has
                // the same bits here, whichever cell it comes from.
                p[k] = {(cell.x + double{triangle[k].x}) - from_.x,
                        (cell.y + double{triangle[k].y}) - from_.y,
                        (cell.z + double{triangle[k].z}) - from_.z};
            Crossing crossing;
            if (view.crosses(p, crossing) && crossing.distance >= 0.0 &&
                crossing.distance <= limit && crossing.distance < first.distance)
                first = crossing;
        }
        return first;
    }

    // By the first triangle on the way to a corner of its cell, or else by that corner.
    [[nodiscard]] bool starts_inside() {
        const Vec3i cell = GridWalk(from_, direction_).cell();
        const CellCorners corners = bricks_.corners(cell);
        const CellTriangles triangles(corners);
        const Vec3d to{cell.x - from_.x, cell.y - from_.y, cell.z - from_.z};
        const Crossing first = first_crossing(cell, triangles, View(to), 1.0);
        return first.distance <= 1.0 ? !first.into_ground : is_inside(corners[0]);
    }

    [[nodiscard]] RayHit start() {
        const Vec3i cell = GridWalk(from_, direction_).cell();
        return hit(bricks_.corners(cell), cell, {0.0, true, {}});
    }

    [[nodiscard]] RayHit hit(const CellCorners& corners, Vec3i cell,
                             const Crossing& crossing) const {
        const double t = crossing.distance;
        const Vec3d p{from_.x + direction_.x * t, from_.y + direction_.y * t,
                      from_.z + direction_.z * t};
        // Deep inside the ground there is no gradient; the normal then points back.
        const Vec3f back = to_float({-direction_.x, -direction_.y, -direction_.z});
        const Vec3f flat = normalised(to_float(crossing.normal), back);
        const Vec3d in{p.x - cell.x, p.y - cell.y, p.z - cell.z};
        const Vec3f smooth = normalised(gradient(corners, in), flat);
        // In lacy ground the two have little in common.
        const bool agree = voxel::dot(smooth, flat) > 0.5F || t == 0.0;
        // There is one: a surface has ground on one side.
        const int ground = nearest_ground(corners, to_float(in)).value_or(0);
        const Vec3i point = cell + Vec3i{ground & 1, ground >> 1 & 1, ground >> 2 & 1};
        return {to_float(p), agree ? smooth : flat, static_cast<float>(t),
                material_of(bricks_.volume(), point)};
    }

    // On each axis, a ray crosses at most one border more than it advances there, and a diagonal ray
    // advances the square root of 3 times its length on all axes together; README, "Raycasts".
    static constexpr double kStepsPerVoxel = 1.74;
    // Beyond an edge that the ray touches, only what is at the edge is next on its way. In voxels.
    static constexpr double kAtTheEdge = 1e-6;

    BrickCache& bricks_;
    Vec3d from_;
    Vec3d direction_;
    View view_;
    double limit_;
    bool starts_in_air_ = false;  // it is known
};

Raycaster::Raycaster(const Volume& volume) : bricks_(std::make_unique<BrickCache>(volume)) {}

Raycaster::~Raycaster() = default;

tl::expected<std::optional<RayHit>, VoxelError> Raycaster::cast(Vec3f from, Vec3f direction,
                                                                float max_distance) {
    using Kind = VoxelError::Kind;
    NEBULA_ASSERT(bricks_->volume().is_owner_thread(),
                  "Raycaster::cast was not called on the owner thread");
    if (auto error = check_position(from, "the ray's origin"))
        return tl::unexpected(std::move(*error));
    if (!std::isfinite(direction.x) || !std::isfinite(direction.y) || !std::isfinite(direction.z))
        return tl::unexpected(VoxelError{Kind::NotFinite, "the ray's direction is not finite"});
    if (!std::isfinite(max_distance))
        return tl::unexpected(VoxelError{Kind::NotFinite, "the ray's length is not finite"});
    if (max_distance < 0.0F || max_distance > kMaxRayDistance)
        return tl::unexpected(
            VoxelError{Kind::OutOfRange, "the ray's length must be from 0 to 10000 voxels"});
    const Vec3d d{direction.x, direction.y, direction.z};
    const double length = std::sqrt(d.x * d.x + d.y * d.y + d.z * d.z);  // cannot overflow
    if (length == 0.0)
        return tl::unexpected(VoxelError{Kind::ZeroDirection, "the ray's direction is zero"});
    try {
        bricks_->forget();
        return Walk(*bricks_, {from.x, from.y, from.z}, {d.x / length, d.y / length, d.z / length},
                    max_distance)
            .run();
    } catch (...) {
        return tl::unexpected(error_of_current_exception());
    }
}

}  // namespace nebula::voxel
