// SPDX-License-Identifier: MIT
#include "nebula/voxel/field/generator.hpp"

#include "nebula/voxel/field/materials.hpp"

namespace nebula::voxel {

Range Generator::bounds(const Region& /*region*/) const noexcept { return {}; }

void Generator::generate_materials(const Region& region, Material* out, std::ptrdiff_t stride_y,
                                   std::ptrdiff_t stride_z) const {
    fill_materials(region, 0, out, stride_y, stride_z);
}

std::optional<Material> Generator::uniform_material(const Region& /*region*/) const noexcept {
    return Material{0};
}

}  // namespace nebula::voxel
