// SPDX-License-Identifier: MIT
// How much ground an edit has removed and added.
#pragma once

#include "nebula/voxel/field/material.hpp"

#include <cstdint>
#include <vector>

namespace nebula::voxel {

inline constexpr int kVolumeUnitsPerVoxel = 32;

/// Ground that was taken away and added, on the finest level, in 1/32 of a voxel: whole numbers, so
/// that sums are exact. A sample d stands for clamp(1/2 - d, 0, 1) voxels of ground, d in voxels: the
/// share of a voxel below a surface at that distance.
struct GroundVolume {
    std::int64_t removed = 0;
    std::int64_t added = 0;

    friend constexpr bool operator==(const GroundVolume&, const GroundVolume&) = default;
    constexpr GroundVolume& operator+=(const GroundVolume& other) {
        removed += other.removed;
        added += other.added;
        return *this;
    }
    constexpr GroundVolume& operator-=(const GroundVolume& other) {
        removed -= other.removed;
        added -= other.added;
        return *this;
    }
};

/// That of one material. Ground below half a voxel around a point of air counts for the ground beside it.
struct MaterialVolume {
    Material material = 0;
    GroundVolume volume;

    friend constexpr bool operator==(const MaterialVolume&, const MaterialVolume&) = default;
};

/// In the order of the materials, each at most once.
using MaterialVolumes = std::vector<MaterialVolume>;

[[nodiscard]] GroundVolume total(const MaterialVolumes& volumes) noexcept;
/// \throws std::bad_alloc.
void add(MaterialVolumes& to, const MaterialVolumes& volumes);
/// Of what was added before. Materials of which nothing is left go.
void subtract(MaterialVolumes& from, const MaterialVolumes& volumes) noexcept;

}  // namespace nebula::voxel
