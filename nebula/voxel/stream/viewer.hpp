// SPDX-License-Identifier: MIT
// Somebody for whom the world is loaded and shown.
#pragma once

#include "nebula/voxel/space/vec.hpp"

#include <cstdint>

namespace nebula::voxel {

inline constexpr float kMostViewDistance = 16384.0F;
inline constexpr float kMostDetailDistance = 512.0F;

/// In voxels of level 0.
struct Viewer {
    Vec3f position;
    /// How far the world is shown, on each axis; [1, kMostViewDistance].
    float view_distance = 1024.0F;
    /// How far the finest level reaches, on each axis; [1, kMostDetailDistance]. Each further level
    /// reaches twice as far.
    float detail_distance = 128.0F;
    /// Where it looks. What is ahead is loaded before what is behind. Zero: all directions alike.
    Vec3f forward;
    /// Which viewer this is, wherever it stands in a list. 0: whoever stood there before. Several of
    /// one id are told apart by their order.
    std::uint64_t id = 0;

    friend constexpr bool operator==(const Viewer&, const Viewer&) = default;
};

}  // namespace nebula::voxel
