// SPDX-License-Identifier: MIT
// A brick's name in one word, in an order that keeps neighbours together.
#pragma once

#include "nebula/voxel/space/ids.hpp"

#include <bit>
#include <cstdint>
#include <optional>

namespace nebula::voxel {

/// The position's bits interleaved, below a one whose place tells the level. So the bricks of one
/// page (8^3 of a level, as in the volume) differ in the lowest 9 bits alone, and a B-tree holds
/// neighbours side by side.
using BrickKey = std::uint64_t;

namespace detail {

/// Of a coordinate. A coarser level needs one bit less for the same world, which is what leaves
/// room for the level.
constexpr int kKeyAxisBits = 21;

/// Moves bit i to bit 3 i.
constexpr std::uint64_t spread(std::uint64_t v) noexcept {
    v &= 0x1FFFFFU;
    v = (v | v << 32U) & 0x001F00000000FFFFU;
    v = (v | v << 16U) & 0x001F0000FF0000FFU;
    v = (v | v << 8U) & 0x100F00F00F00F00FU;
    v = (v | v << 4U) & 0x10C30C30C30C30C3U;
    v = (v | v << 2U) & 0x1249249249249249U;
    return v;
}
constexpr std::uint64_t unspread(std::uint64_t v) noexcept {
    v &= 0x1249249249249249U;
    v = (v | v >> 2U) & 0x10C30C30C30C30C3U;
    v = (v | v >> 4U) & 0x100F00F00F00F00FU;
    v = (v | v >> 8U) & 0x001F0000FF0000FFU;
    v = (v | v >> 16U) & 0x001F00000000FFFFU;
    v = (v | v >> 32U) & 0x1FFFFFU;
    return v;
}

}  // namespace detail

/// Nothing for a brick outside of the 2^25 voxels per axis that kWorldLimit lies in.
[[nodiscard]] constexpr std::optional<BrickKey> key_of(BrickId brick) noexcept {
    if (brick.level < 0 || brick.level >= kLevels) return std::nullopt;
    const int bits = detail::kKeyAxisBits - brick.level;
    const std::int64_t half = std::int64_t{1} << (bits - 1);
    const std::int64_t x = brick.at.x + half;
    const std::int64_t y = brick.at.y + half;
    const std::int64_t z = brick.at.z + half;
    if (((x | y | z) >> bits) != 0) return std::nullopt;  // a negative one keeps its sign
    return (std::uint64_t{1} << static_cast<unsigned>(3 * bits)) |
           detail::spread(static_cast<std::uint64_t>(x)) |
           (detail::spread(static_cast<std::uint64_t>(y)) << 1U) |
           (detail::spread(static_cast<std::uint64_t>(z)) << 2U);
}

/// Nothing for a word that is no brick's.
[[nodiscard]] constexpr std::optional<BrickId> brick_of(BrickKey key) noexcept {
    if (key == 0) return std::nullopt;
    const int top = 63 - std::countl_zero(key);
    const int bits = top / 3;
    const Level level = detail::kKeyAxisBits - bits;
    if (top % 3 != 0 || level < 0 || level >= kLevels) return std::nullopt;
    const std::uint64_t axes = key ^ (std::uint64_t{1} << static_cast<unsigned>(top));
    const auto half = static_cast<std::int32_t>(1) << (bits - 1);
    const auto axis = [&](unsigned shift) {
        return static_cast<std::int32_t>(detail::unspread(axes >> shift)) - half;
    };
    return BrickId{{axis(0), axis(1), axis(2)}, level};
}

}  // namespace nebula::voxel
