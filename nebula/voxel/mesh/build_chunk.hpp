// SPDX-License-Identifier: MIT
// From samples to a chunk's mesh, or the reason why there is none.
#pragma once

#include "nebula/voxel/field/materials.hpp"
#include "nebula/voxel/field/volume.hpp"
#include "nebula/voxel/mesh/mesh_scratch.hpp"
#include "nebula/voxel/space/voxel_error.hpp"

#include <tl/expected.hpp>

#include <utility>

namespace nebula::voxel {

/// Gathers the chunk's block and strips, meshes them, and calls `use(scratch, content)`, which
/// copies what it needs out of `scratch.mesh` and `scratch.block`. Whatever throws on the way, the
/// caller gets a value.
///
/// \param with_materials  whether the mesh says what it is made of; otherwise it is material 0.
///
/// Threads:   any thread that holds the pin under which `sources` were looked up.
template <class Use>
tl::expected<void, VoxelError> build_chunk(MeshScratchList& scratches, const Generator& generator,
                                           const ChunkSources& sources, bool with_materials,
                                           Use&& use) noexcept {
    try {
        const MeshScratchList::Loan loan = scratches.borrow();
        MeshScratch& scratch = *loan;
        scratch.mesh.clear();
        const BlockContent content = gather(generator, sources.bricks, scratch.block);
        if (content == BlockContent::Mixed) {
            gather_strips(generator, sources, scratch.strips);
            scratch.materials.is_uniform = true;
            scratch.materials.uniform = 0;
            if (with_materials) gather_materials(generator, sources, scratch.materials);
            if (auto done = scratch.mesher.mesh(scratch.block, scratch.strips, scratch.materials,
                                                scratch.mesh);
                !done)
                return done;
        }
        use(std::as_const(scratch), content);
        return {};
    } catch (...) {
        return tl::unexpected(error_of_current_exception());
    }
}

}  // namespace nebula::voxel
