// SPDX-License-Identifier: MIT
// One stored signed distance, and the sizes that everything in this folder shares.
#pragma once

#include <cstddef>
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
inline constexpr std::size_t kBrickSamples = std::size_t{kBrickSize} * kBrickSize * kBrickSize;

/// The only sign test. Every classification in this folder uses it.
[[nodiscard]] constexpr bool is_inside(Sample s) noexcept { return s < 0; }

/// Rounds to the nearest unit and clamps. A negative distance stays negative; any other becomes
/// positive. The result is never 0. NaN becomes air. Without branches, so that compilers make vector
/// code of it.
[[nodiscard]] constexpr Sample quantize(float distance_in_voxels) noexcept {
    constexpr auto most = static_cast<float>(kSampleMax);
    const float units = distance_in_voxels * static_cast<float>(kSampleUnitsPerVoxel);
    const float magnitude = units < 0.0F ? -units : units;
    // Written so that NaN fails the test. Below 127, adding 0.5 rounds only the float just under 0.5
    // wrongly, and that becomes 1 here in any case.
    const float clamped = magnitude < most ? magnitude : most;
    const int rounded = static_cast<int>(clamped + 0.5F);  // NOLINT(bugprone-incorrect-roundings)
    const int kept = rounded < 1 ? 1 : rounded;
    return static_cast<Sample>(units < 0.0F ? -kept : kept);
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
