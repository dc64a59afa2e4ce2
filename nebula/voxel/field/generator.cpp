// SPDX-License-Identifier: MIT
#include "nebula/voxel/field/generator.hpp"

namespace nebula::voxel {

Range Generator::bounds(const Region& /*region*/) const noexcept { return {}; }

}  // namespace nebula::voxel
