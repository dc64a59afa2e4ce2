// SPDX-License-Identifier: MIT
// The ground of a generator as heights, for maps and small pictures of a world that nobody has built.
#pragma once

#include "nebula/voxel/field/generator.hpp"
#include "nebula/voxel/space/ids.hpp"

#include <cstdint>
#include <vector>

namespace nebula::voxel {

/// Columns of a level's lattice, side by side.
struct Columns {
    std::int32_t x = 0, z = 0;          ///< Of the first, in voxels of the level.
    std::int32_t width = 0, depth = 0;  ///< How many along x and z; above 0.
    Level level = 0;
};

/// Ground above this height, or below its negative, is not looked for.
inline constexpr std::int32_t kMostGeneratedHeight = 131'072;  // in units

/// How high the uppermost ground of each column is, in units, at its level's precision; x runs fastest.
/// Minus infinity where there is none.
///
/// Threads:   any thread.
/// Cost:      that of the generator for a few bricks per 32² columns, if its bounds prove what is above and
///            below the ground: 64² columns of level 3 take 0.2 ms with hills. Without such proofs all of the
///            height is sampled.
/// \throws what the generator throws; std::bad_alloc.
[[nodiscard]] std::vector<float> generated_heights(const Generator& generator,
                                                   const Columns& columns);

}  // namespace nebula::voxel
