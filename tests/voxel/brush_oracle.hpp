// SPDX-License-Identifier: MIT
// What brushes are by definition: point by point, in double, on no particular level.
#pragma once

#include "world_samples.hpp"

#include "nebula/voxel/edit/operation.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace nebula::voxel::test {

using Point = std::array<double, 3>;

inline Point point_of(Vec3f v) { return {double{v.x}, double{v.y}, double{v.z}}; }
inline Point minus(const Point& a, const Point& b) {
    return {a[0] - b[0], a[1] - b[1], a[2] - b[2]};
}
inline double dot(const Point& a, const Point& b) {
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}
inline double length(const Point& a) { return std::sqrt(dot(a, a)); }
inline double to_segment(const Point& p, const Point& a, const Point& b) {
    const Point along = minus(b, a);
    const double l2 = dot(along, along);
    const double t = l2 > 0 ? std::clamp(dot(minus(p, a), along) / l2, 0.0, 1.0) : 0.0;
    const Point d = minus(p, a);
    return length({d[0] - t * along[0], d[1] - t * along[1], d[2] - t * along[2]});
}

// Turns back: q* v q, by the definition of a quaternion's product.
inline Point turned_back(const Rotation& r, const Point& v) {
    const double n = std::sqrt(double{r.x} * double{r.x} + double{r.y} * double{r.y} +
                               double{r.z} * double{r.z} + double{r.w} * double{r.w});
    const Point u{-double{r.x} / n, -double{r.y} / n, -double{r.z} / n};
    const double w = double{r.w} / n;
    const auto cross = [](const Point& a, const Point& b) {
        return Point{a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2],
                     a[0] * b[1] - a[1] * b[0]};
    };
    const Point c = cross(u, v);
    const Point cc = cross(u, c);
    return {v[0] + 2 * (w * c[0] + cc[0]), v[1] + 2 * (w * c[1] + cc[1]),
            v[2] + 2 * (w * c[2] + cc[2])};
}

inline double in_box(const Point& p, const Point& half) {
    double outside2 = 0;
    double inside = std::numeric_limits<double>::max();
    for (std::size_t i = 0; i < 3; ++i) {
        const double beyond = std::abs(p[i]) - half[i];
        if (beyond > 0) outside2 += beyond * beyond;
        inside = std::min(inside, -beyond);
    }
    return outside2 > 0 ? -std::sqrt(outside2) : inside;
}

inline Point last_of(const DistanceGrid& g) {
    return {double(g.size.x - 1), double(g.size.y - 1), double(g.size.z - 1)};
}

/// The grid's distance at a place in its box.
inline double grid_at(const DistanceGrid& g, const Point& p) {
    const auto cell = [](double c, std::int32_t size) {
        return std::min(static_cast<int>(std::floor(c)), size - 2);
    };
    const int x = cell(p[0], g.size.x);
    const int y = cell(p[1], g.size.y);
    const int z = cell(p[2], g.size.z);
    double sum = 0;
    for (int corner = 0; corner < 8; ++corner) {
        const int dx = corner & 1;
        const int dy = corner >> 1 & 1;
        const int dz = corner >> 2;
        const auto weight = [](double t, int high) { return high != 0 ? t : 1 - t; };
        sum += g.at(x + dx, y + dy, z + dz) * weight(p[0] - x, dx) * weight(p[1] - y, dy) *
               weight(p[2] - z, dz);
    }
    return sum / kSampleUnitsPerVoxel;
}

/// The material of the nearest of the eight points around a place that are ground. Nothing where rounding
/// decides between two.
inline std::optional<Material> grid_material_at(const DistanceGrid& g, const Point& p) {
    std::array<int, 3> first{};
    for (std::size_t i = 0; i < 3; ++i) {
        if (std::abs(p[i] - std::round(p[i])) < 1e-3) return {};
        first[i] = static_cast<int>(std::floor(p[i]));
    }
    std::vector<std::pair<double, Material>> ground;
    for (int corner = 0; corner < 8; ++corner) {
        const int x = first[0] + (corner & 1);
        const int y = first[1] + (corner >> 1 & 1);
        const int z = first[2] + (corner >> 2);
        if (g.at(x, y, z) < 0)
            ground.emplace_back(length(minus(p, {double(x), double(y), double(z)})),
                                g.materials[g.index(x, y, z)]);
    }
    std::ranges::sort(ground);
    if (ground.empty()) return {};
    for (const auto& [distance, material] : ground)
        if (material != ground[0].second && distance < ground[0].first + 1e-3) return {};
    return ground[0].second;
}

struct IntoShape {
    Point p;

