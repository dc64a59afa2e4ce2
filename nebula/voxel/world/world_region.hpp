// SPDX-License-Identifier: MIT
// A box of another world, read from a file and put into this one.
#pragma once

#include "nebula/voxel/edit/distance_grid.hpp"
#include "nebula/voxel/edit/operation.hpp"
#include "nebula/voxel/field/generator.hpp"
#include "nebula/voxel/space/vec.hpp"
#include "nebula/voxel/space/voxel_error.hpp"

#include <tl/expected.hpp>

#include <cstddef>
#include <string>

namespace nebula::voxel {

/// The ground of level 0 in a box, as it was in the world that the file is from.
struct WorldRegion {
    Vec3i at;           ///< Its first voxel in that world.
    DistanceGrid grid;  ///< As read_region() gives it, with materials.
    /// The file's own words, if they are not those of the caller: then the ground that nobody changed
    /// is another one than it was there.
    std::string other_generator;
    std::size_t damaged = 0;  ///< Bricks in the box that could not be read.
    /// One sentence if the file is damaged, so that ground of the generator may be in place of what is lost; or
    /// empty: all that was exported is here.
    std::string loss;
};

/// Reads the box that WorldFile::export_to was asked for. In a file that no export made, or that was saved
/// to since, it is the box around the changed bricks of level 0. What nobody changed comes from
/// `generator`, of which `words` are the description; and so do the materials that nobody placed.
///
/// Threads:   any thread that may wait for the disk.
/// Cost:      some 20 us per brick, in memory 3 bytes per point.
/// Errors:    as WorldFile::open; OutOfRange: an edge of the box is not from 2 to kMostGridEdge; BadData: the
///            file has no changed ground; FileFailed, GeneratorFailed, OutOfMemory.
[[nodiscard]] tl::expected<WorldRegion, VoxelError> read_world_region(const std::string& path,
                                                                      const Generator& generator,
                                                                      const std::string& words);

/// The operation that makes the box, moved by whole voxels, what it was in the other world, and of what it
/// was: the samples and materials of all levels follow from those of level 0, so levels agree wherever it
/// goes. Its reach may be more than
/// World::apply() takes; World::begin() takes all.
///
/// Threads:   any thread; it is work for a worker.
/// Cost:      some 50 ns per point.
/// Errors:    OutsideWorld, OutOfMemory.
[[nodiscard]] tl::expected<Operation, VoxelError> paste_of(WorldRegion region, Vec3i moved_by);

}  // namespace nebula::voxel
