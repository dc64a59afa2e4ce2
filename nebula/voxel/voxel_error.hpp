// SPDX-License-Identifier: MIT
// Why the terrain refused a call, and how far its world reaches.
#pragma once

#include "nebula/voxel/vec.hpp"

#include <optional>
#include <string>

namespace nebula::voxel {

/// Viewers, edits and rays must start within this many voxels of the origin on each axis. It leaves
/// room for the longest view, ray and edit inside the 2^24 voxels at which a float still names
/// every voxel, and inside the 21 bits per axis that the brick table spends.
inline constexpr float kWorldLimit = 16'000'000.0F;

struct VoxelError {
    enum class Kind {
        NotFinite,        ///< NaN or infinity where a number was needed.
        OutOfRange,       ///< A radius, distance or setting outside of what it may be.
        OutsideWorld,     ///< A position beyond kWorldLimit.
        ZeroDirection,    ///< A ray that points nowhere.
        GeneratorFailed,  ///< The generator threw; the message is its own.
    };
    Kind kind = Kind::OutOfRange;
    std::string message;
};

/// The error that makes `position` unusable, or nothing.
[[nodiscard]] std::optional<VoxelError> check_position(Vec3f position, const char* what);

}  // namespace nebula::voxel
