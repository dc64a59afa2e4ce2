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

/// A row of up to 64 blocks, one bit each. Rows, layers and bits are numbered from the ring: 0 and
/// the last one are in it.
using Word = std::uint64_t;

inline constexpr std::size_t kMaxEdge = BlockGrid::kMaxSize + 2;
/// The widest registers that are used, in rows.
inline constexpr std::size_t kRowsAtOnce = 8;
/// The rows of a layer, and room to read a whole register past the last one.
inline constexpr std::size_t kLayerRows = kMaxEdge + kRowsAtOnce;

/// The bits that are not in the ring.
[[nodiscard]] constexpr Word inner_bits(int size) noexcept {
    return ((Word{1} << static_cast<unsigned>(size)) - 1) << 1U;
}

/// Axes are numbered x = 0, y = 1, z = 2. A layer of an axis is the blocks with one coordinate on
/// it. Its rows follow each other along v, and the bits of a row along u:
///
///     axis   u   v
///     x      y   z
///     y      x   z
///     z      x   y
[[nodiscard]] constexpr std::size_t u_axis(std::size_t axis) noexcept { return axis == 0 ? 1 : 0; }
[[nodiscard]] constexpr std::size_t v_axis(std::size_t axis) noexcept { return axis == 2 ? 1 : 2; }

/// One bit per block, in layers of one axis.
struct Plane {
    std::array<Word, kMaxEdge * kLayerRows> rows{};

    [[nodiscard]] Word* layer(std::size_t i) noexcept { return rows.data() + i * kLayerRows; }
    [[nodiscard]] const Word* layer(std::size_t i) const noexcept {
        return rows.data() + i * kLayerRows;
    }
};

/// The same bits in layers of each axis.
using Planes = std::array<Plane, 3>;

/// A face looks along its axis to lower or to higher coordinates.
inline constexpr std::size_t kBackward = 0;
inline constexpr std::size_t kForward = 1;

/// The faces of one layer that look one way.
struct LayerFaces {
    std::array<Word, kLayerRows> shown{};    ///< Those that are not in a quad yet.
    std::array<Word, kLayerRows> along_u{};  ///< Merges with the next one in its row.
    std::array<Word, kLayerRows> level_v{};  ///< Shown, and equally dark at both ends of v.
};

/// A rectangle of merged faces, in 8 bytes.
///
///     bits  0  u0   the lower corner, in voxels of the chunk
///           8  v0
///          16  u1   the higher corner
///          24  v1
///          32       the coordinate on the axis
///          40       how dark the corners are: the low bits of (u0, v0) and (u1, v0), their high
///                   bits, the low bits of (u0, v1) and (u1, v1), their high bits
///          48       the id of the blocks
using Quad = std::uint64_t;
static_assert(std::endian::native == std::endian::little, "quads are read byte by byte");

/// Keeps its memory, and makes room for a layer's quads at once.
struct QuadList {
    std::vector<Quad> memory;
    std::size_t count = 0;

    void make_room(std::size_t more) {
        if (memory.size() < count + more) memory.resize(2 * (count + more));
    }
};

/// All memory of one mesher. Each part is written by one stage and read by later ones.
struct BlockyScratch {
    Planes block;                ///< Is not air.
    Planes opaque;               ///< Only if there are see-through blocks; otherwise it is `block`.
    std::array<Planes, 3> same;  ///< By axis: has the type of the next block on that axis.

    // Of one layer. How dark the corners between rows i and i + 1 are, as two bits; bit b of a row
    // is the corner between bits b and b + 1.
    std::array<Word, kLayerRows> dark_low{};
    std::array<Word, kLayerRows> dark_high{};
    std::array<LayerFaces, 2> faces;  ///< Backward and forward.

    std::array<QuadList, 6> quads;  ///< By 2 * axis + way.
};

}  // namespace nebula::voxel::detail
