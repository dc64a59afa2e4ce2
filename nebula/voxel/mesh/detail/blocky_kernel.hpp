// SPDX-License-Identifier: MIT
// The data that the stages of the blocky mesher pass on. README, "Blocky mesher".
#pragma once

#include "nebula/voxel/field/block_grid.hpp"

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace nebula::voxel::detail {

/// A row of up to 64 blocks, one bit each; bit 0 is in the ring.
using Word = std::uint64_t;

inline constexpr std::size_t kMaxEdge = BlockGrid::kMaxSize + 2;
/// The rows of a layer, and room to read a whole register of rows past the last one.
inline constexpr std::size_t kLayerRows = kMaxEdge + 8;

/// Axes are numbered x = 0, y = 1, z = 2. A *layer* of an axis is the blocks with one coordinate on
/// it. Its rows run along v, and the bits of a row along u:
///
///     axis   u   v
///     x      y   z
///     y      x   z
///     z      x   y
struct Plane {
    std::array<Word, kMaxEdge * kLayerRows> rows{};

    [[nodiscard]] Word* layer(int i) noexcept {
        return rows.data() + static_cast<std::size_t>(i) * kLayerRows;
    }
    [[nodiscard]] const Word* layer(int i) const noexcept {
        return rows.data() + static_cast<std::size_t>(i) * kLayerRows;
    }
};

/// One bit per block, cut into layers along each axis.
using Planes = std::array<Plane, 3>;

[[nodiscard]] constexpr std::size_t u_axis(std::size_t axis) noexcept { return axis == 0 ? 1 : 0; }
[[nodiscard]] constexpr std::size_t v_axis(std::size_t axis) noexcept { return axis == 2 ? 1 : 2; }

/// The faces of one layer that look one way. By row; row and bit numbers count from the ring.
struct Faces {
    std::array<Word, kLayerRows> shown;    ///< Those that are not in a quad yet.
    std::array<Word, kLayerRows> along_u;  ///< Merges with the next one in its row.
    std::array<Word, kLayerRows> level_v;  ///< Shown, and equally light at both ends of v.
};

/// A rectangle of merged faces, in 8 bytes.
///
///     bits  0  u0    the lower corner, in voxels of the chunk
///           8  v0
///          16  u1    the higher corner
///          24  v1
///          32        the plane's coordinate on the axis
///          40        how dark the corners (u0, v0), (u1, v0), (u1, v1), (u0, v1) are, 2 bits each
///          48        the block's id
using Quad = std::uint64_t;
static_assert(std::endian::native == std::endian::little, "quads are read byte by byte");

/// Consecutive quads that look the same way.
struct QuadRun {
    std::uint8_t axis = 0;
    bool forward = false;  ///< Looks towards higher coordinates.
    std::uint32_t end = 0;
};

/// All memory of one mesher. Each part is written by one stage and read by later ones.
struct BlockyScratch {
    Planes block;                ///< Not air.
    Planes opaque;               ///< Only if there are see-through blocks; else `block` is it.
    std::array<Planes, 3> same;  ///< By axis: has the type of the next block on that axis.

    /// How dark the corners between rows i and i + 1 of a layer are, two bits each: bit b of a row
    /// is the corner between bits b and b + 1.
    std::array<Word, kLayerRows> dark_low{};
    std::array<Word, kLayerRows> dark_high{};
    std::array<Faces, 2> faces{};  ///< Backward, forward.

    std::vector<Quad> quads;
    std::size_t quad_count = 0;
    std::vector<QuadRun> runs;
};

}  // namespace nebula::voxel::detail
