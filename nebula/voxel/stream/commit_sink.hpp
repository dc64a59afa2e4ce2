// SPDX-License-Identifier: MIT
// The engine's side of a commit.
#pragma once

#include "nebula/voxel/space/ids.hpp"
#include "nebula/voxel/space/voxel_error.hpp"
#include "nebula/voxel/stream/surface.hpp"

namespace nebula::voxel {

/// Where finished chunks go: the engine's side of a commit. Called by a Streamer on the owner thread,
/// inside commit and commit_edits only.
///
/// Making a mesh is what costs; showing it is cheap. So the meshes of a step are staged over as many
/// frames as the budget needs, and then all shown in one.
///
/// Throws:    must not throw. The sink itself reports failures of the engine.
class CommitSink {
public:
    CommitSink() = default;
    CommitSink(const CommitSink&) = delete;
    CommitSink& operator=(const CommitSink&) = delete;
    virtual ~CommitSink() = default;

    /// Makes the chunk's next mesh, hidden beside the one that it shows. A mesh that was staged for
    /// the chunk before is replaced. The surface comes from the terrain's SurfaceMaker; the sink may
    /// take out what is in it, and it is valid only during the call.
    virtual void stage(ChunkId chunk, Surface& surface) noexcept = 0;
    /// Shows the staged mesh in place of the one that the chunk showed.
    virtual void show(ChunkId chunk) noexcept = 0;
    /// Removes the mesh that the chunk shows. Called only for a chunk that shows one.
    virtual void remove(ChunkId chunk) noexcept = 0;
    /// Removes the mesh that was staged: it will not be shown.
    virtual void discard(ChunkId chunk) noexcept = 0;
    /// The chunk could not be built. It keeps the mesh that it showed before, if any.
    virtual void failed(ChunkId chunk, const VoxelError& error) noexcept = 0;
};

}  // namespace nebula::voxel
