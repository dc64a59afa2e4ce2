// SPDX-License-Identifier: MIT
// One stored signed distance, and the sizes everything in this folder shares.
#pragma once

#include <cstdint>

namespace nebula::voxel {

/// Signed distance to the surface in 1/32 voxel: negative inside, positive in air, so it reaches
/// about 4 voxels to either side.
///
/// 0 is never stored. A crossing then lies strictly between two corners and no triangle can
/// collapse onto one (README, "Rules that always hold").
using Sample = std::int8_t;

inline constexpr int kSampleUnitsPerVoxel = 32;
inline constexpr Sample kSampleMax = 127;   ///< Air, far from any surface.
inline constexpr Sample kSampleMin = -127;  ///< Solid, far from any surface.

inline constexpr int kBrickSize = 16;  ///< Edge of a brick, in samples.
inline constexpr int kChunkSize = 32;  ///< Edge of a chunk, in cells.

/// The one sign test. Every classification in this folder goes through it.
[[nodiscard]] constexpr bool is_inside(Sample s) noexcept { return s < 0; }

/// Rounds to the nearest unit, clamps, and keeps the sign: a negative distance stays negative, any
/// other becomes positive. Never 0. NaN becomes air.
[[nodiscard]] constexpr Sample quantize(float distance_in_voxels) noexcept {
    const bool inside = distance_in_voxels < 0.0F;
    const float magnitude = (inside ? -distance_in_voxels : distance_in_voxels) *
                            static_cast<float>(kSampleUnitsPerVoxel);
    int units = kSampleMax;
    // Written so that NaN and infinity stay out. Nothing below 127 is rounded wrongly by adding 0.5
    // but the float just under 0.5, and that becomes 1 here in any case.
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

/// The same distance in the unit of the next coarser level, whose voxel is twice as large. Rounds
/// away from zero and so keeps the sign: two levels that share a corner must agree about it.
[[nodiscard]] constexpr Sample to_coarser_level(Sample s) noexcept {
    const int magnitude = s < 0 ? -int{s} : int{s};
    const int halved = (magnitude + 1) / 2;
    return static_cast<Sample>(s < 0 ? -halved : halved);
}

}  // namespace nebula::voxel
