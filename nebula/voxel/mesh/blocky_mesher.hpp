// SPDX-License-Identifier: MIT
// Turns the blocks of a chunk into quads. README, "Blocky mesher", explains how.
#pragma once

#include "nebula/voxel/field/block_grid.hpp"
#include "nebula/voxel/field/block_type.hpp"
#include "nebula/voxel/mesh/blocky_mesh.hpp"
#include "nebula/voxel/space/voxel_error.hpp"

#include <memory>
#include <tl/expected.hpp>

namespace nebula::voxel {

/// Meshes chunks one after another, using scratch memory that it keeps.
///
///     BlockyMesher mesher;
///     if (auto done = mesher.mesh(grid, types, mesh); !done) report(done.error());
///
/// A block's face is shown if the neighbour is neither opaque nor of the block's own type, and it
/// belongs to the chunk of its block, at a border too. Faces that look the same are merged into
/// larger quads, and the picture is that of the single faces at every point: README, "Which faces
/// merge".
///
/// The mesh depends on the ids and their kinds alone: the bytes are the same on every thread,
/// processor and compiler.
///
/// Threads:   any thread; mesh() never at once with itself on one object, so one object per worker.
/// Cost:      0.5 us for a chunk of one type; otherwise mostly in proportion to the quads: 14 to 21
///            us for the ground of 32^3 blocks, 5 to 8 ns per quad where there are many
///            (bench/voxel/README.md, a shared 2-core machine). About 570 KB of scratch, and 8
///            bytes per quad. Allocates only while `out` and the list of quads grow.
/// Throws:    std::bad_alloc if growing fails. `out` is then unspecified; the mesher stays usable.
class BlockyMesher {
public:
    BlockyMesher();
    ~BlockyMesher();
    BlockyMesher(BlockyMesher&&) noexcept;
    BlockyMesher& operator=(BlockyMesher&&) noexcept;

    /// Replaces `out` with the faces of `grid`, which is an empty mesh if there are none.
    ///
    /// Fails with UnknownBlock and an empty `out` if an id of the grid, the ring included, is not
    /// in `types`. The message names the chunk, the block and the id.
    [[nodiscard]] tl::expected<void, VoxelError> mesh(const BlockGrid& grid,
                                                      const BlockTypes& types, BlockyMesh& out);

private:
    struct Scratch;
    std::unique_ptr<Scratch> scratch_;
};

}  // namespace nebula::voxel
