// SPDX-License-Identifier: MIT
// Normals as the engine's compressed surfaces have them: as the axis of a rotation.
#pragma once

#include "nebula/voxel/mesh/octahedral.hpp"
#include "nebula/voxel/space/vec.hpp"

namespace nebula::voxel {

/// A compressed surface has no normal. It has a rotation, as an axis and an angle, that turns the
/// axes x, y and z into tangent, binormal and normal. We always rotate by half a turn: the axis
/// halfway between z and the normal then takes z to the normal, without a sine or an arc cosine,
/// and the tangent costs nothing. The axis never points downwards (z >= 0).
///
/// `normal` need not be of unit length. It must not be zero. The result is a function of `normal`
/// alone, and IEEE 754 rounds every step of it in only one way.
[[nodiscard]] OctahedralNormal half_turn_to(Vec3f normal) noexcept;

/// Of unit length.
[[nodiscard]] Vec3f normal_of_half_turn(OctahedralNormal axis) noexcept;

}  // namespace nebula::voxel
