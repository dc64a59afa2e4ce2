// SPDX-License-Identifier: MIT
#include "nebula/voxel/mesh/half_turn.hpp"

#include <cmath>
#include <cstdint>

namespace nebula::voxel {

OctahedralNormal half_turn_to(Vec3f normal) noexcept {
    const float level = normal.x * normal.x + normal.y * normal.y;
    const float length = std::sqrt(level + normal.z * normal.z);
    const float reach = length + std::abs(normal.z);
    // The axis is (x, y, z + length). Below the horizon z + length would cancel, so there all of it
    // is multiplied by length - z.
    const bool down = normal.z < 0.0F;
    float x = down ? normal.x * reach : normal.x;
    const float y = down ? normal.y * reach : normal.y;
    const float z = down ? level : reach;
    if (z == 0.0F) x = 1.0F;  // straight down: any horizontal axis will do
    const float scale = 1.0F / (std::abs(x) + std::abs(y) + z);
    const auto pack = [](float f) { return static_cast<std::uint16_t>(f * 32767.5F + 32768.0F); };
    return {pack(x * scale), pack(y * scale)};
}

Vec3f normal_of_half_turn(OctahedralNormal axis) noexcept {
    const Vec3f a = octahedral_decode(axis);
    return a * (2.0F * a.z) - Vec3f{0.0F, 0.0F, 1.0F};
}

}  // namespace nebula::voxel
