// SPDX-License-Identifier: MIT
// Some of the materials.
#pragma once

#include "nebula/voxel/field/material.hpp"

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace nebula::voxel {

/// The default has all of them. Materials from kMaterials on are in no set.
class MaterialSet {
public:
    using Bits = std::array<std::uint64_t, kMaterials / 64>;

    constexpr MaterialSet() = default;
    explicit constexpr MaterialSet(const Bits& bits) : bits_(bits) {}
    [[nodiscard]] static constexpr MaterialSet none() { return MaterialSet(Bits{}); }

    constexpr void insert(Material material) { bits_[material / 64U] |= bit(material); }
    [[nodiscard]] constexpr bool has(Material material) const {
        return material < kMaterials && (bits_[material / 64U] & bit(material)) != 0;
    }
    [[nodiscard]] constexpr bool all() const { return *this == MaterialSet(); }
    [[nodiscard]] constexpr bool empty() const { return *this == none(); }
    /// How many of the others are not in it.
    [[nodiscard]] constexpr int lacks(const MaterialSet& others) const {
        int count = 0;
        for (std::size_t i = 0; i < bits_.size(); ++i)
            count += std::popcount(others.bits_[i] & ~bits_[i]);
        return count;
    }
    /// Bit i of word w: material 64 * w + i.
    [[nodiscard]] constexpr const Bits& bits() const { return bits_; }

    friend constexpr bool operator==(const MaterialSet&, const MaterialSet&) = default;

private:
    static constexpr std::uint64_t bit(Material material) {
        return std::uint64_t{1} << (material % 64U);
    }

    Bits bits_{~std::uint64_t{0}, ~std::uint64_t{0}};
};

}  // namespace nebula::voxel
