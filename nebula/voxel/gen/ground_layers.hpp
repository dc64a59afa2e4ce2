// SPDX-License-Identifier: MIT
// What generated ground is made of, by how deep it lies.
#pragma once

#include "nebula/voxel/field/material.hpp"

#include <optional>

namespace nebula::voxel {

/// Three layers, one below the other. The default is one material everywhere, which costs nothing.
/// Depths are distances from the surface, in voxels. The air has the uppermost layer's material.
struct GroundLayers {
    Material surface = 0;        ///< From the surface down to surface_depth.
    float surface_depth = 1.5F;  ///< [0, 10000].
    Material soil = 0;           ///< From there down to soil_depth.
    float soil_depth = 5.0F;     ///< [surface_depth, 10000].
    Material rock = 0;           ///< Below.

    [[nodiscard]] constexpr Material at(float depth) const noexcept {
        return depth <= surface_depth ? surface : depth <= soil_depth ? soil : rock;
    }
    /// The material of all depths from `least` to `most`, if they have one.
    [[nodiscard]] constexpr std::optional<Material> uniform(float least,
                                                            float most) const noexcept {
        const bool has_soil =
            most > surface_depth && least <= soil_depth && soil_depth > surface_depth;
        const Material top = at(least);
        if (at(most) != top || (has_soil && soil != top)) return {};
        return top;
    }

    friend bool operator==(const GroundLayers&, const GroundLayers&) = default;
};

/// \throws std::invalid_argument that names the setting that is out of range; it begins with `who`.
void require_layers(const GroundLayers& layers, const char* who);

}  // namespace nebula::voxel
