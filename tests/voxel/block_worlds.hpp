// SPDX-License-Identifier: MIT
// Worlds of blocks to mesh: every one a function of the world position alone, so that neighbouring
// chunks can be cut from it.
#pragma once

#include "nebula/voxel/field/block_grid.hpp"

#include "test_fields.hpp"

#include <cmath>
#include <cstdint>

namespace nebula::voxel::test {

/// Fills a grid, with its ring, from `world(Vec3i voxel) -> BlockId`.
template <class World>
void fill(BlockGrid& grid, Vec3i chunk, World&& world) {
    grid.chunk = chunk;
    const Vec3i origin = chunk * grid.size();
    for (int z = -1; z <= grid.size(); ++z) {
        for (int y = -1; y <= grid.size(); ++y) {
            for (int x = -1; x <= grid.size(); ++x) {
                grid.at(x, y, z) = world(origin + Vec3i{x, y, z});
            }
        }
    }
}

/// In `percent` of all places a block, of one of the types 1 to `types`.
[[nodiscard]] inline auto block_noise(std::uint64_t seed, unsigned percent, unsigned types) {
    return [=](Vec3i p) {
        const std::uint64_t h = hash_of(p, seed);
        return h % 100 < percent ? static_cast<BlockId>(1 + (h >> 32U) % types) : kAir;
    };
}

[[nodiscard]] inline BlockId block_checkerboard(Vec3i p) {
    return static_cast<BlockId>((p.x + p.y + p.z) & 1);
}

/// Rolling ground: grass (3) on earth (2) on stone (1), and water (4) up to a height.
[[nodiscard]] inline auto block_hills(std::uint64_t seed, int sea) {
    return [=](Vec3i p) {
        const float hill = 14.0F + 9.0F * value_noise({p.x, 0, p.z}, 32, seed) +
                           3.0F * value_noise({p.x, 0, p.z}, 8, seed + 1);
        const int depth = static_cast<int>(std::floor(hill)) - p.y;
        if (depth < 0) return static_cast<BlockId>(p.y <= sea ? 4 : kAir);
        return static_cast<BlockId>(depth == 0 ? 3 : depth < 4 ? 2 : 1);
    };
}

}  // namespace nebula::voxel::test
