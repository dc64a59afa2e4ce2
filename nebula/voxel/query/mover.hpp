// SPDX-License-Identifier: MIT
// Moves spheres and capsules over the ground, from the samples. It needs no collider and no physics
// engine.
#pragma once

#include "nebula/voxel/query/detail/closest.hpp"
#include "nebula/voxel/space/vec.hpp"
#include "nebula/voxel/space/voxel_error.hpp"

#include <tl/expected.hpp>

#include <memory>
#include <optional>
#include <vector>

namespace nebula::voxel {

class Volume;
namespace detail {
class BrickCache;
}

inline constexpr float kMaxSweepDistance = 1000.0F;  ///< In voxels, as the others.
inline constexpr float kMaxCapsuleRadius = 16.0F;
inline constexpr float kMaxCapsuleLength = 64.0F;  ///< From `a` to `b`.
inline constexpr float kMaxNearestDistance = 32.0F;
/// How near to the ground a sweep ends, in voxels: never farther than this, never in it.
inline constexpr float kSweepGap = 1.0F / 512.0F;

/// All points within `radius` of the segment from `a` to `b`; a sphere if those are equal.
struct Capsule {
    Vec3f a;
    Vec3f b;
    float radius = 0.5F;
};

struct Contact {
    Vec3f position;         ///< On the ground.
    Vec3f normal;           ///< Of unit length, from the ground to the capsule.
    float distance = 0.0F;  ///< How far the capsule gets before it touches.
    float depth = 0.0F;  ///< How far it must move along `normal` to touch no more; 0 after a sweep.
};

struct SurfacePoint {
    Vec3f position;
    Vec3f normal;           ///< Of its triangle, into the air.
    float distance = 0.0F;  ///< Negative if the question came from inside the ground.
};

/// Answers from the triangles of the finest mesh, whatever is shown and whatever physics holds; an
/// edit counts from its call on.
///
/// Lengths are in the caller's unit, in which a voxel has the edges of set_voxel_size; positions are
/// from the terrain's origin along its axes. So a sphere stays a sphere where voxels are no cubes.
///
/// Threads:   owner thread of the volume.
/// Cost:      of a capsule of human size that moves by a voxel, 1 to 3 us; in proportion to the cells
///            that it sweeps. Bricks that the volume lacks are generated.
/// Lifetime:  borrows the volume.
class Mover {
public:
    explicit Mover(const Volume& volume);
    ~Mover();
    Mover(const Mover&) = delete;
    Mover& operator=(const Mover&) = delete;

    /// The edges of a voxel; 1 each until it is called. \pre all are finite and above 0.
    void set_voxel_size(Vec3f size) noexcept { size_ = size; }

    /// Moves a capsule until it touches the ground, or nothing if it does not. It ends with a gap of
    /// at most kSweepGap voxels. What it touches at the start holds it up only if it moves into that,
    /// so it may leave and slide. The back of a surface holds up nothing: what is in the ground can
    /// get out.
    /// Errors: NotFinite, OutsideWorld, OutOfRange (radius, length, motion), GeneratorFailed,
    /// OutOfMemory.
    [[nodiscard]] tl::expected<std::optional<Contact>, VoxelError> sweep(const Capsule& capsule,
                                                                         Vec3f motion);
    /// Where a capsule is deepest in the ground, or nothing. To be moved out, apply it and ask again:
    /// another contact may be left. Errors as for sweep.
    [[nodiscard]] tl::expected<std::optional<Contact>, VoxelError> overlap(const Capsule& capsule);
    /// Errors: NotFinite, OutsideWorld, OutOfRange (`max_distance`), GeneratorFailed, OutOfMemory.
    [[nodiscard]] tl::expected<std::optional<SurfacePoint>, VoxelError> nearest_surface(
        Vec3f position, float max_distance);
    /// The trilinear blend of the samples around a position, in voxels: about the distance to the
    /// ground, negative inside, if that is below 4. Errors: NotFinite, OutsideWorld, GeneratorFailed.
    [[nodiscard]] tl::expected<float, VoxelError> sample(Vec3f position);

private:
    /// Positions relative to an origin, for the precision of floats.
    struct Place {
        double x, y, z;
    };
    [[nodiscard]] std::optional<VoxelError> check(const Capsule& capsule) const;
    void collect(const Place& origin, const Aabb& box);
    [[nodiscard]] std::optional<Contact> deepest(Vec3f a, Vec3f b, float radius) const;
    [[nodiscard]] float blend(Vec3f position);

    std::unique_ptr<detail::BrickCache> bricks_;
    Vec3f size_{1.0F, 1.0F, 1.0F};
    std::vector<detail::QueryTriangle> triangles_;  // of the last collect()
};

}  // namespace nebula::voxel
