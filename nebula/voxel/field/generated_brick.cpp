// SPDX-License-Identifier: MIT
#include "nebula/voxel/field/generated_brick.hpp"

namespace nebula::voxel {

void fill_brick(const Generator& generator, BrickId id, Brick& out) {
    const Region region = brick_region(id);
    const Range range = generator.bounds(region);
    out.placed = {};
    if (range.uniform())
        out.samples.fill(range.min);
    else
        generator.generate(region, out.samples.data(), kBrickSize, kBrickSize * kBrickSize);
}

}  // namespace nebula::voxel
