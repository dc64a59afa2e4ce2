// SPDX-License-Identifier: MIT
// Why the terrain refused a call or could not build a chunk, and how far its world reaches.
#pragma once

#include "nebula/voxel/vec.hpp"

#include <optional>
#include <string>

namespace nebula::voxel {

/// Viewers, edits and rays must start within this many voxels of the origin on each axis. It leaves
/// room for the longest view, ray and edit inside the 2^24 voxels up to which a float names every
/// voxel, and inside the 21 bits per axis that the brick table spends.
inline constexpr float kWorldLimit = 16'000'000.0F;

/// The one error of this module: a refused call, or a chunk without a mesh. It is a value, so one
/// failing chunk never takes the others down.
struct VoxelError {
    enum class Kind {
        NotFinite,        ///< NaN or infinity where a number is needed.
        OutOfRange,       ///< A radius, distance or setting outside its range.
        OutsideWorld,     ///< A position beyond kWorldLimit.
        ZeroDirection,    ///< A ray without a direction.
        GeneratorFailed,  ///< The generator threw; the message is that of the exception.
        NotLoaded,        ///< The chunk is not loaded, or not yet.
        ZeroSample,       ///< The chunk holds a sample of 0, which rule 1 of the README forbids.
        OutOfMemory,      ///< There was no memory for the mesh.
    };
    Kind kind = Kind::OutOfRange;
    std::string message;
};

/// The error that makes `position` unusable, or nothing. `what` begins the message.
[[nodiscard]] std::optional<VoxelError> check_position(Vec3f position, const char* what);

}  // namespace nebula::voxel
