// SPDX-License-Identifier: MIT
#include "nebula/voxel/edit/distance_grid.hpp"

#include "nebula/voxel/edit/detail/edit_changes.hpp"
#include "nebula/voxel/edit/detail/extend_distances.hpp"
#include "nebula/voxel/field/volume.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

namespace nebula::voxel {

namespace {

bool edges_fit(Vec3i size) {
    const auto fits = [](std::int32_t edge) { return edge >= 2 && edge <= kMostGridEdge; };
    return fits(size.x) && fits(size.y) && fits(size.z);
}

}  // namespace

std::optional<VoxelError> check(const DistanceGrid& grid) {
    if (!edges_fit(grid.size))
        return VoxelError{VoxelError::Kind::BadData,
                          "a grid of distances must have 2 to 256 points along each axis"};
    if (grid.distances.size() != grid.index(0, 0, grid.size.z))
        return VoxelError{VoxelError::Kind::BadData,
                          "a grid of distances must have one distance for each of its points"};
    if (std::find(grid.distances.begin(), grid.distances.end(), 0) != grid.distances.end())
        return VoxelError{VoxelError::Kind::BadData,
                          "a grid of distances must not have a distance of 0"};
    return {};
}

tl::expected<DistanceGrid, VoxelError> copy_region(const Volume& volume, const Box3i& box) {
    const auto outside = [](std::int32_t c) {
        return std::abs(static_cast<float>(c)) > kWorldLimit;
    };
    for (const Vec3i& p : {box.min, box.max})
        if (outside(p.x) || outside(p.y) || outside(p.z))
            return tl::unexpected(VoxelError{VoxelError::Kind::OutsideWorld,
                                             "the copied box reaches beyond 16 000 000 voxels"});
    const Vec3i size = box.max - box.min;
    if (!edges_fit(size))
        return tl::unexpected(
            VoxelError{VoxelError::Kind::OutOfRange,
                       "the copied box must have 2 to 256 points along each axis"});
    try {
        DistanceGrid grid{size, {}};
        grid.distances.resize(grid.index(0, 0, size.z));
        const auto brick = std::make_unique_for_overwrite<Brick>();
        const Vec3i first = floor_div(box.min, kBrickSize);
        const Vec3i last = floor_div(box.max - Vec3i{1, 1, 1}, kBrickSize);
        for (std::int32_t bz = first.z; bz <= last.z; ++bz)
            for (std::int32_t by = first.y; by <= last.y; ++by)
                for (std::int32_t bx = first.x; bx <= last.x; ++bx) {
                    const BrickId id{{bx, by, bz}};
                    detail::read_brick(volume, id, *brick);
                    const Box3i voxels = brick_region(id).box;
                    const Box3i part = intersection(voxels, box);
                    for (std::int32_t z = part.min.z; z < part.max.z; ++z)
                        for (std::int32_t y = part.min.y; y < part.max.y; ++y)
                            for (std::int32_t x = part.min.x; x < part.max.x; ++x)
                                grid.distances[grid.index(x - box.min.x, y - box.min.y,
                                                          z - box.min.z)] =
                                    std::int16_t{brick->at(x - voxels.min.x, y - voxels.min.y,
                                                           z - voxels.min.z)};
                }
        detail::extend_distances(grid, kSampleMax);
        return grid;
    } catch (...) {
        return tl::unexpected(error_of_current_exception());
    }
}

}  // namespace nebula::voxel
