// SPDX-License-Identifier: MIT
#include "nebula/voxel/edit/ground_volume.hpp"

#include <algorithm>
#include <cstddef>

namespace nebula::voxel {

namespace {

MaterialVolumes::iterator place(MaterialVolumes& in, Material material) noexcept {
    return std::lower_bound(
        in.begin(), in.end(), material,
        [](const MaterialVolume& volume, Material m) { return volume.material < m; });
}

}  // namespace

GroundVolume total(const MaterialVolumes& volumes) noexcept {
    GroundVolume sum;
    for (const MaterialVolume& part : volumes) sum += part.volume;
    return sum;
}

void add(MaterialVolumes& to, const MaterialVolumes& volumes) {
    for (const MaterialVolume& part : volumes) {
        auto at = place(to, part.material);
        if (at == to.end() || at->material != part.material)
            at = to.insert(at, {part.material, {}});
        at->volume += part.volume;
    }
}

void subtract(MaterialVolumes& from, const MaterialVolumes& volumes) noexcept {
    for (const MaterialVolume& part : volumes) {
        const auto at = place(from, part.material);
        if (at != from.end() && at->material == part.material) at->volume -= part.volume;
    }
    std::erase_if(from, [](const MaterialVolume& part) { return part.volume == GroundVolume{}; });
}

}  // namespace nebula::voxel
