// SPDX-License-Identifier: MIT
// The numbers that define the world of a seed. If one of them changes, so does every world.
#pragma once

#include <array>
#include <cstdint>

namespace nebula::voxel::detail {

// Sixteen directions, none along an axis: the sines of 11.25, 33.75, 56.25 and 78.75 degrees. They
// are literals because std::sin may differ between machines in the last bit. The second half are
// the first half negated, and the second quarter is the first one mirrored: registers that are too
// short for the whole table rely on that.
inline constexpr float kS1 = 0.195090322F;
inline constexpr float kS2 = 0.555570233F;
inline constexpr float kS3 = 0.831469612F;
inline constexpr float kS4 = 0.980785280F;
alignas(64) inline constexpr std::array<float, 16> kDirectionX{
    kS4, kS3, kS2, kS1, -kS1, -kS2, -kS3, -kS4, -kS4, -kS3, -kS2, -kS1, kS1, kS2, kS3, kS4};
alignas(64) inline constexpr std::array<float, 16> kDirectionZ{
    kS1, kS2, kS3, kS4, kS4, kS3, kS2, kS1, -kS1, -kS2, -kS3, -kS4, -kS4, -kS3, -kS2, -kS1};

// Unit gradients reach sqrt(n) / 2 at the middle of an n-dimensional cell, and the edge directions
// of three dimensions have length sqrt(2): these scale the noise to [-1, 1].
inline constexpr float kScale2 = 1.41421356F;
inline constexpr float kScale3 = 0.81649658F;

// Steeper slopes are clamped to this, so that a cliff's samples stay usable and saturation is
// provable.
inline constexpr float kMaxSlope = 4.0F;

// Within a distance of r cells along each axis, noise in two dimensions scaled to [-1, 1] strays
// from its tangent plane by at most this times r^2: half its largest second derivative in any such
// direction. The test NoiseBounds.NoCellBendsMore computes it.
inline constexpr float kMaxBend2 = 12.95F;

// What a cell's coordinates are multiplied by before they are hashed.
inline constexpr std::uint32_t kHashX = 0x9E3779B1U;
inline constexpr std::uint32_t kHashZ = 0x85EBCA77U;
inline constexpr std::uint32_t kHashY = 0xC2B2AE3DU;
inline constexpr std::uint32_t kMix1 = 0x7FEB352DU;
inline constexpr std::uint32_t kMix2 = 0x846CA68BU;

[[nodiscard]] constexpr std::uint32_t mix(std::uint32_t h) {
    h ^= h >> 16U;
    h *= kMix1;
    h ^= h >> 15U;
    h *= kMix2;
    h ^= h >> 16U;
    return h;
}

}  // namespace nebula::voxel::detail
