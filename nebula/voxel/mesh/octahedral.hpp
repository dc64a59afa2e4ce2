// SPDX-License-Identifier: MIT
// Normals in two 16-bit numbers, as the engine's vertex shaders unpack them.
#pragma once

#include "nebula/voxel/space/vec.hpp"

#include <cstdint>

namespace nebula::voxel {

/// A direction projected onto the octahedron |x| + |y| + |z| = 1. The lower half (z < 0) is folded
/// outwards, and the resulting square is stretched over 0..65535.
struct OctahedralNormal {
    std::uint16_t u = 0;
    std::uint16_t v = 0;

    friend constexpr bool operator==(const OctahedralNormal&, const OctahedralNormal&) = default;
};
static_assert(sizeof(OctahedralNormal) == 4);

/// `direction` need not be of unit length, because the projection divides by the sum of magnitudes.
/// It must not be zero.
[[nodiscard]] OctahedralNormal octahedral_encode(Vec3f direction) noexcept;

/// Of unit length.
[[nodiscard]] Vec3f octahedral_decode(OctahedralNormal packed) noexcept;

}  // namespace nebula::voxel
