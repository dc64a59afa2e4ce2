// SPDX-License-Identifier: MIT
#include "nebula/voxel/edit/detail/level_brush.hpp"
#include "nebula/voxel/edit/detail/paint_sphere.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace nebula::voxel::detail {

namespace {

// All lengths are in the level's voxels: the edit's, divided by a power of two. So the levels round
// alike, and a point that several of them share gets the same sign on each.
class SphereBrush final : public LevelBrush {
public:
    SphereBrush(const SphereShape& edit, bool dig, Level level)
        : LevelBrush(level),
          dig_(dig),
          centre_(edit.centre * (1.0F / voxel_size(level))),
          radius_(edit.radius / voxel_size(level)),
          stretch_{1.0F / edit.proportions.x, 1.0F / edit.proportions.y, 1.0F / edit.proportions.z},
          longest_stretch_(std::max({stretch_.x, stretch_.y, stretch_.z})),
          half_axes_(edit.proportions * radius_),
          is_sphere_(stretch_ == Vec3f{1.0F, 1.0F, 1.0F}) {
        const auto low = [](float c, double r) {
            return static_cast<std::int32_t>(std::floor(static_cast<double>(c) - r));
        };
        const auto high = [](float c, double r) {
            return static_cast<std::int32_t>(std::ceil(static_cast<double>(c) + r)) + 1;
        };
        const double x = static_cast<double>(half_axes_.x) + kReach;
        const double y = static_cast<double>(half_axes_.y) + kReach;
        const double z = static_cast<double>(half_axes_.z) + kReach;
        box_ = {{low(centre_.x, x), low(centre_.y, y), low(centre_.z, z)},
                {high(centre_.x, x), high(centre_.y, y), high(centre_.z, z)}};
    }

    /// Whether the level is too coarse to show the edit: no point lies in it, so no sign changes
    /// and levels keep agreeing. It would only shift a few distances by less than half a voxel.
    [[nodiscard]] bool is_too_small() const override {
        if (radius_ >= 0.5F) return false;
        const auto from_point = [](float c) { return c - std::floor(c + 0.5F); };
        const Vec3f d{from_point(centre_.x), from_point(centre_.y), from_point(centre_.z)};
        return dot(d, d) > radius_ * radius_ * 1.001F;  // where rounding could decide, it is not
    }

    [[nodiscard]] Reach reach(BrickId brick) const override {
        if (!reaches(brick)) return Reach::None;
        return is_sphere_ && covers(brick) ? Reach::Whole : Reach::Part;
    }

    void paint(BrickId id, Brick& brick, ChangedSamples& changed) const override {
        const Box3i voxels = brick_region(id).box;
        const Box3i part = intersection(voxels, box_);
        if (part.empty()) return;
        const auto offsets = [](std::int32_t first, float c) {
            Row row;
            for (std::int32_t i = 0; i < kBrickSize; ++i)
                row[static_cast<std::size_t>(i)] =
                    static_cast<float>(static_cast<double>(first + i) - static_cast<double>(c));
            return row;
        };
        const SphereInBrick sphere{.dx = offsets(voxels.min.x, centre_.x),
                                   .dy = offsets(voxels.min.y, centre_.y),
                                   .dz = offsets(voxels.min.z, centre_.z),
                                   .radius = radius_,
                                   // With room for rounding.
                                   .reach = radius_ * 1.001F + float{kReach} + 0.01F,
                                   .dig = dig_,
                                   .first_y = part.min.y - voxels.min.y,
                                   .end_y = part.max.y - voxels.min.y,
                                   .first_z = part.min.z - voxels.min.z,
                                   .end_z = part.max.z - voxels.min.z,
                                   .border_y = changed.border_y(),
                                   .border_z = changed.border_z()};
        if (is_sphere_)
            paint_sphere(sphere, brick, changed.columns());
        else
            paint_ellipsoid(sphere, brick, changed);
    }

private:
    /// Whether any voxel of the brick may be near enough to change.
    [[nodiscard]] bool reaches(BrickId brick) const {
        const Box3i voxels = brick_region(brick).box;
        if (intersection(voxels, box_).empty()) return false;
        // All points within kReach of an ellipsoid with half axes a lie in one with half axes b,
        // where b^2 = (1 + e) a^2 + (1 + 1/e) kReach^2, for any e > 0. With e = kReach / a, as here
        // for the longest axis, b is a + kReach: for a sphere, that is exact.
        const double e = kReach / static_cast<double>(
                                      std::max({half_axes_.x, half_axes_.y, half_axes_.z, 1e-6F}));
        const auto gap2 = [e](std::int32_t low, std::int32_t high, float c, float a) {
            const auto centre = static_cast<double>(c);
            const double gap = std::max(
                {static_cast<double>(low) - centre, centre - static_cast<double>(high - 1), 0.0});
            const double b2 = (1.0 + e) * static_cast<double>(a) * static_cast<double>(a) +
                              (1.0 + 1.0 / e) * kReach * kReach;
            return gap * gap / b2;
        };
        return gap2(voxels.min.x, voxels.max.x, centre_.x, half_axes_.x) +
                   gap2(voxels.min.y, voxels.max.y, centre_.y, half_axes_.y) +
                   gap2(voxels.min.z, voxels.max.z, centre_.z, half_axes_.z) <=
               1.0;
    }

