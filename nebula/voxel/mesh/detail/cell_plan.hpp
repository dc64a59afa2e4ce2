// SPDX-License-Identifier: MIT
// The table of regular cells in the shape in which the smooth mesher uses it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace nebula::voxel::detail {

/// The mesher walks along a row of cells with the numbers of the twelve vertices that the next cell
/// may have, in 12 lanes of 16 bits. A plan says, for one pattern of signs, which lanes are the
/// corners of the cell's triangles, and by how much each lane grows on the way to the next cell.
///
/// The edges of a cell lie in four rows of corners: r at (y, z), then r + y, r + z, and r + y + z.
/// Lanes 0 to 3 are the edges of row r along x at x, along y at x and at x + 1, and the edge of row
/// r + y along x. Lanes 4 to 7 are the same one step further in z. Lanes 8 and 9 are the edges of
/// row r along z at x and at x + 1, lanes 10 and 11 the same for row r + y.
struct CellPlan {
    static constexpr std::size_t kLanes = 12;
    static constexpr std::size_t kIndices = 16;  ///< 15 at most; 16 fill registers.

    static constexpr std::uint8_t kNowhere = 0x80;

    /// Bytes to shuffle out of lanes 0 to 7 and out of lanes 8 to 11. A byte comes from one of the
    /// two, and kNowhere, which gives 0, is in the other.
    alignas(32) std::array<std::uint8_t, 2 * kIndices> from_low;
    alignas(32) std::array<std::uint8_t, 2 * kIndices> from_high;
    /// 1 where the lane's edge is crossed.
    alignas(16) std::array<std::uint16_t, 8> step_low;
    alignas(16) std::array<std::uint16_t, 8> step_high;
    std::uint8_t index_count = 0;
};

/// By case, as CellTables::regular.
using CellPlans = std::array<CellPlan, 256>;

/// Threads:   any thread.
/// Cost:      derived from cell_tables() in the first call; a load afterwards.
[[nodiscard]] const CellPlans& cell_plans();

}  // namespace nebula::voxel::detail
