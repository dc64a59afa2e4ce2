// SPDX-License-Identifier: MIT
#include "nebula/voxel/edit/distance_grid.hpp"

#include "nebula/voxel/edit/detail/edit_changes.hpp"
#include "nebula/voxel/edit/detail/extend_distances.hpp"
#include "nebula/voxel/field/sample.hpp"
#include "nebula/voxel/field/volume.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>

namespace nebula::voxel {

namespace {

bool edges_fit(Vec3i size, std::int32_t least = 2) {
    const auto fits = [&](std::int32_t edge) { return edge >= least && edge <= kMostGridEdge; };
    return fits(size.x) && fits(size.y) && fits(size.z);
}

tl::unexpected<VoxelError> wrong_size(const char* message) {
    return tl::unexpected(VoxelError{VoxelError::Kind::OutOfRange, message});
}

}  // namespace

std::optional<VoxelError> check(const DistanceGrid& grid) {
    if (!edges_fit(grid.size))
        return VoxelError{VoxelError::Kind::BadData,
                          "a grid of distances must have 2 to 256 points along each axis"};
    if (grid.distances.size() != grid.index(0, 0, grid.size.z))
        return VoxelError{VoxelError::Kind::BadData,
                          "a grid of distances must have one distance for each of its points"};
    // Of up to 2^24, so without branches, as vector code.
    unsigned zeros = 0;
    for (const std::int16_t distance : grid.distances) zeros |= distance == 0 ? 1U : 0U;
    if (zeros != 0)
        return VoxelError{VoxelError::Kind::BadData,
                          "a grid of distances must not have a distance of 0"};
    return {};
}

tl::expected<DistanceGrid, VoxelError> read_region(const Volume& volume, const Box3i& box) {
    return read_region(box,
                       [&volume](BrickId id, Brick& out) { detail::read_brick(volume, id, out); });
}

tl::expected<DistanceGrid, VoxelError> read_region(
    const Box3i& box, const std::function<void(BrickId, Brick&)>& read) {
    const auto outside = [](std::int32_t c) {
        return std::abs(static_cast<float>(c)) > kWorldLimit;
    };
    for (const Vec3i& p : {box.min, box.max})
        if (outside(p.x) || outside(p.y) || outside(p.z))
            return tl::unexpected(VoxelError{VoxelError::Kind::OutsideWorld,
                                             "the box reaches beyond 16 000 000 voxels"});
    const Vec3i size = box.max - box.min;
    if (!edges_fit(size, 1)) return wrong_size("the box must have 1 to 256 points along each axis");
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
                    read(id, *brick);
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
        return grid;
    } catch (...) {
        return tl::unexpected(error_of_current_exception());
    }
}

void continue_distances(DistanceGrid& grid) { detail::extend_distances(grid, kSampleMax); }

tl::expected<DistanceGrid, VoxelError> copy_region(const Volume& volume, const Box3i& box) {
    auto grid = read_region(volume, box);
    if (!grid) return grid;
    if (!edges_fit(grid->size))
        return wrong_size("the copied box must have 2 to 256 points along each axis");
    try {
        continue_distances(*grid);
        return grid;
    } catch (...) {
        return tl::unexpected(error_of_current_exception());
    }
}

tl::expected<DistanceGrid, VoxelError> grid_of_distances(Vec3i size,
                                                         std::span<const float> distances) {
    if (!edges_fit(size)) return wrong_size("the box must have 2 to 256 points along each axis");
    try {
        DistanceGrid grid{size, {}};
        const std::size_t count = grid.index(0, 0, size.z);
        if (distances.size() != count)
            return tl::unexpected(VoxelError{
                VoxelError::Kind::BadData,
                "the box has " + std::to_string(count) + " points, but there are " +
                    std::to_string(distances.size()) + " distances; there must be one for each"});
        grid.distances.reserve(count);
        for (const float distance : distances) {
            if (!std::isfinite(distance))
                return tl::unexpected(VoxelError{VoxelError::Kind::NotFinite,
                                                 "distance number " +
                                                     std::to_string(grid.distances.size()) +
                                                     " is not a finite number"});
            grid.distances.push_back(std::int16_t{quantize(distance)});
        }
        continue_distances(grid);
        return grid;
    } catch (...) {
        return tl::unexpected(error_of_current_exception());
    }
}

}  // namespace nebula::voxel
