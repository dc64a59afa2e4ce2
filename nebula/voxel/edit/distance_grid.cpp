// SPDX-License-Identifier: MIT
#include "nebula/voxel/edit/distance_grid.hpp"

#include "nebula/voxel/edit/detail/edit_changes.hpp"
#include "nebula/voxel/edit/detail/extend_distances.hpp"
#include "nebula/voxel/field/brick.hpp"
#include "nebula/voxel/field/generator.hpp"
#include "nebula/voxel/field/materials.hpp"
#include "nebula/voxel/field/sample.hpp"
#include "nebula/voxel/field/volume.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace nebula::voxel {

namespace {

bool edges_fit(Vec3i size, std::int32_t least = 2) {
    const auto fits = [&](std::int32_t edge) { return edge >= least && edge <= kMostGridEdge; };
    return fits(size.x) && fits(size.y) && fits(size.z);
}

tl::unexpected<VoxelError> wrong_size(const char* message) {
    return tl::unexpected(VoxelError{VoxelError::Kind::OutOfRange, message});
}

// Whether it may say another one than 0 in the box, or above or below it: bare rock of material 0 replaces
// grass, wherever it is pasted.
bool has_materials(const Generator& generator, const Box3i& box) {
    constexpr auto far = static_cast<std::int32_t>(kWorldLimit);
    const Box3i column{{box.min.x, -far, box.min.z}, {box.max.x, far, box.max.z}};
    return generator.uniform_material({column, 0}) != Material{0};
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
    if (grid.materials.empty()) return {};
    if (grid.materials.size() != grid.distances.size())
        return VoxelError{VoxelError::Kind::BadData,
                          "a grid with materials must have one material for each of its points"};
    unsigned bits = 0;
    for (const Material material : grid.materials) bits |= material;
    if (bits >= kMaterials)
        return VoxelError{VoxelError::Kind::BadData, "a grid's materials must be from 0 to 127"};
    return {};
}

tl::expected<DistanceGrid, VoxelError> read_region(const Volume& volume, const Box3i& box) {
    return read_region(box,
                       [&volume](BrickId id, Brick& out) { detail::read_brick(volume, id, out); });
}

tl::expected<DistanceGrid, VoxelError> read_region(const Box3i& box,
                                                   const std::function<void(BrickId, Brick&)>& read,
                                                   const Generator* generator) {
    const auto edge = [](std::int32_t min, std::int32_t max) {  // of a box that may be any
        return static_cast<std::int32_t>(
            std::clamp<std::int64_t>(std::int64_t{max} - min, 0, kMostGridEdge + 1));
    };
    const Vec3i size{edge(box.min.x, box.max.x), edge(box.min.y, box.max.y),
                     edge(box.min.z, box.max.z)};
    if (!edges_fit(size, 1)) return wrong_size("the box must have 1 to 256 points along each axis");
    if (auto fault = check_box(box.min, size, "the box")) return tl::unexpected(std::move(*fault));
    try {
        DistanceGrid grid{size, {}};
        const std::size_t count = grid.index(0, 0, size.z);
        const auto step_z = static_cast<std::ptrdiff_t>(grid.index(0, 0, 1));
        grid.distances.resize(count);
        if (generator != nullptr && has_materials(*generator, box)) {
            grid.materials.resize(count);
            read_materials(*generator, {box, 0}, grid.materials.data(), size.x, step_z);
        }
        const auto brick = std::make_unique_for_overwrite<Brick>();
        const Vec3i first = floor_div(box.min, kBrickSize);
        const Vec3i last = floor_div(box.max - Vec3i{1, 1, 1}, kBrickSize);
        for (std::int32_t bz = first.z; bz <= last.z; ++bz)
            for (std::int32_t by = first.y; by <= last.y; ++by)
                for (std::int32_t bx = first.x; bx <= last.x; ++bx) {
                    const BrickId id{{bx, by, bz}};
                    read(id, *brick);
                    const Box3i voxels = brick_region(id).box;
                    const bool has_placed = generator != nullptr && !brick->placed.none();
                    if (has_placed) grid.materials.resize(count);  // if it was empty, all are 0
                    const Box3i part = intersection(voxels, box);
                    for (std::int32_t z = part.min.z; z < part.max.z; ++z)
                        for (std::int32_t y = part.min.y; y < part.max.y; ++y)
                            for (std::int32_t x = part.min.x; x < part.max.x; ++x) {
                                const std::size_t to =
                                    grid.index(x - box.min.x, y - box.min.y, z - box.min.z);
                                const std::size_t from = Brick::index(
                                    x - voxels.min.x, y - voxels.min.y, z - voxels.min.z);
                                grid.distances[to] = std::int16_t{brick->samples[from]};
                            }
                    if (has_placed)
                        read_placed(*brick, id.at, {box, 0}, grid.materials.data(), size.x, step_z);
                }
        return grid;
    } catch (...) {
        return tl::unexpected(error_of_current_exception());
    }
}

tl::expected<DistanceGrid, VoxelError> read_region_with_materials(const Volume& volume,
                                                                  const Box3i& box) {
    return read_region(
        box, [&volume](BrickId id, Brick& out) { detail::read_brick(volume, id, out); },
        &volume.generator());
}

tl::expected<std::vector<Material>, VoxelError> read_region_materials(const Volume& volume,
                                                                      const Box3i& box) {
    auto grid = read_region_with_materials(volume, box);
    if (!grid) return tl::unexpected(std::move(grid.error()));
    try {
        grid->materials.resize(grid->distances.size());  // if there are none, all are 0
        return std::move(grid->materials);
    } catch (...) {
        return tl::unexpected(error_of_current_exception());
    }
}

void continue_distances(DistanceGrid& grid) { detail::extend_distances(grid, kSampleMax); }

tl::expected<DistanceGrid, VoxelError> copy_region(const Volume& volume, const Box3i& box) {
    auto grid = read_region_with_materials(volume, box);
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
                                                         std::span<const float> distances,
                                                         std::span<const Material> materials) {
    if (!edges_fit(size)) return wrong_size("the box must have 2 to 256 points along each axis");
    try {
        DistanceGrid grid{size, {}};
        const std::size_t count = grid.index(0, 0, size.z);
        if (distances.size() != count)
            return tl::unexpected(VoxelError{
                VoxelError::Kind::BadData,
                "the box has " + std::to_string(count) + " points, but there are " +
                    std::to_string(distances.size()) + " distances; there must be one for each"});
        if (!materials.empty() && materials.size() != count)
            return tl::unexpected(VoxelError{
                VoxelError::Kind::BadData, "the box has " + std::to_string(count) +
                                               " points, but there are " +
                                               std::to_string(materials.size()) +
                                               " materials; there must be one for each, or none"});
        const auto wrong =
            std::ranges::find_if(materials, [](Material m) { return m >= kMaterials; });
        if (wrong != materials.end())
            return tl::unexpected(
                VoxelError{VoxelError::Kind::BadData,
                           "material number " + std::to_string(wrong - materials.begin()) + " is " +
                               std::to_string(*wrong) + "; it must be from 0 to 127"});
        grid.materials.assign(materials.begin(), materials.end());
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
