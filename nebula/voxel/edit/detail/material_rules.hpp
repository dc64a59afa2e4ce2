// SPDX-License-Identifier: MIT
// What an operation says about materials, ready to be asked point by point.
#pragma once

#include "nebula/voxel/edit/operation.hpp"
#include "nebula/voxel/field/material.hpp"

#include <array>

namespace nebula::voxel::detail {

/// Threads:   any thread, many at once.
class MaterialRules {
public:
    explicit MaterialRules(const Operation& operation) noexcept;

    [[nodiscard]] Mode mode() const noexcept { return mode_; }
    /// Of what becomes ground; or of what is painted.
    [[nodiscard]] Material material() const noexcept { return material_; }
    /// Whether share() is not 1 for some material.
    [[nodiscard]] bool limits() const noexcept { return limits_; }
    /// How much of the strength a point of this material feels: [0, 1]. Only ground is hard.
    [[nodiscard]] float share(Material material, bool ground) const noexcept {
        return ground ? of_ground_[material] : (only_.has(material) ? 1.0F : 0.0F);
    }

private:
    Mode mode_;
    Material material_;
    MaterialSet only_;
    std::array<float, kMaterials> of_ground_{};
    bool limits_ = false;
};

}  // namespace nebula::voxel::detail
