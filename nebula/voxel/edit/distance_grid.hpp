// SPDX-License-Identifier: MIT
// A box of signed distances, and of materials, that can be stamped into the ground.
#pragma once

#include "nebula/voxel/field/material.hpp"
#include "nebula/voxel/space/ids.hpp"
#include "nebula/voxel/space/vec.hpp"
#include "nebula/voxel/space/voxel_error.hpp"

#include <tl/expected.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

namespace nebula::voxel {

struct Brick;
class Generator;
class Volume;

inline constexpr std::int32_t kMostGridEdge = 256;  ///< In points.

/// Distances in units of 1/32 voxel, negative inside, one point per voxel. Sixteen bits reach 1023
/// voxels to either side, so a stamp stays smooth on coarse levels, too.
///
/// Cost:      2 bytes per point, and 1 more with materials: 48 MB at most, in a record as in memory.
struct DistanceGrid {
    Vec3i size;                           ///< In points, 2 to kMostGridEdge on each axis.
    std::vector<std::int16_t> distances;  ///< x fastest, then y, then z; never 0.
    /// What Mode::Paste makes the ground of; other modes do not look at it. Below kMaterials, in the order
    /// of the distances; those of points in the air do not matter. Empty: what becomes ground is of the
    /// operation's material, and what stays ground keeps its own.
    std::vector<Material> materials{};

    [[nodiscard]] std::size_t index(int x, int y, int z) const noexcept {
        return static_cast<std::size_t>(x) +
               static_cast<std::size_t>(size.x) *
                   (static_cast<std::size_t>(y) +
                    static_cast<std::size_t>(size.y) * static_cast<std::size_t>(z));
    }
    [[nodiscard]] std::int16_t at(int x, int y, int z) const noexcept {
        return distances[index(x, y, z)];
    }

    friend bool operator==(const DistanceGrid&, const DistanceGrid&) = default;
};

/// Why the grid cannot be stamped, or nothing.
[[nodiscard]] std::optional<VoxelError> check(const DistanceGrid& grid);

/// The samples of a box of the finest level as they are, so within 4 voxels (127 units). At least one point
/// along each axis, and at most kMostGridEdge.
///
/// Threads:   owner thread of the volume.
/// Cost:      about 20 ns per point; bricks that nobody stored are generated.
/// Errors:    OutOfRange (size), OutsideWorld, GeneratorFailed, OutOfMemory.
[[nodiscard]] tl::expected<DistanceGrid, VoxelError> read_region(const Volume& volume,
                                                                 const Box3i& box);
/// The same, of bricks of level 0 that come from elsewhere. What `read` throws becomes the error, and is
/// taken for the generator's. Threads: any thread.
/// \param generator  not null: with materials, placed or else this generator's. But where it proves that
///                   all are 0, above and below the box as well, and none is placed, the grid has none.
[[nodiscard]] tl::expected<DistanceGrid, VoxelError> read_region(
    const Box3i& box, const std::function<void(BrickId, Brick&)>& read,
    const Generator* generator = nullptr);

/// The material of each point of a box of the finest level, in a grid's order; that of air is what the
/// generator says. Threads, Cost and Errors as for read_region().
[[nodiscard]] tl::expected<std::vector<Material>, VoxelError> read_region_materials(
    const Volume& volume, const Box3i& box);

/// Both in one grid, with materials as the other read_region() has them. Threads, Cost and Errors as there.
[[nodiscard]] tl::expected<DistanceGrid, VoxelError> read_region_with_materials(
    const Volume& volume, const Box3i& box);

/// Distances of 127 units and more to either side say no more than that. Continues them from those of the
/// neighbours, to within a tenth, so that coarse levels are smooth. \throws std::bad_alloc.
void continue_distances(DistanceGrid& grid);

/// What read_region() reads, with materials, continued and ready to be stamped: at least two points along
/// each axis. Threads, Cost and Errors as above.
[[nodiscard]] tl::expected<DistanceGrid, VoxelError> copy_region(const Volume& volume,
                                                                 const Box3i& box);

/// A grid of anybody's distances, in voxels and in the grid's order. They are rounded to 1/32 voxel, away
/// from 0; then they are continued.
/// \param materials  empty, or one for each point.
///
/// Threads:   any thread.
/// Errors:    OutOfRange (size), BadData (another number of distances or materials, or a material that there
///            is not), NotFinite, OutOfMemory.
[[nodiscard]] tl::expected<DistanceGrid, VoxelError> grid_of_distances(
    Vec3i size, std::span<const float> distances, std::span<const Material> materials = {});

/// A closed surface of triangles, three indices each.
struct ClosedMesh {
    std::span<const Vec3f> vertices;
    std::span<const std::uint32_t> indices;
};

struct MeshGrid {
    DistanceGrid grid;
    Vec3i
        origin;  ///< The grid's first point, in the mesh's coordinates: where StampShape::at puts it.
};

inline constexpr std::size_t kMostMeshTriangles = 1'000'000;

/// The distances to a mesh, whose unit is the voxel, with a margin of `margin` voxels around it.
///
/// Vertices are rounded to 1/256 voxel first, and signs come from integers alone: a point is inside
/// if the surface winds around it, in either sense. So a closed mesh has no stray signs, whatever its
/// triangles are, and parts that overlap are united.
///
/// Threads:   any thread.
/// Cost:      each triangle visits the points within 3 voxels of its box; some 50 ns per visit.
/// Errors:    NotFinite; BadData: no triangles, too many, an index without a vertex, too large,
///            or not closed (an edge that is not used equally often in both directions); OutOfMemory.
[[nodiscard]] tl::expected<MeshGrid, VoxelError> grid_of_mesh(const ClosedMesh& mesh,
                                                              std::int32_t margin = 4);

}  // namespace nebula::voxel
