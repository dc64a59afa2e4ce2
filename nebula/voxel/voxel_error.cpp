// SPDX-License-Identifier: MIT
#include "nebula/voxel/voxel_error.hpp"

#include <cmath>

namespace nebula::voxel {

std::optional<VoxelError> check_position(Vec3f position, const char* what) {
    for (const float c : {position.x, position.y, position.z}) {
        if (!std::isfinite(c))
            return VoxelError{VoxelError::Kind::NotFinite,
                              std::string(what) + " is not a finite position"};
        if (std::abs(c) > kWorldLimit)
            return VoxelError{VoxelError::Kind::OutsideWorld,
                              std::string(what) + " is more than 16000000 voxels from the origin"};
    }
    return std::nullopt;
}

}  // namespace nebula::voxel
