// SPDX-License-Identifier: MIT
// One stored signed distance, and the sizes that everything in this folder shares.
#pragma once

#include <cstdint>

namespace nebula::voxel {

/// Signed distance to the surface in units of 1/32 voxel, negative inside and positive in air. It
/// reaches about 4 voxels to either side.
///
/// 0 is never stored, so a crossing lies strictly between two corners, and no triangle can collapse
/// onto a corner (README, "Rules that always hold").
using Sample = std::int8_t;

inline constexpr int kSampleUnitsPerVoxel = 32;
inline constexpr Sample kSampleMax = 127;   ///< Air, far from any surface.
inline constexpr Sample kSampleMin = -127;  ///< Solid, far from any surface.

inline constexpr int kBrickSize = 16;  ///< Edge of a brick, in samples.
inline constexpr int kChunkSize = 32;  ///< Edge of a chunk, in cells.

/// The only sign test. Every classification in this folder uses it.
[[nodiscard]] constexpr bool is_inside(Sample s) noexcept { return s < 0; }

/// Rounds to the nearest unit and clamps. A negative distance stays negative; any other becomes
/// positive. The result is never 0. NaN becomes air.
[[nodiscard]] constexpr Sample quantize(float distance_in_voxels) noexcept {
    const bool inside = distance_in_voxels < 0.0F;
    const float magnitude = (inside ? -distance_in_voxels : distance_in_voxels) *
                            static_cast<float>(kSampleUnitsPerVoxel);
    int units = kSampleMax;
    // Written so that NaN and infinity fail the test. Below 127, adding 0.5 rounds only the float
    // just under 0.5 wrongly, and that becomes 1 here in any case.
    if (magnitude < static_cast<float>(kSampleMax)) {
        units = static_cast<int>(magnitude + 0.5F);  // NOLINT(bugprone-incorrect-roundings)
    }
    const int kept = units < 1 ? 1 : units;
    return static_cast<Sample>(inside ? -kept : kept);
}

/// In voxels.
[[nodiscard]] constexpr float to_distance(Sample s) noexcept {
    return static_cast<float>(s) / static_cast<float>(kSampleUnitsPerVoxel);
}

/// The same distance in the unit of the next coarser level, whose voxels are twice as large. Rounds
/// away from zero, which keeps the sign: two levels that share a corner must agree about it.
[[nodiscard]] constexpr Sample to_coarser_level(Sample s) noexcept {
    const int magnitude = s < 0 ? -int{s} : int{s};
    const int halved = (magnitude + 1) / 2;
    return static_cast<Sample>(s < 0 ? -halved : halved);
}

}  // namespace nebula::voxel
