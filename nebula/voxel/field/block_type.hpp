// SPDX-License-Identifier: MIT
// What blocks a world has, and which of them hide what is behind them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace nebula::voxel {

/// Names a type of block. The numbers of a world's types are 1, 2, 3, ... in the order in which they
/// were added.
using BlockId = std::uint16_t;

inline constexpr BlockId kAir = 0;  ///< No block. It has no faces and hides none.

enum class BlockKind : std::uint8_t {
    Opaque,      ///< Hides every face that touches it, and darkens the corners around it.
    SeeThrough,  ///< Glass, water: hides only faces of its own type. Darkens nothing.
};

/// The types of a world.
///
///     BlockTypes types;
///     const BlockId stone = types.add(BlockKind::Opaque);
///     const BlockId water = types.add(BlockKind::SeeThrough);
///
/// Threads:   any thread for what is const; add() never at once with anything else.
/// Cost:      a byte per type, and 4 bytes for each run of consecutive see-through types. Meshers
///            are faster when a world has few runs, so add the see-through types one after another.
class BlockTypes {
public:
    static constexpr std::size_t kMost = 65535;  ///< Types, without air.

    /// Types first..last, all of one kind.
    struct Run {
        BlockId first = 0;
        BlockId last = 0;
    };

    /// \throws std::length_error if there are kMost already.
    BlockId add(BlockKind kind);

    /// Without air.
    [[nodiscard]] std::size_t count() const noexcept { return kinds_.size(); }
    /// Air is known.
    [[nodiscard]] bool knows(BlockId id) const noexcept { return id <= kinds_.size(); }
    /// `id` must be known; air is not opaque.
    [[nodiscard]] bool is_opaque(BlockId id) const noexcept {
        return id != kAir && kinds_[id - 1U] == BlockKind::Opaque;
    }
    /// Ascending, never adjacent.
    [[nodiscard]] std::span<const Run> see_through() const noexcept { return see_through_; }

private:
    std::vector<BlockKind> kinds_;  // of type i + 1
    std::vector<Run> see_through_;
};

}  // namespace nebula::voxel
