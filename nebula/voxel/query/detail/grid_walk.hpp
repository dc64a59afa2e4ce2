// SPDX-License-Identifier: MIT
// Visits the cells that a ray passes, in order. README, "Raycasts", proves that the walk ends.
#pragma once

#include "nebula/voxel/space/vec.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>

namespace nebula::voxel::detail {

struct Vec3d {
    double x, y, z;
};

/// The position of a ray: a cell, and the distance at which the ray entered it.
///
/// The cell is the state, and the distance follows from it, never the other way round. On each axis
/// the cell moves only in the ray's direction, and each call moves it on at least one axis. So
/// rounding cannot bring a cell back.
///
/// Cost:      some 3 ns per step.
class GridWalk {
public:
    /// Begins in the cell that contains `from`; a cell includes its lower borders. `direction` is
    /// of unit length.
    GridWalk(Vec3d from, Vec3d direction)
        : from_{from.x, from.y, from.z}, direction_{direction.x, direction.y, direction.z} {
        for (std::size_t a = 0; a < 3; ++a) {
            inverse_[a] = direction_[a] == 0 ? 0.0 : 1.0 / direction_[a];
            cell_[a] = static_cast<std::int32_t>(std::floor(from_[a]));
            next_[a] = distance_to_border(a, cell_[a], cell_[a] + 1);
        }
    }

    [[nodiscard]] Vec3i cell() const { return {cell_[0], cell_[1], cell_[2]}; }
    /// The distance from the ray's start to this cell. Never decreases.
    [[nodiscard]] double entered() const { return entered_; }
    [[nodiscard]] double leaves() const { return next_[nearest(next_)]; }

    /// If the ray leaves its cell so close to a lattice edge that rounding decides on which side of
    /// it: the step to the other side, from this cell and from the next one.
    [[nodiscard]] std::optional<Vec3i> around_the_edge() const {
        const std::size_t exit = nearest(next_);
        const double rounding = kRounding * (1.0 + next_[exit]);
        for (std::size_t a = 0; a < 3; ++a) {
            // Without a direction there is no rounding.
            if (a == exit || direction_[a] == 0) continue;
            const double at = (from_[a] - cell_[a]) + direction_[a] * next_[exit];
            if (at > rounding && at < 1.0 - rounding) continue;
            // Not near two edges: there is no surface at a corner.
            std::array<std::int32_t, 3> step{};
            step[a] = at < 0.5 ? -1 : 1;
            return Vec3i{step[0], step[1], step[2]};
        }
        return std::nullopt;
    }

    /// Moves to the next cell.
    void advance() {
        const std::size_t a = nearest(next_);
        // Rounding may put the first border slightly behind the start.
        entered_ = std::max(entered_, next_[a]);
        // Axis by axis, so that the processor guesses the axis and need not wait for it.
        if (a == 0) {
            step(0);
        } else if (a == 1) {
            step(1);
        } else {
            step(2);
        }
    }

    /// Moves to the first cell beyond a box that contains this one.
    void leave(const Box3i& box) {
        const std::array<std::int32_t, 3> min{box.min.x, box.min.y, box.min.z};
        const std::array<std::int32_t, 3> max{box.max.x, box.max.y, box.max.z};
        std::array<double, 3> out{};
        for (std::size_t a = 0; a < 3; ++a) out[a] = distance_to_border(a, min[a], max[a]);
        const std::size_t exit = nearest(out);
        entered_ = std::max(entered_, out[exit]);
        for (std::size_t a = 0; a < 3; ++a) {
            if (direction_[a] == 0) continue;
            const bool up = direction_[a] > 0;
            if (a == exit) {
                cell_[a] = up ? max[a] : min[a] - 1;
            } else {
                // The ray has not left the box on this axis, and rounding must not say otherwise.
                const double at = std::floor(from_[a] + direction_[a] * entered_);
                cell_[a] = static_cast<std::int32_t>(
                    up ? std::clamp(at, double{1} * cell_[a], double{1} * (max[a] - 1))
                       : std::clamp(at, double{1} * min[a], double{1} * cell_[a]));
            }
            next_[a] = distance_to_border(a, cell_[a], cell_[a] + 1);
        }
    }

private:
    // Inlined where the axis is known: the cell is written and read as single numbers.
    void step(std::size_t a) {
        cell_[a] += direction_[a] > 0 ? 1 : -1;
        next_[a] = distance_to_border(a, cell_[a], cell_[a] + 1);
    }

    // What is computed for a ray is wrong by less, in parts of 1 + the distance from its start.
    static constexpr double kRounding = 1e-12;

    // The distance to the one of the borders `low` and `high` towards which the ray runs.
    [[nodiscard]] double distance_to_border(std::size_t a, std::int32_t low,
                                            std::int32_t high) const {
        if (direction_[a] == 0) return std::numeric_limits<double>::infinity();
        return ((direction_[a] > 0 ? high : low) - from_[a]) * inverse_[a];
    }
    [[nodiscard]] static std::size_t nearest(const std::array<double, 3>& distances) {
        const std::size_t xy = distances[0] <= distances[1] ? 0U : 1U;
        return distances[xy] <= distances[2] ? xy : 2U;
    }

    std::array<double, 3> from_;
    std::array<double, 3> direction_;
    std::array<double, 3> inverse_{};  // of the direction: finite, as no float is so small
    std::array<std::int32_t, 3> cell_{};
    std::array<double, 3> next_{};  // distance to the next border on each axis
    double entered_ = 0.0;
};

}  // namespace nebula::voxel::detail
