// SPDX-License-Identifier: MIT
// How bodies slide on the ground and bounce off it, by material.
#pragma once

#include "nebula/voxel/field/material.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace nebula::voxel {

/// A kind of friction and bounce, as a number; the game's side knows what they are. 0 is what the
/// terrain has wherever its materials say nothing.
using Footing = std::uint8_t;

/// The footing of each material. The default is 0 for all.
class Footings {
public:
    constexpr void set(Material material, Footing footing) { of_[material] = footing; }
    [[nodiscard]] constexpr Footing of(Material material) const { return of_[material]; }
    /// Whether all have 0.
    [[nodiscard]] constexpr bool none() const { return *this == Footings(); }

    friend constexpr bool operator==(const Footings&, const Footings&) = default;

private:
    // With a place for numbers that are no materials: a generator of the game's may say one.
    std::array<Footing, std::size_t{std::numeric_limits<Material>::max()} + 1> of_{};
};

}  // namespace nebula::voxel
