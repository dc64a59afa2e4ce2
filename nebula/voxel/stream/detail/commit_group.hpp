// SPDX-License-Identifier: MIT
// Changes of the shown set that appear together, with every mesh that they need.
#pragma once

#include "nebula/voxel/field/brick.hpp"
#include "nebula/voxel/field/volume.hpp"
#include "nebula/voxel/space/ids.hpp"
#include "nebula/voxel/space/voxel_error.hpp"
#include "nebula/voxel/stream/detail/chunk_tree.hpp"
#include "nebula/voxel/stream/surface.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace nebula::voxel::detail {

struct CommitGroup;

/// One chunk to build for a group.
struct ChunkItem {
    explicit ChunkItem(ChunkId chunk, std::uint8_t strips = 0) : id(chunk), mask(strips) {}

    ChunkId id;
    std::uint8_t mask = 0;  ///< Faces that get a strip.
    CommitGroup* group = nullptr;

    // The build. Written by the thread that builds it, until the owner receives it.
    std::uint64_t version = 0;         ///< It contains every edit up to this version.
    std::unique_ptr<Surface> surface;  ///< Null: nothing is to be seen.
    std::optional<VoxelError> error;
    /// Those that the volume lacked; others null.
    std::unique_ptr<std::array<BrickPtr, kOwnBricks>> bricks;

    // Owner thread.
    ChunkNode* node = nullptr;
    ChunkItem* older = nullptr;  ///< The same chunk's item in an earlier group.
    bool built = false;
    bool stale = false;  ///< Edited since it was built: an edit group builds it anew.
    ChunkItem* next_stale = nullptr;
    std::uint64_t rebuilt = 0;  ///< Up to which version, by an edit group; 0: by none.
    bool staged = false;        ///< The sink has what it needs.
    bool mesh_staged = false;   ///< And that is a mesh.
};

/// Items that one worker builds in a row: the children of one parent, or a single chunk.
struct BuildJob {
    CommitGroup* group = nullptr;
    std::uint32_t first = 0;  ///< In group->items.
    std::uint32_t count = 0;
    std::size_t bytes = 0;     ///< What its results take; set by the builder.
    BuildJob* next = nullptr;  ///< For the completion queue.
};

/// A step from one partition of space to the next. It is shown in one call, once all its items are
/// built, so there is never a hole or a double surface. Groups are shown in the order in which they
/// were planned: each was planned on top of the one before.
///
/// Threads:   owner thread; workers see their jobs' items only.
struct CommitGroup {
    struct Change {
        enum class Kind : std::uint8_t {
            Appear,  ///< A root becomes a leaf.
            Vanish,  ///< A root goes, with everything in it.
            Split,   ///< A leaf gives way to its children.
            Merge,   ///< Eight children give way to their parent.
        };
        Kind kind;
        ChunkId id;
    };
    std::vector<Change> changes;
    std::vector<ChunkItem> items;  ///< Fixed once the jobs are queued.
    std::vector<BuildJob> jobs;
    std::size_t unbuilt = 0;  ///< Items whose job has not been received.
    std::size_t stale = 0;    ///< Items that are stale.
    std::size_t bytes = 0;    ///< Of what was built.
    /// Set by the owner when the group will never be shown; a hint for workers, which then skip its
    /// jobs.
    std::atomic<bool> abandoned{false};

    [[nodiscard]] bool is_built() const noexcept { return unbuilt == 0 && stale == 0; }
};

}  // namespace nebula::voxel::detail
