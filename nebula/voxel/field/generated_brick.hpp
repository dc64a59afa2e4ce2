// SPDX-License-Identifier: MIT
// A brick as the generator makes it.
#pragma once

#include "nebula/voxel/field/brick.hpp"
#include "nebula/voxel/field/generator.hpp"
#include "nebula/voxel/space/ids.hpp"

namespace nebula::voxel {

/// Threads: any thread. \throws whatever the generator throws.
void fill_brick(const Generator& generator, BrickId id, Brick& out);

}  // namespace nebula::voxel
