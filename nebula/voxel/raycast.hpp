// SPDX-License-Identifier: MIT
// Where a ray meets the ground, asked of the samples themselves: no mesh and no collider involved.
#pragma once

#include "nebula/voxel/brick.hpp"
#include "nebula/voxel/vec.hpp"
#include "nebula/voxel/voxel_error.hpp"

#include <tl/expected.hpp>

#include <cstddef>
#include <memory>
#include <optional>

namespace nebula::voxel {

class Volume;

inline constexpr float kMaxRayDistance = 10'000.0F;

struct RayHit {
    Vec3f position;
    Vec3f normal;           ///< Of unit length, into the air.
    float distance = 0.0F;  ///< Along the ray; 0 when it starts inside the ground.
};

/// Casts rays through a volume. An edit is visible to the next ray, before any mesh is.
///
/// The ray visits brick after brick, leaps over those proven empty, and walks the others cell by
/// cell. A cell whose corners differ in sign is searched along the ray for the first root of the
/// trilinear blend of its corners. Nothing is stepped over by trusting a distance, so no thin
/// wall is missed.
///
/// Threads:   owner thread of the volume.
/// Cost:      about 0.1 us per empty brick passed, 10 ns per cell walked. Bricks that the volume
///            lacks are generated once and kept among the last kCachedBricks.
/// Lifetime:  borrows the volume.
class Raycaster {
public:
    static constexpr std::size_t kCachedBricks = 64;

    explicit Raycaster(const Volume& volume);
    ~Raycaster();
    Raycaster(const Raycaster&) = delete;
    Raycaster& operator=(const Raycaster&) = delete;

    /// No hit within `max_distance`: an empty optional. `direction` need not be of unit length.
    /// Errors: NotFinite, OutsideWorld, ZeroDirection, OutOfRange (`max_distance` not in
    /// [0, kMaxRayDistance]), GeneratorFailed.
    [[nodiscard]] tl::expected<std::optional<RayHit>, VoxelError> cast(Vec3f from, Vec3f direction,
                                                                       float max_distance);

private:
    class Walk;
    struct Cache;

    /// The brick's samples, from the volume or else generated.
    [[nodiscard]] const Brick& brick(Vec3i coordinate);

    const Volume& volume_;
    std::unique_ptr<Cache> cache_;
};

}  // namespace nebula::voxel