    /// Whether every sample of the brick is left saturated.
    [[nodiscard]] bool covers(BrickId brick) const {
        const Box3i voxels = brick_region(brick).box;
        const auto far2 = [](std::int32_t low, std::int32_t high, float c) {
            const auto centre = static_cast<double>(c);
            const double far =
                std::max(centre - static_cast<double>(low), static_cast<double>(high - 1) - centre);
            return far * far;
        };
        // With room for rounding.
        const double inner = static_cast<double>(radius_) * 0.999 - kReach - 0.01;
        return inner > 0.0 && far2(voxels.min.x, voxels.max.x, centre_.x) +
                                      far2(voxels.min.y, voxels.max.y, centre_.y) +
                                      far2(voxels.min.z, voxels.max.z, centre_.z) <=
                                  inner * inner;
    }

    using Row = SphereInBrick::Offsets;
    // Of distance_outside. A tenth of a sample unit after 8 steps at worst, in 300 000 random tries
    // with proportions down to 0.001; an error of 1e-4 is at most a fifth of one.
    static constexpr int kMostSteps = 8;
    static constexpr float kSmallError = 1e-4F;
    // In voxels of the level. Thinner ellipsoids would leave the range of a float, and count as this thick.
    static constexpr float kThinnest = 0.001F;

    // Whole rows of 16 samples, so that the compiler vectorizes the loops.
    void paint_ellipsoid(const SphereInBrick& at, Brick& brick, ChangedSamples& changed) const {
        Row dx;
        for (std::size_t x = 0; x < kBrickSize; ++x) dx[x] = stretch_.x * at.dx[x];
        for (int z = at.first_z; z < at.end_z; ++z)
            for (int y = at.first_y; y < at.end_y; ++y) {
                const Row into = into_ellipsoid(dx, stretch_.y * at.dy[static_cast<std::size_t>(y)],
                                                stretch_.z * at.dz[static_cast<std::size_t>(z)]);
                const std::uint32_t mask =
                    paint_row(brick.samples.data() + Brick::index(0, y, z), into);
                if (mask != 0) changed.add_row(y, z, mask);
            }
    }

    // Distances to the surface, positive inside the brush. To first order: the stretched distance over
    // the length of its gradient. Exact on the axes.
    // Outside, it is never more than the true distance, but near a flat ellipsoid it is far less,
    // hundreds of voxels away from it. So if it finds samples outside to be within reach, their
    // true distance decides.
    [[nodiscard]] Row into_ellipsoid(const Row& dx, float dy, float dz) const {
        const float rest2 = dy * dy + dz * dz;
        const float gy = stretch_.y * dy;
        const float gz = stretch_.z * dz;
        const float gradient_rest2 = gy * gy + gz * gz;
        Row into;
        for (std::size_t x = 0; x < kBrickSize; ++x) {
            const float gx = stretch_.x * dx[x];
            const float length = std::sqrt(dx[x] * dx[x] + rest2);
            const float gradient = std::sqrt(gx * gx + gradient_rest2);
            // There is no gradient at the centre, and every sample near it is deep inside.
            const float shrink = gradient > 0.0F ? length / gradient : 1.0F / longest_stretch_;
            into[x] = (radius_ - length) * shrink;
        }
        const auto [lowest, highest] = std::minmax_element(into.begin(), into.end());
        if (*lowest >= 0.0F || *highest <= -static_cast<float>(kReach)) return into;
        const Row away = distance_outside(dx, dy / stretch_.y, dz / stretch_.z);
        for (std::size_t x = 0; x < kBrickSize; ++x)
            if (into[x] < 0.0F) into[x] = std::min(into[x], -away[x]);
        return into;
    }

