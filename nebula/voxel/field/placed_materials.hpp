// SPDX-License-Identifier: MIT
// The materials that edits have put into a brick.
#pragma once

#include "nebula/voxel/field/material.hpp"
#include "nebula/voxel/field/sample.hpp"

#include <array>
#include <cstddef>
#include <memory>
#include <utility>

namespace nebula::voxel {

/// In a brick: the generator says what this point is made of.
inline constexpr Material kNotPlaced = 0xFF;

/// Most bricks have none, and then the generator knows all of their materials. Only ground has a placed
/// material: what is dug away forgets it. So there is one form without an array for "all ground in this
/// brick is of one material", wherever its surface lies (README, "Materials").
///
/// Threads:   as a plain struct. Copies share the array, which nobody changes.
class PlacedMaterials {
public:
    /// By Brick::index(); kNotPlaced in air.
    using Array = std::array<Material, kBrickSamples>;

    PlacedMaterials() = default;
    /// All ground in the brick is of this material.
    [[nodiscard]] static PlacedMaterials uniform(Material material) noexcept {
        PlacedMaterials all;
        all.uniform_ = material;
        return all;
    }
    /// \param materials  not null.
    [[nodiscard]] static PlacedMaterials mixed(std::shared_ptr<const Array> materials) noexcept {
        PlacedMaterials some;
        some.mixed_ = std::move(materials);
        return some;
    }

    [[nodiscard]] bool none() const noexcept { return uniform_ == kNotPlaced && mixed_ == nullptr; }
    /// Null: none, or uniform.
    [[nodiscard]] const Array* array() const noexcept { return mixed_.get(); }
    /// kNotPlaced: none, or mixed.
    [[nodiscard]] Material uniform() const noexcept { return uniform_; }
    /// Of a point in the ground.
    [[nodiscard]] Material at(std::size_t index) const noexcept {
        return mixed_ != nullptr ? (*mixed_)[index] : uniform_;
    }
    /// Memory of the array, which other bricks may share.
    [[nodiscard]] std::size_t bytes() const noexcept {
        return mixed_ != nullptr ? sizeof(Array) : 0;
    }

    friend bool operator==(const PlacedMaterials& a, const PlacedMaterials& b) noexcept {
        return a.uniform_ == b.uniform_ &&
               (a.mixed_ == b.mixed_ ||
                (a.mixed_ != nullptr && b.mixed_ != nullptr && *a.mixed_ == *b.mixed_));
    }

private:
    std::shared_ptr<const Array> mixed_;
    Material uniform_ = kNotPlaced;
};

}  // namespace nebula::voxel
