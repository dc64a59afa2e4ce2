// SPDX-License-Identifier: MIT
#include "nebula/voxel/raycast.hpp"

#include "nebula/voxel/volume.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <exception>
#include <limits>
#include <utility>

namespace nebula::voxel {

namespace {

struct Vec3d {
    double x, y, z;
};

constexpr double kNever = std::numeric_limits<double>::infinity();

// Steps along a ray through the cells of the world, in order.
class GridWalk {
public:
    // Begins in the cell around the point at distance `start`.
    GridWalk(Vec3d from, Vec3d direction, double start) : entered_(start) {
        const std::array<double, 3> o{from.x, from.y, from.z};
        const std::array<double, 3> d{direction.x, direction.y, direction.z};
        for (std::size_t a = 0; a < 3; ++a) {
            const double cell = std::floor(o[a] + d[a] * start);
            cell_[a] = static_cast<std::int32_t>(cell);
            step_[a] = d[a] > 0 ? 1 : -1;
            const double border = cell + (d[a] > 0 ? 1.0 : 0.0);
            next_[a] = d[a] == 0 ? kNever : (border - o[a]) / d[a];
            stride_[a] = d[a] == 0 ? kNever : 1.0 / std::abs(d[a]);
        }
    }

    [[nodiscard]] Vec3i cell() const { return {cell_[0], cell_[1], cell_[2]}; }
    [[nodiscard]] double entered() const { return entered_; }
    [[nodiscard]] double leaves() const { return next_[nearest()]; }
    void advance() {
        const std::size_t a = nearest();
        // Rounding may put the first border a hair behind the start.
        entered_ = std::max(entered_, next_[a]);
        next_[a] += stride_[a];
        cell_[a] += step_[a];
    }

private:
    [[nodiscard]] std::size_t nearest() const {
        const std::size_t xy = next_[0] <= next_[1] ? 0U : 1U;
        return next_[xy] <= next_[2] ? xy : 2U;
    }

    std::array<std::int32_t, 3> cell_{};
    std::array<std::int32_t, 3> step_{};
    std::array<double, 3> next_{};    // distance to the next border on each axis
    std::array<double, 3> stride_{};  // distance between two borders
    double entered_;
};

// The trilinear blend of a cell's eight corners, in sample units.
struct Cell {
    std::array<float, 8> corner{};  // x + 2 y + 4 z

    [[nodiscard]] bool all_air() const {
        return std::none_of(corner.begin(), corner.end(), [](float c) { return c < 0.0F; });
    }
    [[nodiscard]] float value(Vec3f p) const {
        const auto lerp = [](float a, float b, float t) { return a + t * (b - a); };
        const auto x = [&](std::size_t i) { return lerp(corner[i], corner[i + 1], p.x); };
        return lerp(lerp(x(0), x(2), p.y), lerp(x(4), x(6), p.y), p.z);
    }
    [[nodiscard]] Vec3f gradient(Vec3f p) const {
        const auto mix = [](float a, float b, float c, float d, float s, float t) {
            const float low = a + s * (b - a);
            const float high = c + s * (d - c);
            return low + t * (high - low);
        };
        const auto& c = corner;
        return {mix(c[1] - c[0], c[3] - c[2], c[5] - c[4], c[7] - c[6], p.y, p.z),
                mix(c[2] - c[0], c[3] - c[1], c[6] - c[4], c[7] - c[5], p.x, p.z),
                mix(c[4] - c[0], c[5] - c[1], c[6] - c[2], c[7] - c[3], p.x, p.y)};
    }
};

Vec3d point(Vec3d from, Vec3d direction, double t) {
    return {from.x + direction.x * t, from.y + direction.y * t, from.z + direction.z * t};
}

Vec3f local(Vec3d p, Vec3i cell) {
    const auto in = [](double v, std::int32_t c) {
        return std::clamp(static_cast<float>(v - c), 0.0F, 1.0F);
    };
    return {in(p.x, cell.x), in(p.y, cell.y), in(p.z, cell.z)};
}

Vec3f normalised(Vec3f v, Vec3f otherwise) {
    const float length = std::sqrt(dot(v, v));
    return length > 0.0F ? v * (1.0F / length) : otherwise;
}

// A blend of eight corners is a cubic along the ray: up to three roots. Four pieces find the first
// one unless two roots share a piece, a graze thinner than a quarter of a voxel's chord.
constexpr int kPieces = 4;
constexpr int kBisections = 16;

}  // namespace

// Coordinates apart from samples: a search touches a few lines, not a page per brick.
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
        GridWalk cells(from_, direction_, 0.0);
        Vec3i brick = floor_div(cells.cell(), kBrickSize);
        bool empty = proven_empty(brick);
        bool leapt = false;
        while (cells.entered() <= limit_) {
            if (const Vec3i now = floor_div(cells.cell(), kBrickSize); now != brick) {
                brick = now;
                empty = proven_empty(now);
                leapt = false;
            }
            if (!empty) {
                if (auto hit = visit(cells)) return hit;
                cells.advance();
            } else if (!leapt) {
                cells = GridWalk(from_, direction_, far_side(brick, cells.entered()));
                leapt = true;
            } else {
                cells.advance();  // rounding left the leap a hair short of the far side
            }
        }
        return std::nullopt;
    }

