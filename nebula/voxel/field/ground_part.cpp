// SPDX-License-Identifier: MIT
#include "nebula/voxel/field/ground_part.hpp"

#include <algorithm>

namespace nebula::voxel {

PartMass mass_of(const GroundPart& part) noexcept {
    constexpr int half = kSampleUnitsPerVoxel / 2;
    const Box3i all = part.stored();
    const Vec3i size = all.max - all.min;
    // Within 2^45: at most 2^8 points along each axis, and weights up to 2^5.
    std::int64_t sum = 0;
    std::array<std::int64_t, 3> first{};
    std::array<std::int64_t, 3> second{};
    std::size_t i = 0;
    for (int z = 0; z < size.z; ++z)
        for (int y = 0; y < size.y; ++y) {
            std::int64_t row = 0;
            for (int x = 0; x < size.x; ++x, ++i) {
                const std::int64_t weight =
                    std::clamp(half - part.samples[i], 0, kSampleUnitsPerVoxel);
                row += weight;
                first[0] += weight * x;
                second[0] += weight * x * x;
            }
            sum += row;
            first[1] += row * y;
            second[1] += row * y * y;
            first[2] += row * z;
            second[2] += row * z * z;
        }
    PartMass mass;
    if (sum == 0) return mass;
    const auto total = static_cast<double>(sum);
    mass.volume = total / kSampleUnitsPerVoxel;
    for (std::size_t axis = 0; axis < 3; ++axis) {
        const double mean = static_cast<double>(first[axis]) / total;
        mass.centre[axis] = mean - GroundPart::kMargin;
        // A voxel has an extent of its own: 1/12.
        mass.spread[axis] = static_cast<double>(second[axis]) / total - mean * mean + 1.0 / 12.0;
    }
    return mass;
}

}  // namespace nebula::voxel
