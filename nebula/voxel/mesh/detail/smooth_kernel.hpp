// SPDX-License-Identifier: MIT
// The data that the stages of the smooth mesher pass on. README, "Smooth mesher".
#pragma once

#include "nebula/voxel/field/sample_block.hpp"
#include "nebula/voxel/field/strip_samples.hpp"
#include "nebula/voxel/mesh/cell_tables.hpp"
#include "nebula/voxel/mesh/chunk_mesh.hpp"
#include "nebula/voxel/mesh/detail/cell_plan.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace nebula::voxel::detail {

/// Corners along an axis of a chunk; a row is the corners with one (y, z).
inline constexpr int kRowCorners = kChunkSize + 1;
inline constexpr std::size_t kRows = std::size_t{kRowCorners} * kRowCorners;

[[nodiscard]] constexpr std::size_t row_index(int y, int z) noexcept {
    return static_cast<std::size_t>(y) + static_cast<std::size_t>(z) * kRowCorners;
}

/// The numbers of the first vertices on a row's edges, modulo 2^16, as lanes of CellPlan.
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

/// The inputs of a run of vertices, column by column, for arithmetic on whole registers.
struct EdgeBatch {
    static constexpr std::size_t kEnough = 256;              ///< From here on, write the batch out.
    static constexpr std::size_t kPerRow = 3 * kRowCorners;  ///< Most edges between two checks.
    static constexpr std::size_t kPadding = 64;              ///< Most lanes of a register.
    using Column = std::array<std::int16_t, kEnough + kPerRow + kPadding>;

    Column low_sample, high_sample;  ///< At the ends of the edge.
    Column low_x, low_y, low_z;      ///< Twice the gradient at the lower end.
    Column high_x, high_y, high_z;   ///< The same at the higher end.
    Column x, y, z;                  ///< The lower end.
    Column axis;
    std::size_t count = 0;

    /// Copies the last edge into the next `n` places, so that whole registers can be read there.
    void repeat_last(std::size_t n) noexcept {
        for (Column* column : {&low_sample, &high_sample, &low_x, &low_y, &low_z, &high_x, &high_y,
                               &high_z, &x, &y, &z, &axis}) {
            std::fill_n(column->begin() + static_cast<std::ptrdiff_t>(count), n,
                        (*column)[count - 1]);
        }
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

/// One row of a face's half side, along the axis a. Bit 2i stands for coarse corner i.
struct HalfRow {
    std::uint64_t along_a = 0;  ///< The edge to the next corner of the row is crossed.
    std::uint64_t along_b = 0;  ///< The edge to the next row is crossed.
    std::uint32_t first_a = 0;  ///< The number of the first vertex on those edges.
    std::uint32_t first_b = 0;
};

/// A transition cell that the surface passes through.
struct StripCell {
    std::uint8_t a = 0;  ///< Its lowest corner on the face.
    std::uint8_t b = 0;
    std::uint16_t index = 0;  ///< Into CellTables::transition.
};

/// A face with a strip. On the face, a and b are the axes other than its own, in the order x, y, z.
struct StripFace {
    static constexpr int kRows = StripSamples::kCells + 1;
    std::array<HalfRow, kRows> half{};
    std::array<StripCell, std::size_t{StripSamples::kCells} * StripSamples::kCells> cells{};
    std::uint32_t cell_count = 0;
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
    /// Per row: the number of its first vertex. Those along x come first, then y, then z.
    std::array<std::uint32_t, kRows> first_vertex{};
    /// The same for the registers that walk along rows of cells.
    std::array<RowLanes, kRows> lanes{};
    std::array<RowLanesZ, kRows> lanes_z{};
    /// Per row of cells, bit x: the surface passes through cell x.
    std::array<std::uint64_t, std::size_t{kChunkSize} * kChunkSize> active{};
    std::array<StripFace, StripSamples::kFaces> strips{};
    EdgeBatch batch;
    std::uint32_t cell_count = 0;    ///< How many bits `active` has.
    std::uint32_t vertex_count = 0;  ///< Those on half sides come last.
};

/// A crossing's distance t from the lower end of its edge is in 1/4096 of the edge's length. With
/// so few bits, a coordinate of up to 2048 voxels plus t is exact in a float. So both chunks at a
/// border, and both levels of detail at a seam, get equal numbers.
inline constexpr int kCrossingUnits = 4096;

}  // namespace nebula::voxel::detail
