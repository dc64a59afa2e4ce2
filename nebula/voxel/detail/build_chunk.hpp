// SPDX-License-Identifier: MIT
// From samples to a chunk's mesh, or the reason why there is none.
#pragma once

#include "nebula/voxel/detail/scratch.hpp"
#include "nebula/voxel/volume.hpp"
#include "nebula/voxel/voxel_error.hpp"

#include <tl/expected.hpp>

#include <exception>
#include <new>

namespace nebula::voxel::detail {

/// Calls `gather(block)`, which fills the block and says what is in it, and meshes the block into
/// `scratch.mesh`. This is the one place where exceptions become values.
///
/// Threads:   the thread that `scratch` belongs to.
template <class Gather>
tl::expected<void, VoxelError> build_chunk(Scratch& scratch, Gather&& gather) {
    using Kind = VoxelError::Kind;
    scratch.mesh.clear();
    try {
        if (gather(scratch.block) != BlockContent::Mixed) return {};
        return scratch.mesher.mesh(scratch.block, scratch.mesh);
    } catch (const std::bad_alloc&) {
        return tl::unexpected(VoxelError{Kind::OutOfMemory, "out of memory"});
    } catch (const std::exception& e) {
        return tl::unexpected(VoxelError{Kind::GeneratorFailed, e.what()});
    } catch (...) {
        return tl::unexpected(VoxelError{Kind::GeneratorFailed, "unknown exception"});
    }
}

}  // namespace nebula::voxel::detail
