// SPDX-License-Identifier: MIT
// Levels of detail, and the names of what lies on their lattices: regions, bricks, chunks.
#pragma once

#include "nebula/voxel/space/vec.hpp"

#include <compare>
#include <cstddef>
#include <cstdint>

namespace nebula::voxel {

/// A lattice. The voxels of level n are 2^n times as wide as those of level 0, which are one unit.
/// A coordinate on a lattice counts its own voxels: point p of level n is point p * 2^n of level 0.
using Level = std::int32_t;

/// Levels are 0 to kLevels - 1. At the coarsest, a chunk is 2^16 units wide.
inline constexpr Level kLevels = 12;

/// The width of a level's voxel, in units. Exact, as is its inverse.
[[nodiscard]] constexpr float voxel_size(Level level) {
    return static_cast<float>(std::int32_t{1} << level);
}

/// The same point on level 0. It must not leave the world.
[[nodiscard]] constexpr Vec3i to_level_0(Vec3i p, Level level) {
    return p * (std::int32_t{1} << level);
}

/// Points of one lattice.
struct Region {
    Box3i box;
    Level level = 0;

    friend constexpr bool operator==(const Region&, const Region&) = default;
};

/// Names 16^3 samples of a level: those from `at * 16`.
struct BrickId {
    Vec3i at;
    Level level = 0;

    friend constexpr bool operator==(const BrickId&, const BrickId&) = default;
    friend constexpr auto operator<=>(const BrickId&, const BrickId&) = default;
};

/// Names 32^3 cells of a level: those from `at * 32`.
struct ChunkId {
    Vec3i at;
    Level level = 0;

    friend constexpr bool operator==(const ChunkId&, const ChunkId&) = default;
    friend constexpr auto operator<=>(const ChunkId&, const ChunkId&) = default;

    /// The chunk of the next coarser level that this one is an eighth of.
    [[nodiscard]] constexpr ChunkId parent() const { return {floor_div(at, 2), level + 1}; }
    /// One of the eight chunks of the next finer level in this one; bits 0, 1, 2 of `i` are the
    /// halves in x, y, z. Not for level 0.
    [[nodiscard]] constexpr ChunkId child(int i) const {
        return {at * 2 + Vec3i{i & 1, (i >> 1) & 1, (i >> 2) & 1}, level - 1};
    }
    /// Its neighbour on the same level.
    [[nodiscard]] constexpr ChunkId operator+(Vec3i offset) const { return {at + offset, level}; }
};

struct BrickIdHash {
    [[nodiscard]] constexpr std::size_t operator()(const BrickId& id) const noexcept {
        return Vec3iHash{}(id.at + Vec3i{id.level << 20, 0, 0});
    }
};

struct ChunkIdHash {
    [[nodiscard]] constexpr std::size_t operator()(const ChunkId& id) const noexcept {
        return Vec3iHash{}(id.at + Vec3i{id.level << 20, 0, 0});
    }
};

}  // namespace nebula::voxel
