// SPDX-License-Identifier: MIT
// What a vertex tells a shader about the materials of its triangle.
#pragma once

#include "nebula/voxel/field/material.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace nebula::voxel {

/// Up to four materials and how much of each there is at the vertex. All vertices of a triangle name
/// the same materials in the same order, so that a shader may interpolate the weights.
///
/// The engine takes it for two floats, CUSTOM0 in the format RG_FLOAT: bytes would not arrive whole in
/// all of its renderers. The highest bits make every value an ordinary float between 2 and 2^33, which
/// no hardware flushes to zero or turns into another NaN.
struct MaterialAttribute {
    static constexpr std::size_t kSlots = 4;
    static constexpr unsigned kBits = 7;  ///< Of an index and of a weight.
    static constexpr std::uint32_t kFullWeight = (1U << kBits) - 1;
    static constexpr std::uint32_t kFloatBits = 0x4000'0000;

    /// Bits 7 i to 7 i + 6 of a word belong to slot i.
    std::uint32_t indices = kFloatBits;
    std::uint32_t weights = kFloatBits;

    [[nodiscard]] static constexpr MaterialAttribute of(const std::array<Material, kSlots>& slots,
                                                        std::size_t full_slot) noexcept {
        MaterialAttribute packed;
        for (std::size_t i = 0; i < kSlots; ++i) {
            packed.indices |= std::uint32_t{slots[i]} << kBits * i;
        }
        packed.weights |= kFullWeight << kBits * full_slot;
        return packed;
    }
    [[nodiscard]] constexpr Material material(std::size_t slot) const noexcept {
        return static_cast<Material>(indices >> kBits * slot & kFullWeight);
    }
    /// The vertex's own: of() gives it the whole weight.
    [[nodiscard]] constexpr Material own() const noexcept {
        std::size_t slot = 0;
        while (slot + 1 < kSlots && weight(slot) == 0) ++slot;
        return material(slot);
    }
    /// Of kFullWeight.
    [[nodiscard]] constexpr std::uint32_t weight(std::size_t slot) const noexcept {
        return weights >> kBits * slot & kFullWeight;
    }
};
static_assert(kMaterials == 1 << MaterialAttribute::kBits);
static_assert(sizeof(MaterialAttribute) == 8, "two floats");

}  // namespace nebula::voxel
