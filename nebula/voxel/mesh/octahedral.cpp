// SPDX-License-Identifier: MIT
#include "nebula/voxel/mesh/octahedral.hpp"

#include <cmath>

namespace nebula::voxel {

OctahedralNormal octahedral_encode(Vec3f direction) noexcept {
    const float scale =
        1.0F / (std::abs(direction.x) + std::abs(direction.y) + std::abs(direction.z));
    const float x = direction.x * scale;
    const float y = direction.y * scale;
    const bool folded = direction.z < 0.0F;
    const float u = folded ? std::copysign(1.0F - std::abs(y), x) : x;
    const float v = folded ? std::copysign(1.0F - std::abs(x), y) : y;
    // Truncated, as the engine does in its own packing.
    return {static_cast<std::uint16_t>((u * 0.5F + 0.5F) * 65535.0F),
            static_cast<std::uint16_t>((v * 0.5F + 0.5F) * 65535.0F)};
}

Vec3f octahedral_decode(OctahedralNormal packed) noexcept {
    const float u = static_cast<float>(packed.u) / 65535.0F * 2.0F - 1.0F;
    const float v = static_cast<float>(packed.v) / 65535.0F * 2.0F - 1.0F;
    const float z = 1.0F - std::abs(u) - std::abs(v);
    const float fold = z < 0.0F ? -z : 0.0F;
    const Vec3f n{u - std::copysign(fold, u), v - std::copysign(fold, v), z};
    return n * (1.0F / std::sqrt(dot(n, n)));
}

}  // namespace nebula::voxel
