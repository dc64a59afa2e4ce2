// SPDX-License-Identifier: MIT
// The ground of one brick, cut into connected pieces.
#pragma once

#include "nebula/voxel/field/brick.hpp"
#include "nebula/voxel/field/sample.hpp"
#include "nebula/voxel/space/vec.hpp"

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace nebula::voxel::detail {

/// Samples of ground that are neighbours along an axis belong to one piece. The unit is the *run*:
/// samples of ground that follow each other in a row. A run lies in one piece as a whole, so a brick
/// of 4096 samples is a few hundred runs.
///
/// Threads:   as a plain struct.
/// Lifetime:  keeps nothing of the brick.
struct BrickPieces {
    static constexpr std::size_t kRows = std::size_t{kBrickSize} * kBrickSize;
    using Row = std::uint16_t;  // bit x: the sample at x is ground
    static_assert(sizeof(Row) * 8 == kBrickSize);

    struct Piece {
        Box3i box;  ///< Within the brick.
        std::uint32_t samples = 0;
    };

    std::array<Row, kRows> ground;               ///< Of row y + 16 z.
    std::array<std::uint16_t, kRows> first_run;  ///< How many runs come before the row.
    std::vector<std::uint16_t> piece_of_run;
    std::vector<Piece> pieces;

    [[nodiscard]] static constexpr std::size_t row(int y, int z) noexcept {
        return static_cast<std::size_t>(y) + static_cast<std::size_t>(z) * kBrickSize;
    }
    /// Where the row's runs begin.
    [[nodiscard]] static constexpr std::uint32_t starts(std::uint32_t row) noexcept {
        return row & ~(row << 1U);
    }
    /// The run that a sample of ground lies in.
    [[nodiscard]] std::size_t run_at(std::size_t row, int x) const noexcept {
        const std::uint32_t up_to_x = (2U << static_cast<unsigned>(x)) - 1U;
        return std::size_t{first_run[row]} +
               static_cast<std::size_t>(std::popcount(starts(ground[row]) & up_to_x)) - 1;
    }
    [[nodiscard]] std::uint32_t piece_at(std::size_t row, int x) const noexcept {
        return piece_of_run[run_at(row, x)];
    }
};

/// `samples` are those of a brick. Cost: 1 to 4 us. \throws std::bad_alloc, while the vectors grow.
void cut_into_pieces(const Sample* samples, BrickPieces& out);
/// Those of a brick without air: one.
void make_solid(BrickPieces& out);

}  // namespace nebula::voxel::detail
