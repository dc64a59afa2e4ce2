// SPDX-License-Identifier: MIT
#include "nebula/voxel/mesh/nearest_ground.hpp"

#include "nebula/voxel/field/sample.hpp"

#include <cstddef>

namespace nebula::voxel {

std::optional<int> nearest_ground(const CellCorners& corners, Vec3f in) noexcept {
    std::optional<int> nearest;
    float least = 0.0F;
    for (int i = 0; i < 8; ++i) {
        if (!is_inside(corners[static_cast<std::size_t>(i)])) continue;
        const Vec3f d{in.x - static_cast<float>(i & 1), in.y - static_cast<float>(i >> 1 & 1),
                      in.z - static_cast<float>(i >> 2 & 1)};
        const float away = dot(d, d);
        if (nearest && away >= least) continue;
        nearest = i;
        least = away;
    }
    return nearest;
}

}  // namespace nebula::voxel
