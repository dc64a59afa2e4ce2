// SPDX-License-Identifier: MIT
// From samples to a mesh or the reason why not: the one place where failures become values.
#pragma once

#include "nebula/voxel/chunk_error.hpp"
#include "nebula/voxel/detail/scratch.hpp"
#include "nebula/voxel/volume.hpp"

#include <tl/expected.hpp>

#include <exception>
#include <string>

namespace nebula::voxel::detail {

/// Calls `gather(block)`, which fills the block and says what is in it, and meshes the result into
/// `scratch.mesh`. Whatever is thrown becomes an ExtractionFailed of this chunk.
template <class Gather>
tl::expected<void, ChunkError> extract(Vec3i chunk, Scratch& scratch, Gather&& gather) {
    using Kind = ChunkError::Kind;
    scratch.mesh.clear();
    try {
        if (gather(scratch.block) != BlockContent::Mixed) return {};
        return scratch.mesher.mesh(scratch.block, scratch.mesh);
    } catch (const std::exception& e) {
        return tl::unexpected(ChunkError{Kind::ExtractionFailed, chunk, e.what()});
    } catch (...) {
        return tl::unexpected(ChunkError{Kind::ExtractionFailed, chunk, "unknown exception"});
    }
}

}  // namespace nebula::voxel::detail
