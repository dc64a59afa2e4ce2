// SPDX-License-Identifier: MIT
// From samples to a chunk's mesh, or the reason why there is none.
#pragma once

#include "nebula/voxel/field/volume.hpp"
#include "nebula/voxel/mesh/mesh_scratch.hpp"
#include "nebula/voxel/space/voxel_error.hpp"

#include <tl/expected.hpp>

#include <utility>

namespace nebula::voxel {

/// Calls `gather(block)`, which fills the block and says what is in it, meshes the block, and calls
/// `use(scratch)`, which copies what it needs out of `scratch.mesh` and `scratch.block`. Whatever
/// throws on the way, the caller gets a value.
///
/// Threads:   any thread.
template <class Gather, class Use>
tl::expected<void, VoxelError> build_chunk(MeshScratchList& scratches, Gather&& gather,
                                           Use&& use) noexcept {
    try {
        const MeshScratchList::Loan loan = scratches.borrow();
        MeshScratch& scratch = *loan;
        scratch.mesh.clear();
        if (gather(scratch.block) == BlockContent::Mixed) {
            if (auto done = scratch.mesher.mesh(scratch.block, scratch.mesh); !done) return done;
        }
        use(std::as_const(scratch));
        return {};
    } catch (...) {
        return tl::unexpected(error_of_current_exception());
    }
}

}  // namespace nebula::voxel
