// SPDX-License-Identifier: MIT
#include "nebula/voxel/query/raycast.hpp"

#include "nebula/base/assert.hpp"
#include "nebula/voxel/field/volume.hpp"
#include "nebula/voxel/query/detail/grid_walk.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>

namespace nebula::voxel {

namespace {

using detail::GridWalk;
using detail::Vec3d;

// The trilinear blend of a cell's eight corners, in sample units.
struct Cell {
    std::array<double, 8> corner{};  // x + 2 y + 4 z

    [[nodiscard]] bool all_air() const {
        return std::none_of(corner.begin(), corner.end(), [](double c) { return c < 0.0; });
    }
    [[nodiscard]] double value(Vec3d p) const {
        const auto lerp = [](double a, double b, double t) { return a + t * (b - a); };
        const auto x = [&](std::size_t i) { return lerp(corner[i], corner[i + 1], p.x); };
        return lerp(lerp(x(0), x(2), p.y), lerp(x(4), x(6), p.y), p.z);
    }
    [[nodiscard]] Vec3f gradient(Vec3d p) const {
        const auto mix = [](double a, double b, double c, double d, double s, double t) {
            const double low = a + s * (b - a);
            const double high = c + s * (d - c);
            return static_cast<float>(low + t * (high - low));
        };
        const auto& c = corner;
        return {mix(c[1] - c[0], c[3] - c[2], c[5] - c[4], c[7] - c[6], p.y, p.z),
                mix(c[2] - c[0], c[3] - c[1], c[6] - c[4], c[7] - c[5], p.x, p.z),
                mix(c[4] - c[0], c[5] - c[1], c[6] - c[2], c[7] - c[3], p.x, p.y)};
    }
};

// For a polynomial of degree three, given at 0, 1/3, 2/3 and 1: finds where in (0, 1) its slope
// changes sign, in order. Returns how many.
int turning_points(double v0, double v1, double v2, double v3, std::array<double, 2>& at) {
    // Converts the four values to a s^3 + b s^2 + c s + v0.
    const double a = 4.5 * (v3 - 3 * v2 + 3 * v1 - v0);
    const double b = 4.5 * (2 * v0 - 5 * v1 + 4 * v2 - v3);
    const double c = v3 - v0 - a - b;
    // 3 a s^2 + 2 b s + c = 0, by the formula that avoids cancellation.
    const double discriminant = b * b - 3 * a * c;
    if (!(discriminant > 0)) return 0;
    const double q = -(b + std::copysign(std::sqrt(discriminant), b));
    std::array<double, 2> roots{q / (3 * a), c / q};  // not finite where there is only one
    if (roots[0] > roots[1]) std::swap(roots[0], roots[1]);
    int count = 0;
    for (const double root : roots)
        if (root > 0 && root < 1) at[static_cast<std::size_t>(count++)] = root;
    return count;
}

Vec3d point(Vec3d from, Vec3d direction, double t) {
    return {from.x + direction.x * t, from.y + direction.y * t, from.z + direction.z * t};
}

Vec3d local(Vec3d p, Vec3i cell) {
    const auto in = [](double v, std::int32_t c) { return std::clamp(v - c, 0.0, 1.0); };
    return {in(p.x, cell.x), in(p.y, cell.y), in(p.z, cell.z)};
}

Vec3f normalised(Vec3f v, Vec3f otherwise) {
    const float length = std::sqrt(dot(v, v));
    return length > 0.0F ? v * (1.0F / length) : otherwise;
}

constexpr int kBisections = 20;

}  // namespace

// Coordinates are kept apart from samples, so a search touches a few lines, not a page per brick.
struct Raycaster::Cache {
    std::array<std::optional<Vec3i>, kCachedBricks> coordinate;
    std::array<Brick, kCachedBricks> samples;
    std::size_t next_victim = 0;
};

// One cast.
class Raycaster::Walk {
public:
    Walk(Raycaster& caster, Vec3d from, Vec3d direction, double limit)
        : caster_(caster), from_(from), direction_(direction), limit_(limit) {}

    std::optional<RayHit> run() {
        GridWalk cells(from_, direction_);
        std::optional<Vec3i> brick;
        bool empty = false;
        for (int steps = 0; cells.entered() <= limit_; ++steps) {
            NEBULA_ASSERT(steps < kStepsPerVoxel * limit_ + 4.0,
                          "a ray exceeded its maximum number of steps");
            if (const Vec3i now = floor_div(cells.cell(), kBrickSize); now != brick) {
                brick = now;
                empty = proven_empty(now);
            }
            if (empty) {
                cells.leave(brick_region({*brick}).box);
            } else {
                if (auto hit = visit(cells)) return hit;
                cells.advance();
            }
        }
        return std::nullopt;
    }

private:
    // The brick's cells read its own samples and the first ones of the bricks above it.
    [[nodiscard]] bool proven_empty(Vec3i brick) const {
        Region missing;
        for (int i = 0; i < 8; ++i) {
            const Vec3i at = brick + Vec3i{i & 1, (i >> 1) & 1, (i >> 2) & 1};
            const Brick* found = caster_.volume_.find({at});
            if (found == &kAirBrick) continue;
            if (found != nullptr) return false;
            if (missing.box.empty()) {
                missing = brick_region({brick});
                missing.box.max = missing.box.max + Vec3i{1, 1, 1};
            }
        }
        return missing.box.empty() || caster_.volume_.generator().bounds(missing).all_air();
    }

