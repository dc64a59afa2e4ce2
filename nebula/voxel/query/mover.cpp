// SPDX-License-Identifier: MIT
#include "nebula/voxel/query/mover.hpp"

#include "nebula/base/assert.hpp"
#include "nebula/voxel/field/sample.hpp"
#include "nebula/voxel/field/volume.hpp"
#include "nebula/voxel/mesh/cell_triangles.hpp"
#include "nebula/voxel/query/detail/brick_cache.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

namespace nebula::voxel {

namespace {

using detail::Closest;
using detail::QueryTriangle;

// A long way is swept in pieces, so that few cells lie beside it. In voxels.
constexpr float kPiece = 4.0F;
// A slope of at most this is no motion into a surface.
constexpr float kSliding = 1e-4F;
constexpr int kMostNewtonSteps = 64;

bool is_finite(Vec3f v) { return std::isfinite(v.x) && std::isfinite(v.y) && std::isfinite(v.z); }
float length(Vec3f v) { return std::sqrt(dot(v, v)); }
Vec3f unit(Vec3f v) {
    const float l = length(v);
    return l > 0.0F ? v * (1.0F / l) : Vec3f{0, 1, 0};
}
Vec3f over(Vec3f a, Vec3f b) { return {a.x / b.x, a.y / b.y, a.z / b.z}; }
float smallest(Vec3f v) { return std::min({v.x, v.y, v.z}); }

Aabb around(Vec3f a, Vec3f b, Vec3f reach) {
    return {Vec3f{std::min(a.x, b.x), std::min(a.y, b.y), std::min(a.z, b.z)} - reach,
            Vec3f{std::max(a.x, b.x), std::max(a.y, b.y), std::max(a.z, b.z)} + reach};
}

// Of the way from a triangle: below 0 if it begins on its back. 1 where it begins on its face.
float facing(const QueryTriangle& t, const Closest& c) {
    const float scale = std::sqrt(c.squared * dot(t.normal, t.normal));
    return scale > 0.0F ? dot(c.way, t.normal) / scale : 0.0F;
}

// How far a capsule gets before it touches a triangle, if it would come closer than half the gap
// within `most`. It stops where the gap is whole: so it may slide over an uneven ground later, whose
// next triangle is a rounding error higher.
//
// The distance between two convex things is a convex function of the way that one of them moves. So
// where its tangent meets the wanted distance, the function does not lie below that yet: Newton's steps
// come from one side and never go too far.
std::optional<Contact> meet(const QueryTriangle& triangle, Vec3f axis, float radius,
                            Vec3f direction, float gap, float most) {
    std::optional<Contact> stop;
    float t = 0.0F;
    for (int step = 0; step < kMostNewtonSteps; ++step) {
        const Vec3f at = direction * t;
        const Closest near = detail::closest(triangle, at, at + axis);
        const float distance = std::sqrt(near.squared);
        if (distance == 0.0F || facing(triangle, near) < -1e-3F) return std::nullopt;
        const float slope = dot(direction, near.way) / distance;
        if (slope > (t == 0.0F ? -kSliding : -1e-7F)) return std::nullopt;  // nor ever nearer
        const float left = distance - radius;
        if (left <= gap && !stop)
            stop = Contact{near.position, near.way * (1.0F / distance), t, 0.0F};
        if (left <= 0.51F * gap) return stop;
        t += (left - (stop ? 0.5F : 0.95F) * gap) / -slope;
        if (t > most) return std::nullopt;
    }
    return stop;
}

VoxelError out_of_range(const char* what) { return {VoxelError::Kind::OutOfRange, what}; }

}  // namespace

Mover::Mover(const Volume& volume) : bricks_(std::make_unique<detail::BrickCache>(volume)) {}

Mover::~Mover() = default;

std::optional<VoxelError> Mover::check(const Capsule& capsule) const {
    for (const Vec3f end : {capsule.a, capsule.b})
        if (auto error = check_position(over(end, size_), "a point of the shape")) return error;
    if (!std::isfinite(capsule.radius))
        return VoxelError{VoxelError::Kind::NotFinite, "the radius is not finite"};
    if (!(capsule.radius > 0.0F && capsule.radius <= kMaxCapsuleRadius * smallest(size_)))
        return out_of_range("the radius must be above 0 and at most 16 voxels");
    if (length(over(capsule.b - capsule.a, size_)) > kMaxCapsuleLength)
        return out_of_range("the capsule must be at most 64 voxels long");
    return std::nullopt;
}

// The triangles in the cells that a box touches.
void Mover::collect(const Place& origin, const Aabb& box) {
    triangles_.clear();
    const auto cell = [](double at, float edge) {
        return static_cast<std::int32_t>(std::floor(at / double{edge}));
    };
    const Vec3i low{cell(origin.x + double{box.min.x}, size_.x),
                    cell(origin.y + double{box.min.y}, size_.y),
                    cell(origin.z + double{box.min.z}, size_.z)};
    const Vec3i high = Vec3i{1, 1, 1} + Vec3i{cell(origin.x + double{box.max.x}, size_.x),
                                              cell(origin.y + double{box.max.y}, size_.y),
                                              cell(origin.z + double{box.max.z}, size_.z)};
    const auto take = [&](Vec3i at) {
        const CellCorners corners = bricks_->corners(at);
        const unsigned signs = case_of(corners);
        if (signs == 0 || signs == 0xFFU) return;
        const CellTriangles cell_triangles(corners);
        for (std::size_t i = 0; i < cell_triangles.count(); ++i) {
            std::array<Vec3f, 3> p = cell_triangles[i];
            for (Vec3f& v : p)
                v = {static_cast<float>((at.x + double{v.x}) * double{size_.x} - origin.x),
                     static_cast<float>((at.y + double{v.y}) * double{size_.y} - origin.y),
                     static_cast<float>((at.z + double{v.z}) * double{size_.z} - origin.z)};
            triangles_.emplace_back(p);
        }
    };
    const Vec3i first = floor_div(low, kBrickSize);
    const Vec3i last = floor_div(high - Vec3i{1, 1, 1}, kBrickSize);
    for (std::int32_t bz = first.z; bz <= last.z; ++bz)
        for (std::int32_t by = first.y; by <= last.y; ++by)
            for (std::int32_t bx = first.x; bx <= last.x; ++bx) {
                if (bricks_->proven_empty({bx, by, bz})) continue;
                const Box3i part = intersection({low, high}, brick_region({{bx, by, bz}}).box);
                for (std::int32_t z = part.min.z; z < part.max.z; ++z)
                    for (std::int32_t y = part.min.y; y < part.max.y; ++y)
                        for (std::int32_t x = part.min.x; x < part.max.x; ++x) take({x, y, z});
            }
}

tl::expected<std::optional<Contact>, VoxelError> Mover::sweep(const Capsule& capsule,
                                                              Vec3f motion) {
    NEBULA_ASSERT(bricks_->volume().is_owner_thread(),
                  "Mover::sweep was not called on the owner thread");
    if (auto error = check(capsule)) return tl::unexpected(std::move(*error));
    if (!is_finite(motion))
        return tl::unexpected(VoxelError{VoxelError::Kind::NotFinite, "the motion is not finite"});
    if (length(over(motion, size_)) > kMaxSweepDistance)
        return tl::unexpected(out_of_range("the motion must be at most 1000 voxels long"));
    if (auto error = check_position(over(capsule.a + motion, size_), "the end of the motion"))
        return tl::unexpected(std::move(*error));
    const float whole = length(motion);
    const Vec3f direction = whole > 0.0F ? motion * (1.0F / whole) : Vec3f{};
    const float voxel = smallest(size_);
    const float gap = kSweepGap * voxel;
    const float reach = capsule.radius + gap;
    const Vec3f axis = capsule.b - capsule.a;
    try {
        bricks_->forget();
        for (float begun = 0.0F; begun < whole; begun += kPiece * voxel) {
            const float rest = std::min(kPiece * voxel, whole - begun);
            const Place origin{double{capsule.a.x} + double{direction.x} * double{begun},
                               double{capsule.a.y} + double{direction.y} * double{begun},
                               double{capsule.a.z} + double{direction.z} * double{begun}};
            const Vec3f way = direction * rest;
            Aabb box = around({}, axis, {reach, reach, reach});
            const Aabb moved = around(way, axis + way, {reach, reach, reach});
            box.min = {std::min(box.min.x, moved.min.x), std::min(box.min.y, moved.min.y),
                       std::min(box.min.z, moved.min.z)};
            box.max = {std::max(box.max.x, moved.max.x), std::max(box.max.y, moved.max.y),
                       std::max(box.max.z, moved.max.z)};
            collect(origin, box);
            float best = rest;
            std::optional<Contact> contact;
            for (const QueryTriangle& triangle : triangles_)
                if (const auto met = meet(triangle, axis, capsule.radius, direction, gap, best)) {
                    best = met->distance;
                    contact = met;
                }
            if (!contact) continue;
            contact->position = {static_cast<float>(origin.x + double{contact->position.x}),
                                 static_cast<float>(origin.y + double{contact->position.y}),
                                 static_cast<float>(origin.z + double{contact->position.z})};
            contact->distance += begun;
            return contact;
        }
        return std::nullopt;
    } catch (...) {
        return tl::unexpected(error_of_current_exception());
    }
}

// Of the triangles in reach, relative to the origin of collect().
std::optional<Contact> Mover::deepest(Vec3f a, Vec3f b, float radius) const {
    // The nearest one knows whether the axis is in the ground. Of several that share the nearest
    // point, the one that the way leaves most squarely.
    const QueryTriangle* nearest = nullptr;
    Closest way{{}, {}, radius * radius};
    float side = 0.0F;
    for (const QueryTriangle& triangle : triangles_) {
        const Closest near = detail::closest(triangle, a, b);
        const float rounding = 1e-5F * way.squared;
        const float here = facing(triangle, near);
        if (near.squared >= way.squared + rounding ||
            (near.squared > way.squared - rounding && std::abs(here) <= std::abs(side)))
            continue;
        nearest = &triangle;
        way = near;
        side = here;
    }
    if (nearest == nullptr) return std::nullopt;
    if (const float distance = std::sqrt(way.squared); distance > 0.0F && side > 0.0F)
        return Contact{way.position, way.way * (1.0F / distance), 0.0F, radius - distance};
    // Out, until both ends are in front of it.
    const Vec3f out = unit(nearest->normal);
    const float lower = std::min(dot(out, a - nearest->p[0]), dot(out, b - nearest->p[0]));
    return Contact{way.position, out, 0.0F, radius - lower};
}

tl::expected<std::optional<Contact>, VoxelError> Mover::overlap(const Capsule& capsule) {
    NEBULA_ASSERT(bricks_->volume().is_owner_thread(),
                  "Mover::overlap was not called on the owner thread");
    if (auto error = check(capsule)) return tl::unexpected(std::move(*error));
    const float reach = capsule.radius;
    const Vec3f axis = capsule.b - capsule.a;
    try {
        bricks_->forget();
        collect({double{capsule.a.x}, double{capsule.a.y}, double{capsule.a.z}},
                around({}, axis, {reach, reach, reach}));
        auto contact = deepest({}, axis, capsule.radius);
        if (contact) {
            contact->position = contact->position + capsule.a;
            return contact;
        }
        // Deep in the ground no surface is in reach.
        const Vec3f middle = capsule.a + axis * 0.5F;
        const float at_middle = blend(middle);
        if (at_middle >= 0.0F) return std::nullopt;
        const Vec3f step = size_ * 0.5F;
        const auto slope = [&](Vec3f d) { return blend(middle + d) - blend(middle - d); };
        const Vec3f up =
            unit({slope({step.x, 0, 0}), slope({0, step.y, 0}), slope({0, 0, step.z})});
        return Contact{middle, up, 0.0F,
                       capsule.radius + length(axis) - at_middle * smallest(size_)};
    } catch (...) {
        return tl::unexpected(error_of_current_exception());
    }
}

tl::expected<std::optional<SurfacePoint>, VoxelError> Mover::nearest_surface(Vec3f position,
                                                                             float max_distance) {
    NEBULA_ASSERT(bricks_->volume().is_owner_thread(),
                  "Mover::nearest_surface was not called on the owner thread");
    if (auto error = check_position(over(position, size_), "the position"))
        return tl::unexpected(std::move(*error));
    if (!std::isfinite(max_distance))
        return tl::unexpected(
            VoxelError{VoxelError::Kind::NotFinite, "the distance is not finite"});
    const float voxel = smallest(size_);
    if (max_distance < 0.0F || max_distance > kMaxNearestDistance * voxel)
        return tl::unexpected(out_of_range("the distance must be from 0 to 32 voxels"));
    try {
        bricks_->forget();
        for (float reach = std::min(2.0F * voxel, max_distance);;
             reach = std::min(reach * 2.0F, max_distance)) {
            collect({double{position.x}, double{position.y}, double{position.z}},
                    {Vec3f{} - Vec3f{reach, reach, reach}, {reach, reach, reach}});
            Closest best{{}, {}, reach * reach * 1.000001F};
            float best_facing = 0.0F;
            const QueryTriangle* of = nullptr;
            for (const QueryTriangle& triangle : triangles_) {
                const Closest near = detail::closest(triangle, {}, {});
                // Triangles that share the nearest point differ by rounding. The one that faces the
                // position most squarely knows on which side it is.
                const float rounding = 1e-5F * best.squared + 1e-12F;
                const float side = facing(triangle, near);
                if (near.squared > best.squared + rounding) continue;
                if (of != nullptr && near.squared > best.squared - rounding &&
                    std::abs(side) <= std::abs(best_facing))
                    continue;
                best = near;
                best_facing = side;
                of = &triangle;
            }
            if (of != nullptr) {
                const float distance = std::sqrt(best.squared);
                return SurfacePoint{position + best.position, unit(of->normal),
                                    best_facing < 0.0F ? -distance : distance};
            }
            if (reach >= max_distance) return std::nullopt;
        }
    } catch (...) {
        return tl::unexpected(error_of_current_exception());
    }
}

tl::expected<float, VoxelError> Mover::sample(Vec3f position) {
    NEBULA_ASSERT(bricks_->volume().is_owner_thread(),
                  "Mover::sample was not called on the owner thread");
    if (auto error = check_position(over(position, size_), "the position"))
        return tl::unexpected(std::move(*error));
    try {
        bricks_->forget();
        return blend(position);
    } catch (...) {
        return tl::unexpected(error_of_current_exception());
    }
}

float Mover::blend(Vec3f position) {
    const Vec3f at = over(position, size_);
    const Vec3i cell{static_cast<std::int32_t>(std::floor(at.x)),
                     static_cast<std::int32_t>(std::floor(at.y)),
                     static_cast<std::int32_t>(std::floor(at.z))};
    const CellCorners c = bricks_->corners(cell);
    const auto mix = [](float a, float b, float t) { return a + t * (b - a); };
    const float x = at.x - static_cast<float>(cell.x);
    const float y = at.y - static_cast<float>(cell.y);
    const float z = at.z - static_cast<float>(cell.z);
    const auto row = [&](std::size_t i) {
        return mix(to_distance(c[i]), to_distance(c[i + 1]), x);
    };
    return mix(mix(row(0), row(2), y), mix(row(4), row(6), y), z);
}

}  // namespace nebula::voxel
