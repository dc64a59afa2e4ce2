// SPDX-License-Identifier: MIT
// A sphere in one brick, in registers.
#pragma once

#include "nebula/voxel/field/brick.hpp"

#include <array>
#include <cstdint>

namespace nebula::voxel::detail {

/// Which samples of a brick's rows have changed: bit x is set if sample x of some row has. By whether
/// the row lies on a border along y (1), and along z (2).
using ChangedColumns = std::array<std::uint32_t, 4>;

struct SphereInBrick {
    using Offsets = std::array<float, kBrickSize>;
    /// From the centre to the brick's columns, rows and layers, in voxels of its level.
    alignas(64) Offsets dx, dy, dz;
    float radius;
    float reach;  ///< Farther from the centre than this, no sample changes.
    bool dig;
    int first_y, end_y, first_z, end_z;  ///< The rows that may change.
    std::uint32_t border_y, border_z;    ///< Bit i: row or layer i lies on a border.
};

/// `max(sample, radius - distance)` to dig, `min(sample, distance - radius)` to add. The bytes are the
/// same at every SIMD level: a sum, a product and a square root are rounded in only one way.
void paint_sphere(const SphereInBrick& sphere, Brick& brick, ChangedColumns& changed) noexcept;

}  // namespace nebula::voxel::detail