    double operator()(const SphereShape& s) const {
        return double{s.radius} - length(minus(p, point_of(s.centre)));
    }
    double operator()(const BoxShape& b) const {
        return in_box(turned_back(b.rotation, minus(p, point_of(b.centre))), point_of(b.half_size));
    }
    double operator()(const CapsulePathShape& c) const {
        double nearest = length(minus(p, point_of(c.points.front())));
        for (std::size_t i = 0; i + 1 < c.points.size(); ++i)
            nearest =
                std::min(nearest, to_segment(p, point_of(c.points[i]), point_of(c.points[i + 1])));
        return double{c.radius} - nearest;
    }
    double operator()(const ConeShape& c) const {
        const Point axis = minus(point_of(c.to), point_of(c.from));
        const double l = length(axis);
        const Point d = minus(p, point_of(c.from));
        const double along = dot(d, axis) / l;
        const double across = std::sqrt(std::max(dot(d, d) - along * along, 0.0));
        const double ra = double{c.radius_from};
        const double rb = double{c.radius_to};
        const Point at{across, along, 0};
        const double surface =
            std::min({to_segment(at, {0, 0, 0}, {ra, 0, 0}), to_segment(at, {ra, 0, 0}, {rb, l, 0}),
                      to_segment(at, {rb, l, 0}, {0, l, 0})});
        const bool inside = along > 0 && along < l && across < ra + (rb - ra) * along / l;
        return inside ? surface : -surface;
    }
    double operator()(const PlaneCutShape& c) const {
        const Point d = minus(p, point_of(c.point));
        const Point n = point_of(c.normal);
        return std::min(dot(d, n) / length(n), in_box(d, point_of(c.half_size)));
    }
    double operator()(const StampShape& s) const {
        const Point last = last_of(*s.grid);
        const Point q = turned_back(s.rotation, minus(p, point_of(s.at)));
        const Point half{last[0] / 2, last[1] / 2, last[2] / 2};
        Point clamped{};
        for (std::size_t i = 0; i < 3; ++i) clamped[i] = std::clamp(q[i], 0.0, last[i]);
        return std::min(-grid_at(*s.grid, clamped), in_box(minus(q, half), half));
    }
};

/// How deep inside the shape a point of a level lies, in voxels of level 0.
inline double into(const Shape& shape, Vec3i p, Level level = 0) {
    const double size = static_cast<double>(voxel_size(level));
    return std::visit(IntoShape{{p.x * size, p.y * size, p.z * size}}, shape);
}

/// A ball with dents, as a grid.
inline std::shared_ptr<const DistanceGrid> dented_ball(int edge) {
    auto grid = std::make_shared<DistanceGrid>();
    grid->size = {edge, edge + 1, edge + 3};
    grid->distances.resize(grid->index(0, 0, grid->size.z));
    for (int z = 0; z < grid->size.z; ++z)
        for (int y = 0; y < grid->size.y; ++y)
            for (int x = 0; x < grid->size.x; ++x) {
                const double half = edge / 2.0;
                const double d = length({x - half, y - half, z - half}) - 0.7 * half +
                                 0.8 * std::sin(x * 0.9) * std::cos(z * 0.7);
                const auto units = static_cast<int>(d * kSampleUnitsPerVoxel);
                grid->distances[grid->index(x, y, z)] =
                    static_cast<std::int16_t>(units == 0 ? 1 : units);
            }
    return grid;
}

/// The same, of patches of the materials below 12.
inline std::shared_ptr<const DistanceGrid> in_patches(const DistanceGrid& grid, Dice& dice) {
    auto patched = std::make_shared<DistanceGrid>(grid);
    const int edge = dice.whole(1, 4);
    const int first = dice.whole(0, 11);
    for (int z = 0; z < grid.size.z; ++z)
        for (int y = 0; y < grid.size.y; ++y)
            for (int x = 0; x < grid.size.x; ++x)
                patched->materials.push_back(static_cast<Material>(
                    (first + x / edge * 7 + y / edge * 3 + z / edge * 5) % 12));
    return patched;
}

inline Rotation any_rotation(Dice& dice) {
    return {dice.real(-1, 1), dice.real(-1, 1), dice.real(-1, 1), dice.real(0.1F, 1)};
}

inline constexpr int kShapeKinds = static_cast<int>(std::variant_size_v<Shape>);

/// A shape of one kind, `size` voxels large or less.
inline Shape any_shape(Dice& dice, int kind, float reach, float size) {
    const auto part = [&] { return dice.real(0.2F, 1.0F) * size; };
    const Vec3f at = dice.point(reach);
    switch (kind) {
        case 1:
            return BoxShape{at, {part() * 0.6F, part() * 0.6F, part() * 0.6F}, any_rotation(dice)};
        case 2: {
            CapsulePathShape path{{at}, part() * 0.4F};
            for (int i = dice.whole(0, 3); i > 0; --i)
                path.points.push_back(at + dice.point(size * 0.6F));
            return path;
        }
        case 3:
            return ConeShape{at, at + dice.point(size * 0.5F) + Vec3f{0, 0.5F, 0}, part() * 0.5F,
                             dice.whole(0, 2) == 0 ? 0.0F : part() * 0.5F};
        case 4:
            return PlaneCutShape{
                at, dice.point(1.0F) + Vec3f{0, 1.5F, 0}, {part(), part(), part()}};
        case 5: {
            auto grid = dented_ball(std::max(4, static_cast<int>(size)));
            if (dice.whole(0, 1) == 0) grid = in_patches(*grid, dice);
            return StampShape{std::move(grid), at, any_rotation(dice)};
        }
        default:
            return SphereShape{at, part()};
    }
}

}  // namespace nebula::voxel::test
