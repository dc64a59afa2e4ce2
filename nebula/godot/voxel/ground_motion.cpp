// SPDX-License-Identifier: MIT
#include "nebula/godot/voxel/ground_motion.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <utility>

namespace nebula::godot {
namespace {

// From one basis to another of the same scale: the axis, as long as the angle.
Vector3 turn_between(const Basis& from, const Basis& to) noexcept {
    const auto dot = [](const std::array<double, 3>& a, const std::array<double, 3>& b) {
        return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
    };
    const auto row = [](const Vector3& v) { return std::array<double, 3>{v.x, v.y, v.z}; };
    const std::array<std::array<double, 3>, 3> a{row(from.rows[0]), row(from.rows[1]),
                                                 row(from.rows[2])};
    std::array<double, 3> scale{};  // squared, of the columns
    for (std::size_t c = 0; c < 3; ++c)
        scale[c] = a[0][c] * a[0][c] + a[1][c] * a[1][c] + a[2][c] * a[2][c];
    // to * inverse of from
    const auto entry = [&](std::size_t i, std::size_t j) {
        const std::array<double, 3> t = row(to.rows[i]);
        return dot(t, {a[j][0] / scale[0], a[j][1] / scale[1], a[j][2] / scale[2]});
    };
    const std::array<double, 3> axis{(entry(2, 1) - entry(1, 2)) / 2.0,
                                     (entry(0, 2) - entry(2, 0)) / 2.0,
                                     (entry(1, 0) - entry(0, 1)) / 2.0};
    const double sine = std::sqrt(dot(axis, axis));
    const double cosine = (entry(0, 0) + entry(1, 1) + entry(2, 2) - 1.0) / 2.0;
    const double factor = sine > 0.0 ? std::atan2(sine, cosine) / sine : 0.0;
    return {static_cast<float>(axis[0] * factor), static_cast<float>(axis[1] * factor),
            static_cast<float>(axis[2] * factor)};
}

}  // namespace

void GroundMotion::tick(const Transform3D& place) noexcept {
    has_changed_ = has_place_ && !(place == place_);
    if (has_changed_) {
        left_ = now_;
        turn_ = turn_between(place_.basis, place.basis);
        ticks_of_ = still_ + 1;
    }
    before_ = now_;
    if (has_changed_ || !has_place_) now_ = NodeSpace(place);
    if (!std::exchange(has_place_, true)) before_ = now_;
    place_ = place;
    if (has_changed_) {
        changes_ = std::min(changes_ + 1, kChangesOfMotion);
        still_ = 0;
    } else if (++still_ >= kTicksOfRest) {
        changes_ = 0;
        still_ = kTicksOfRest;
    }
}

Vector3 GroundMotion::velocity_at(const Vector3& global, double ticks_per_second) const noexcept {
    if (!is_moving() || !has_changed_) return {};
    const Vector3 way = global - before_.to_global(now_.to_voxels(global));
    return way * static_cast<float>(ticks_per_second);
}

GroundMotion::Velocity GroundMotion::velocity_of_part(const Vector3& global,
                                                      double ticks_per_second) const noexcept {
    if (!is_moving() || still_ > ticks_of_) return {};
    const auto per_second = static_cast<float>(ticks_per_second / ticks_of_);
    return {(global - left_.to_global(now_.to_voxels(global))) * per_second, turn_ * per_second};
}

}  // namespace nebula::godot
