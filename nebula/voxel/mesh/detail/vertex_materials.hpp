// SPDX-License-Identifier: MIT
// The material of every vertex. README, "Materials".
#pragma once

#include "nebula/voxel/field/material.hpp"
#include "nebula/voxel/mesh/detail/smooth_kernel.hpp"

#include <array>
#include <cstdint>

namespace nebula::voxel::detail {

/// Which materials occur.
using MaterialFlags = std::array<std::uint8_t, kMaterials>;

/// Writes the material of each of the `s.vertex_count` vertices that stage 2 has numbered, in their
/// order, and returns which there are. `strips` is null or what the vertices were numbered with.
[[nodiscard]] MaterialFlags write_vertex_materials(const SmoothScratch& s,
                                                   const StripSamples* strips,
                                                   const MaterialBlock& block, Material* out);

}  // namespace nebula::voxel::detail
