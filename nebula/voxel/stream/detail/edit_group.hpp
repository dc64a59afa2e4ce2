// SPDX-License-Identifier: MIT
// Rebuilds the chunks that one frame's edits changed, together and from one snapshot.
#pragma once

#include "nebula/base/clock.hpp"
#include "nebula/threading/task_group.hpp"
#include "nebula/voxel/field/epoch.hpp"
#include "nebula/voxel/field/volume.hpp"
#include "nebula/voxel/mesh/mesh_scratch.hpp"
#include "nebula/voxel/space/ids.hpp"
#include "nebula/voxel/space/voxel_error.hpp"
#include "nebula/voxel/stream/detail/commit_group.hpp"
#include "nebula/voxel/stream/surface.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

namespace nebula {
class WorkerPool;
}

namespace nebula::voxel::detail {

/// add() makes all look-ups, before anything else can be edited. So the chunks fit together,
/// however late they are built. The group pins the epoch, which keeps their bricks alive.
///
/// The owner thread builds chunks until its deadline, and workers help; afterwards the workers
/// build the rest. On a pool without workers, the next finish() continues.
///
/// Threads:   owner thread.
/// Cost:      add: 64 look-ups, and 18 for each strip. finish: until the deadline, plus one chunk.
/// Lifetime:  borrows the volume, the scratches and the maker. The destructor drops chunks that have not begun
///            and waits for those that workers are building.
class EditGroup {
public:
    struct Item {
        ChunkSources sources;
        ChunkItem* waiting = nullptr;  ///< The build that this one replaces; null: what is shown.
        std::unique_ptr<Surface> surface;  ///< Null: nothing is to be seen.
        std::optional<VoxelError> error;
    };

    EditGroup(WorkerPool& pool, Volume& volume, MeshScratchList& scratches,
              const SurfaceMaker& surfaces, std::size_t most_items);
    ~EditGroup();
    EditGroup(const EditGroup&) = delete;
    EditGroup& operator=(const EditGroup&) = delete;

    /// At most `most_items` times.
    void add(ChunkId chunk, std::uint8_t mask, ChunkItem* waiting) noexcept;
    /// Call it after the last add(). Lets workers begin if the group is large enough. If it throws,
    /// finish() makes up for it.
    void start();
    /// Builds until the deadline; returns whether every chunk is built.
    [[nodiscard]] bool finish(Clock::time_point deadline);

    /// Complete once finish() has returned true.
    [[nodiscard]] std::span<Item> items() noexcept { return {items_.get(), count_}; }
    /// Every build contains the edits up to this version.
    [[nodiscard]] std::uint64_t version() const noexcept { return version_; }

    // About the group's edits; for the user of this class.
    std::size_t edits = 0;
    std::size_t shown = 0;  ///< Items that replace what is shown.
    Clock::time_point first_edit;
    bool late = false;  ///< A call has left it unfinished.

private:
    void spawn_rest();
    void build(Item& item) noexcept;

    Volume& volume_;
    MeshScratchList& scratches_;
    const SurfaceMaker& surfaces_;
    const bool alone_;  // the pool has no workers
    const std::uint64_t version_;
    EpochDomain::Pin pin_;
    std::unique_ptr<Item[]> items_;
    std::size_t count_ = 0;
    std::size_t begun_ = 0;  // items before it are built or spawned
    TaskGroup tasks_;        // last: waits for its tasks before the rest goes
};

}  // namespace nebula::voxel::detail