    std::optional<RayHit> visit(const GridWalk& cells) {
        const Cell cell = corners(cells.cell());
        if (cell.all_air()) return std::nullopt;
        return search(cell, cells.cell(), cells.entered(), std::min(cells.leaves(), limit_));
    }

    std::optional<RayHit> search(const Cell& cell, Vec3i at, double enter, double leave) const {
        const auto value = [&](double t) {
            return cell.value(local(point(from_, direction_, t), at));
        };
        const double entering = value(enter);
        if (entering < 0.0) return hit(cell, at, enter);
        // Along the ray the blend is a polynomial of degree three. Between its turning points it
        // only rises or only falls, so the first piece that ends below zero contains the first
        // root: no graze is too thin.
        const auto along = [&](double s) { return enter + (leave - enter) * s; };
        const double leaving = value(leave);
        std::array<double, 2> turns{};
        const int count =
            turning_points(entering, value(along(1.0 / 3)), value(along(2.0 / 3)), leaving, turns);
        double outside = enter;
        for (int i = 0; i <= count; ++i) {
            double inside = i < count ? along(turns[static_cast<std::size_t>(i)]) : leave;
            if ((i < count ? value(inside) : leaving) >= 0.0) {
                outside = inside;
                continue;
            }
            for (int b = 0; b < kBisections; ++b) {
                const double middle = 0.5 * (outside + inside);
                (value(middle) < 0.0 ? inside : outside) = middle;
            }
            return hit(cell, at, inside);
        }
        return std::nullopt;
    }

    [[nodiscard]] RayHit hit(const Cell& cell, Vec3i at, double t) const {
        const Vec3d p = point(from_, direction_, t);
        const Vec3f back{static_cast<float>(-direction_.x), static_cast<float>(-direction_.y),
                         static_cast<float>(-direction_.z)};
        return {{static_cast<float>(p.x), static_cast<float>(p.y), static_cast<float>(p.z)},
                // Deep inside the ground there is no gradient; the normal then points back.
                normalised(cell.gradient(local(p, at)), back),
                static_cast<float>(t)};
    }

    [[nodiscard]] Cell corners(Vec3i cell) {
        Cell result;
        for (int i = 0; i < 8; ++i) {
            const Vec3i voxel = cell + Vec3i{i & 1, (i >> 1) & 1, (i >> 2) & 1};
            const Vec3i in = floor_mod(voxel, kBrickSize);
            result.corner[static_cast<std::size_t>(i)] =
                samples(floor_div(voxel, kBrickSize)).at(in.x, in.y, in.z);
        }
        return result;
    }

    const Brick& samples(Vec3i brick) {
        // Neighbouring corners usually lie in the same brick.
        if (last_ == nullptr || last_coordinate_ != brick) {
            last_ = &caster_.brick(brick);
            last_coordinate_ = brick;
        }
        return *last_;
    }

    // On each axis, a ray crosses at most one border more than it advances there, and a diagonal ray
    // advances the square root of 3 times its length on all axes together; README, "Raycasts".
    static constexpr double kStepsPerVoxel = 1.74;

    Raycaster& caster_;
    Vec3d from_;
    Vec3d direction_;
    double limit_;
    const Brick* last_ = nullptr;
    Vec3i last_coordinate_;
};

// For overwrite: the samples are 256 KiB, and to clear their pages costs 0.8 ms.
Raycaster::Raycaster(const Volume& volume)
    : volume_(volume), cache_(std::make_unique_for_overwrite<Cache>()) {}

Raycaster::~Raycaster() = default;

const Brick& Raycaster::brick(Vec3i coordinate) {
    if (const Brick* found = volume_.find({coordinate}); found != nullptr) return *found;
    // Pristine samples never change, so a cached brick is valid as long as the volume has none.
    const auto cached = std::find(cache_->coordinate.begin(), cache_->coordinate.end(), coordinate);
    if (cached != cache_->coordinate.end())
        return cache_->samples[static_cast<std::size_t>(cached - cache_->coordinate.begin())];
    const std::size_t victim = cache_->next_victim;
    cache_->next_victim = (victim + 1) % kCachedBricks;
    cache_->coordinate[victim].reset();  // in case the generator throws
    volume_.generator().generate(brick_region({coordinate}), cache_->samples[victim].samples.data(),
                                 kBrickSize, kBrickSize * kBrickSize);
    cache_->coordinate[victim] = coordinate;
    return cache_->samples[victim];
}

tl::expected<std::optional<RayHit>, VoxelError> Raycaster::cast(Vec3f from, Vec3f direction,
                                                                float max_distance) {
    using Kind = VoxelError::Kind;
    NEBULA_ASSERT(volume_.is_owner_thread(), "Raycaster::cast was not called on the owner thread");
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
        return Walk(*this, {from.x, from.y, from.z}, {d.x / length, d.y / length, d.z / length},
                    max_distance)
            .run();
    } catch (...) {
        return tl::unexpected(error_of_current_exception());
    }
}

}  // namespace nebula::voxel
