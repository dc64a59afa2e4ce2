// SPDX-License-Identifier: MIT
#include "nebula/voxel/query/material_at.hpp"

#include "nebula/base/assert.hpp"
#include "nebula/voxel/field/materials.hpp"
#include "nebula/voxel/mesh/cell_triangles.hpp"
#include "nebula/voxel/mesh/nearest_ground.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace nebula::voxel {

namespace {

Vec3i offset_of(int corner) noexcept { return {corner & 1, corner >> 1 & 1, corner >> 2 & 1}; }

Sample sample_of(const Volume& volume, Vec3i point) {
    if (const FoundBrick brick = volume.read({floor_div(point, kBrickSize)})) {
        const Vec3i in = floor_mod(point, kBrickSize);
        return brick->at(in.x, in.y, in.z);
    }
    Sample sample = 0;
    volume.generator().generate({{point, point + Vec3i{1, 1, 1}}, 0}, &sample, 1, 1);
    return sample;
}

}  // namespace

tl::expected<std::optional<Material>, VoxelError> material_at(const Volume& volume,
                                                              Vec3f position) {
    NEBULA_ASSERT(volume.is_owner_thread(), "material_at was not called on the owner thread");
    if (auto error = check_position(position, "the position"))
        return tl::unexpected(std::move(*error));
    const Vec3f low{std::floor(position.x), std::floor(position.y), std::floor(position.z)};
    const Vec3i cell{static_cast<std::int32_t>(low.x), static_cast<std::int32_t>(low.y),
                     static_cast<std::int32_t>(low.z)};
    try {
        CellCorners corners{};
        for (int i = 0; i < 8; ++i)
            corners[static_cast<std::size_t>(i)] = sample_of(volume, cell + offset_of(i));
        const std::optional<int> nearest = nearest_ground(corners, position - low);
        if (!nearest) return std::nullopt;
        return material_of(volume, cell + offset_of(*nearest));
    } catch (...) {
        return tl::unexpected(error_of_current_exception());
    }
}

}  // namespace nebula::voxel