    // The true distance of points outside the ellipsoid; any number for points inside. The nearest
    // point of the surface to p is a^2 p / (t + a^2) on each axis, for the t > 0 that puts it on
    // the surface, where s(t), the sum of the three (a p / (t + a^2))^2, is 1. 1/sqrt(s) is concave,
    // so Newton's method from below never overshoots. It begins where one term alone is 1.
    [[nodiscard]] Row distance_outside(const Row& dx, float py, float pz) const {
        const float ax = std::max(half_axes_.x, kThinnest);
        const float ay = std::max(half_axes_.y, kThinnest);
        const float az = std::max(half_axes_.z, kThinnest);
        const float start_yz = std::max({0.0F, ay * std::abs(py) - ay * ay,  //
                                         az * std::abs(pz) - az * az});
        Row px;
        Row t;
        for (std::size_t x = 0; x < kBrickSize; ++x) {
            px[x] = dx[x] / stretch_.x;
            t[x] = std::max(start_yz, ax * std::abs(px[x]) - ax * ax);
        }
        const auto square = [](float v) { return v * v; };
        float error = 1.0F;
        for (int step = 0; step < kMostSteps && error > kSmallError; ++step) {
            error = 0.0F;
            for (std::size_t x = 0; x < kBrickSize; ++x) {
                const float sx = 1.0F / (t[x] + ax * ax);
                const float sy = 1.0F / (t[x] + ay * ay);
                const float sz = 1.0F / (t[x] + az * az);
                const float mx = square(ax * px[x] * sx);
                const float my = square(ay * py * sy);
                const float mz = square(az * pz * sz);
                const float s = mx + my + mz;
                const float excess = std::max(std::sqrt(s) - 1.0F, 0.0F);
                t[x] += excess * s / std::max(mx * sx + my * sy + mz * sz, 1e-30F);
                error = std::max(error, excess);
            }
        }
        Row away;
        for (std::size_t x = 0; x < kBrickSize; ++x)
            away[x] =
                t[x] * std::sqrt(square(px[x] / (t[x] + ax * ax)) + square(py / (t[x] + ay * ay)) +
                                 square(pz / (t[x] + az * az)));
        return away;
    }

    std::uint32_t paint_row(Sample* row, const Row& into) const {
        const float sign = dig_ ? 1.0F : -1.0F;
        std::array<Sample, kBrickSize> marks;
        for (std::size_t x = 0; x < kBrickSize; ++x) marks[x] = quantize(sign * into[x]);
        std::array<Sample, kBrickSize> fresh;
        if (dig_)
            for (std::size_t x = 0; x < kBrickSize; ++x) fresh[x] = std::max(row[x], marks[x]);
        else
            for (std::size_t x = 0; x < kBrickSize; ++x) fresh[x] = std::min(row[x], marks[x]);
        return replace_row(row, fresh);
    }

    bool dig_;
    Vec3f centre_;
    float radius_;
    Vec3f stretch_;  // turns the ellipsoid into a sphere: 1 or more along each axis
    float longest_stretch_;
    Vec3f half_axes_;  // of the ellipsoid
    bool is_sphere_;
};

}  // namespace

std::unique_ptr<const LevelBrush> make_sphere_brush(const SphereShape& shape, bool dig,
                                                    Level level) {
    return std::make_unique<SphereBrush>(shape, dig, level);
}

}  // namespace nebula::voxel::detail
