// SPDX-License-Identifier: MIT
// Why one chunk has no mesh. A value: one failing chunk never takes the others down.
#pragma once

#include "nebula/voxel/vec.hpp"

#include <string>

namespace nebula::voxel {

struct ChunkError {
    enum class Kind {
        NotLoaded,         ///< Its samples are not there (yet).
        ExtractionFailed,  ///< Its samples are there and cannot be meshed.
    };
    Kind kind = Kind::NotLoaded;
    Vec3i chunk;
    std::string message;
};

}  // namespace nebula::voxel
