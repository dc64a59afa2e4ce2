// SPDX-License-Identifier: MIT
#include "nebula/voxel/field/ground_part.hpp"

#include "nebula/voxel/field/brick.hpp"
#include "nebula/voxel/field/materials.hpp"
#include "nebula/voxel/field/volume.hpp"

#include <algorithm>
#include <utility>

namespace nebula::voxel {

void read_materials(const Volume& volume, GroundPart& part) {
    const Vec3i size = part.box.max - part.box.min;
    const std::ptrdiff_t stride_y = size.x;
    const std::ptrdiff_t stride_z = stride_y * size.y;
    std::vector<Material> out(static_cast<std::size_t>(stride_z * size.z));
    read_materials(volume.generator(), {part.box, 0}, out.data(), stride_y, stride_z);
    const Vec3i first = floor_div(part.box.min, kBrickSize);
    const Vec3i last = floor_div(part.box.max - Vec3i{1, 1, 1}, kBrickSize);
    const auto place = [&](const Brick& brick, const Box3i& voxels) {
        const Box3i box = intersection(voxels, part.box);
        for (std::int32_t z = box.min.z; z < box.max.z; ++z)
            for (std::int32_t y = box.min.y; y < box.max.y; ++y)
                for (std::int32_t x = box.min.x; x < box.max.x; ++x) {
                    const Vec3i in = Vec3i{x, y, z} - voxels.min;
                    const Material placed = brick.placed_at(Brick::index(in.x, in.y, in.z));
                    const Vec3i at = Vec3i{x, y, z} - part.box.min;
                    if (placed != kNotPlaced)
                        out[static_cast<std::size_t>(at.x + at.y * stride_y + at.z * stride_z)] =
                            placed;
                }
    };
    for (std::int32_t z = first.z; z <= last.z; ++z)
        for (std::int32_t y = first.y; y <= last.y; ++y)
            for (std::int32_t x = first.x; x <= last.x; ++x)
                if (const FoundBrick brick = volume.read({{x, y, z}});
                    brick && !brick->placed.none())
                    place(*brick, brick_region({{x, y, z}}).box);
    part.materials = std::move(out);
}

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
