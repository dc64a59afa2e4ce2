// SPDX-License-Identifier: MIT
// The data that the stages of the smooth mesher pass on. README, "Smooth mesher".
#pragma once

#include "nebula/voxel/field/sample_block.hpp"
#include "nebula/voxel/field/strip_samples.hpp"
#include "nebula/voxel/mesh/cell_tables.hpp"
#include "nebula/voxel/mesh/detail/cell_plan.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace nebula::voxel::detail {

// Where the samples have a 0, if it is not the face of a strip.
inline constexpr int kNoZero = -2;
inline constexpr int kZeroInBlock = -1;

/// Corners along an axis of a chunk; a row is the corners with one (y, z).
inline constexpr int kRowCorners = kChunkSize + 1;
inline constexpr std::size_t kRows = std::size_t{kRowCorners} * kRowCorners;

[[nodiscard]] constexpr std::size_t row_index(int y, int z) noexcept {
    return static_cast<std::size_t>(y) + static_cast<std::size_t>(z) * kRowCorners;
}

/// The numbers of the first vertices on a row's edges, modulo 2^16: half of the lanes of a CellPlan.
struct RowLanes {
    std::uint16_t x = 0;       ///< Along x.
    std::uint16_t y = 0;       ///< Along y,
    std::uint16_t y1 = 0;      ///< and without the one at x = 0.
    std::uint16_t next_x = 0;  ///< Along x, of the next row.
};
struct RowLanesZ {
    std::uint16_t z = 0;   ///< Along z,
    std::uint16_t z1 = 0;  ///< and without the one at x = 0.
};

/// What a vertex needs to know about a corner: twice the gradient, and the sample.
struct Corner {
    std::int16_t x = 0;
    std::int16_t y = 0;
    std::int16_t z = 0;
    std::int16_t sample = 0;
};
/// One corner more than there are, because two are read at a time.
using CornerRow = std::array<Corner, std::size_t{kRowCorners} + 1>;

/// The inputs of a run of vertices, for arithmetic on whole registers.
struct EdgeBatch {
    static constexpr std::size_t kEnough = 256;              ///< From here on, write the batch out.
    static constexpr std::size_t kPerRow = 3 * kRowCorners;  ///< Most edges between two checks.
    static constexpr std::size_t kPadding = 64;              ///< Most lanes of a register.
    static constexpr std::size_t kSize = kEnough + kPerRow + kPadding;

    /// Per edge: the members of Corner, each at the lower end and at the higher end.
    using Ends = std::array<std::int16_t, 8>;
    alignas(64) std::array<Ends, kSize> ends;
    /// The lower end, and the edge's axis.
    std::array<std::uint32_t, kSize> place;
    std::size_t count = 0;

    [[nodiscard]] static constexpr std::uint32_t make_place(int x, int y, int z, int axis) {
        return static_cast<std::uint32_t>(x | y << 8 | z << 16 | axis << 24);
    }
    /// Copies the last edge into the next `n` places, so that whole registers can be read there.
    void repeat_last(std::size_t n) noexcept {
        const auto end = static_cast<std::ptrdiff_t>(count);
        std::fill_n(ends.begin() + end, n, ends[count - 1]);
        std::fill_n(place.begin() + end, n, place[count - 1]);
    }
};

struct MeshTables {
    const CellTables& cells;
    const CellPlans& plans;
};

/// Bits 0, 2, 4...: the corners of a row that the coarser level has, too.
inline constexpr std::uint64_t kCoarseCorners = 0x1'5555'5555;
/// The same without the last one: the coarse cells of a row.
inline constexpr std::uint64_t kCoarseCells = kCoarseCorners >> 2U;

/// The vertices of one row of corners of a face, numbered like the chunk's own.
struct FaceRow {
    std::uint64_t along_a = 0;  ///< Bit a: the edge to the next corner of the row has one.
    std::uint64_t along_b = 0;  ///< The edge to the next row has one.
    std::uint32_t first_a = 0;  ///< The number of the first vertex on those edges.
    std::uint32_t first_b = 0;
};

/// A transition cell that the surface passes through.
struct StripCell {
    std::uint8_t a = 0;  ///< Its lowest corner on the face.
    std::uint8_t b = 0;
    std::uint16_t index = 0;  ///< Into CellTables::transition.
    /// Bits of TransitionOutline::Face: where it has a skirt. Every lid has one, and no other cell.
    std::uint8_t skirts = 0;
};

/// A face with a strip. On the face, a and b are the axes other than its own, in the order x, y, z.
struct StripFace {
    std::array<FaceRow, StripSamples::kCells + 1> half{};  ///< Of bits, every second one.
    std::array<FaceRow, kRowCorners> on_lids{};
    std::array<StripCell, std::size_t{StripSamples::kCells} * StripSamples::kCells> cells{};
    std::uint32_t cell_count = 0;
    std::uint32_t lid_count = 0;  ///< Of the cells.
};

/// How far into the chunk a strip reaches, in voxels.
inline constexpr float kStripWidth = 0.25F;

/// All memory of one mesher. Each part is written by one stage and read by later ones.
struct SmoothScratch {
    /// Bit i is the sign of `samples[i]`; the spare word lets a row be read as one 64-bit load.
    std::array<std::uint8_t, (SampleBlock::kCount + 7) / 8 + 16> sign_bits{};
    /// Per row, bit x: corner x is inside.
    std::array<std::uint64_t, kRows> inside{};
    /// Per axis and row, bit x: the edge from corner x along the axis is crossed.
    std::array<std::array<std::uint64_t, kRows>, 3> crossed{};
    /// Per axis and row with crossed edges: the number of the first vertex on those edges.
    std::array<std::array<std::uint32_t, kRows>, 3> first_vertex{};
    std::array<std::uint32_t, kRowCorners> first_vertex_of_layer{};
    /// The same for the registers that walk along rows of cells. Other rows have old numbers, which
    /// no cell uses: it would use one of row r's lanes for an edge of row r, or `next_x` for one of
    /// the next row, and then an edge between the two rows is crossed, too.
    std::array<RowLanes, kRows> lanes{};
    std::array<RowLanesZ, kRows> lanes_z{};
    /// Per layer, bit y: the row has crossed edges; the row has ends of crossed edges.
    std::array<std::uint64_t, kRowCorners> crossed_rows{};
    std::array<std::uint64_t, std::size_t{kRowCorners} + 1> corner_rows{};
    /// Per row of cells, bit x: the surface passes through cell x. There is none at y = 32.
    std::array<std::uint64_t, kRows> active{};
    /// Of the layer at which vertices are made, and the next, which changes places with it.
    std::array<std::array<CornerRow, kRowCorners>, 2> corners{};
    std::array<StripFace, StripSamples::kFaces> strips{};
    EdgeBatch batch;
    std::uint32_t cell_count = 0;  ///< How many bits `active` has.
    /// First the chunk's own, then those on half sides, then those on lids.
    std::uint32_t vertex_count = 0;
};

}  // namespace nebula::voxel::detail
