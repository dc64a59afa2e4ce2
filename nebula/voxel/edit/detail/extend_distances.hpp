// SPDX-License-Identifier: MIT
// Continues distances beyond where they are known.
#pragma once

#include "nebula/voxel/edit/distance_grid.hpp"

namespace nebula::voxel::detail {

/// Distances of `known` or more to either side are lower bounds. They become at least that, and as
/// large as steps between neighbours (32, 45 and 55 units along an axis, across a face and through a
/// cube) from known distances allow. Without any known distance they become the largest. Signs stay.
void extend_distances(DistanceGrid& grid, int known);

}  // namespace nebula::voxel::detail