private:
    // The brick's cells read its own samples and the first ones of the bricks above it.
    [[nodiscard]] bool proven_empty(Vec3i brick) const {
        Box3i missing;
        for (int i = 0; i < 8; ++i) {
            const Vec3i at = brick + Vec3i{i & 1, (i >> 1) & 1, (i >> 2) & 1};
            const Brick* found = caster_.volume_.find(at);
            if (found == &kAirBrick) continue;
            if (found != nullptr) return false;
            if (missing.empty()) {
                missing = brick_box(brick);
                missing.max = missing.max + Vec3i{1, 1, 1};
            }
        }
        return missing.empty() || caster_.volume_.generator().bounds(missing).all_air();
    }

    [[nodiscard]] double far_side(Vec3i brick, double entered) const {
        double t = kNever;
        const auto axis = [&](double o, double d, std::int32_t b) {
            if (d != 0.0) t = std::min(t, ((b + (d > 0 ? 1 : 0)) * double{kBrickSize} - o) / d);
        };
        axis(from_.x, direction_.x, brick.x);
        axis(from_.y, direction_.y, brick.y);
        axis(from_.z, direction_.z, brick.z);
        return std::max(t, entered);
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
        if (value(enter) < 0.0F) return hit(cell, at, enter);
        double outside = enter;
        for (int i = 1; i <= kPieces; ++i) {
            double inside = enter + (leave - enter) * i / kPieces;
            if (value(inside) >= 0.0F) {
                outside = inside;
                continue;
            }
            for (int b = 0; b < kBisections; ++b) {
                const double middle = 0.5 * (outside + inside);
                (value(middle) < 0.0F ? inside : outside) = middle;
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
                // Deep inside the ground there is no gradient: then straight back.
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
        // Neighbouring corners mostly lie in one brick.
        if (last_ == nullptr || last_coordinate_ != brick) {
            last_ = &caster_.brick(brick);
            last_coordinate_ = brick;
        }
        return *last_;
    }

    Raycaster& caster_;
    Vec3d from_;
    Vec3d direction_;
    double limit_;
    const Brick* last_ = nullptr;
    Vec3i last_coordinate_;
};

Raycaster::Raycaster(const Volume& volume) : volume_(volume), cache_(std::make_unique<Cache>()) {}

Raycaster::~Raycaster() = default;

const Brick& Raycaster::brick(Vec3i coordinate) {
    if (const Brick* found = volume_.find(coordinate); found != nullptr) return *found;
    // Pristine samples never change, so a cached brick is right for as long as the volume has none.
    const auto cached = std::find(cache_->coordinate.begin(), cache_->coordinate.end(), coordinate);
    if (cached != cache_->coordinate.end())
        return cache_->samples[static_cast<std::size_t>(cached - cache_->coordinate.begin())];
    const std::size_t victim = cache_->next_victim;
    cache_->next_victim = (victim + 1) % kCachedBricks;
    cache_->coordinate[victim].reset();  // in case the generator throws
    volume_.generator().generate(brick_box(coordinate), cache_->samples[victim].samples.data(),
                                 kBrickSize, kBrickSize * kBrickSize);
    cache_->coordinate[victim] = coordinate;
    return cache_->samples[victim];
}

tl::expected<std::optional<RayHit>, VoxelError> Raycaster::cast(Vec3f from, Vec3f direction,
                                                                float max_distance) {
    using Kind = VoxelError::Kind;
    if (auto error = check_position(from, "the ray's origin"))
        return tl::unexpected(std::move(*error));
    if (!std::isfinite(direction.x) || !std::isfinite(direction.y) || !std::isfinite(direction.z))
        return tl::unexpected(VoxelError{Kind::NotFinite, "the ray's direction is not finite"});
    if (!std::isfinite(max_distance))
        return tl::unexpected(VoxelError{Kind::NotFinite, "the ray's length is not finite"});
    if (max_distance < 0.0F || max_distance > kMaxRayDistance)
        return tl::unexpected(
            VoxelError{Kind::OutOfRange, "the ray's length must lie in [0, 10000]"});
    const Vec3d d{direction.x, direction.y, direction.z};
    const double length = std::sqrt(d.x * d.x + d.y * d.y + d.z * d.z);  // no float overflows it
    if (length == 0.0)
        return tl::unexpected(VoxelError{Kind::ZeroDirection, "the ray's direction is zero"});
    try {
        return Walk(*this, {from.x, from.y, from.z}, {d.x / length, d.y / length, d.z / length},
                    max_distance)
            .run();
    } catch (const std::exception& e) {
        return tl::unexpected(VoxelError{Kind::GeneratorFailed, e.what()});
    } catch (...) {
        return tl::unexpected(VoxelError{Kind::GeneratorFailed, "unknown exception"});
    }
}

}  // namespace nebula::voxel
