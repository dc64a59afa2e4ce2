// SPDX-License-Identifier: MIT
#include "nebula/voxel/gen/ground_layers.hpp"

#include <stdexcept>
#include <string>

namespace nebula::voxel {

void require_layers(const GroundLayers& layers, const char* who) {
    const auto require = [who](bool ok, const char* what) {
        if (!ok) throw std::invalid_argument(std::string(who) + what);
    };
    constexpr float deepest = 10000.0F;
    for (const Material material : {layers.surface, layers.soil, layers.rock})
        require(material < kMaterials, ": materials must lie in [0, 127]");
    // False for NaN.
    require(layers.surface_depth >= 0.0F && layers.surface_depth <= deepest,
            ": surface_depth must lie in [0, 10000]");
    require(layers.soil_depth >= layers.surface_depth && layers.soil_depth <= deepest,
            ": soil_depth must lie in [surface_depth, 10000]");
}

}  // namespace nebula::voxel
