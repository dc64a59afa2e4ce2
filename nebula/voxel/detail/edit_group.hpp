// SPDX-License-Identifier: MIT
// The chunks that one frame's edits changed: rebuilt together, from one snapshot.
#pragma once

#include "nebula/base/clock.hpp"
#include "nebula/threading/task_group.hpp"
#include "nebula/voxel/chunk_mesh.hpp"
#include "nebula/voxel/detail/scratch.hpp"
#include "nebula/voxel/epoch.hpp"
#include "nebula/voxel/vec.hpp"
#include "nebula/voxel/volume.hpp"
#include "nebula/voxel/voxel_error.hpp"

#include <cstddef>
#include <deque>
#include <optional>

namespace nebula {
class WorkerPool;
}

namespace nebula::voxel::detail {

/// All look-ups are made by add(), before anything else can be edited: so the chunks fit each
/// other, however late they are built. The group pins the epoch, which keeps their bricks alive.
///
/// The owner thread builds chunks until its deadline and workers help; what is left then goes on
/// without it. On a pool without workers, nothing does, and the next finish() continues.
///
/// Threads:   owner thread.
/// Cost:      add: 64 look-ups. finish: until the deadline, plus one chunk.
/// Lifetime:  borrows the volume and the scratch. The destructor drops what has not begun and waits
///            for what workers have in hand.
class EditGroup {
public:
    struct Item {
        ChunkBricks bricks;
        ChunkMesh mesh;
        std::optional<VoxelError> error;
    };

    EditGroup(WorkerPool& pool, Volume& volume, ScratchPerThread& scratch);
    ~EditGroup();
    EditGroup(const EditGroup&) = delete;
    EditGroup& operator=(const EditGroup&) = delete;

    void add(Vec3i chunk);
    /// All are added. Lets workers begin, if the group is worth it.
    void start();
    /// Builds until the deadline; true when every chunk is built.
    [[nodiscard]] bool finish(Clock::time_point deadline);

    /// Built once finish() has returned true.
    [[nodiscard]] const std::deque<Item>& items() const noexcept { return items_; }

    // Of the edits that the group is for; the owner's to use.
    std::size_t edits = 0;
    Clock::time_point first_edit;
    bool late = false;  ///< Some call left it unfinished.

private:
    void spawn_rest();
    void build(Item& item);

    Volume& volume_;
    ScratchPerThread& scratch_;
    const bool alone_;  // the pool has no workers
    EpochDomain::Pin pin_;
    std::deque<Item> items_;  // tasks point into it
    std::size_t begun_ = 0;   // items before it are built or spawned
    TaskGroup tasks_;         // last: waits for its tasks before the rest goes
};

}  // namespace nebula::voxel::detail
