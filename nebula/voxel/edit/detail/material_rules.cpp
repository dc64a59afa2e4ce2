// SPDX-License-Identifier: MIT
#include "nebula/voxel/edit/detail/material_rules.hpp"

#include <algorithm>
#include <cstddef>

namespace nebula::voxel::detail {

MaterialRules::MaterialRules(const Operation& operation) noexcept
    : mode_(operation.mode), material_(operation.material), only_(operation.only) {
    for (std::size_t m = 0; m < of_ground_.size(); ++m)
        of_ground_[m] = only_.has(static_cast<Material>(m)) ? 1.0F : 0.0F;
    if (meets_hardness(operation.mode))
        for (const MaterialHardness& hard : operation.hardness)
            of_ground_[hard.material] *= 1.0F - hard.hardness;
    limits_ = std::ranges::any_of(of_ground_, [](float share) { return share < 1.0F; });
}

}  // namespace nebula::voxel::detail
