// SPDX-License-Identifier: MIT
// Rebuilds the chunks that one frame's edits changed, together and from one snapshot.
#pragma once

#include "nebula/base/clock.hpp"
#include "nebula/threading/task_group.hpp"
#include "nebula/voxel/field/epoch.hpp"
#include "nebula/voxel/field/volume.hpp"
#include "nebula/voxel/mesh/chunk_mesh.hpp"
#include "nebula/voxel/mesh/mesh_scratch.hpp"
#include "nebula/voxel/space/vec.hpp"
#include "nebula/voxel/space/voxel_error.hpp"

#include <cstddef>
#include <deque>
#include <optional>

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
/// Cost:      add: 64 look-ups. finish: until the deadline, plus one chunk.
/// Lifetime:  borrows the volume and the scratches. The destructor drops chunks that have not begun
///            and waits for those that workers are building.
class EditGroup {
public:
    struct Item {
        ChunkBricks bricks;
        ChunkMesh mesh;
        std::optional<VoxelError> error;
    };

    EditGroup(WorkerPool& pool, Volume& volume, MeshScratchList& scratches);
    ~EditGroup();
    EditGroup(const EditGroup&) = delete;
    EditGroup& operator=(const EditGroup&) = delete;

    void add(Vec3i chunk);
    /// Call it after the last add(). Lets workers begin if the group is large enough.
    void start();
    /// Builds until the deadline; returns whether every chunk is built.
    [[nodiscard]] bool finish(Clock::time_point deadline);

    /// Complete once finish() has returned true.
    [[nodiscard]] const std::deque<Item>& items() const noexcept { return items_; }

    // About the group's edits; for the user of this class.
    std::size_t edits = 0;
    Clock::time_point first_edit;
    bool late = false;  ///< A call has left it unfinished.

private:
    void spawn_rest();
    void build(Item& item) noexcept;

    Volume& volume_;
    MeshScratchList& scratches_;
    const bool alone_;  // the pool has no workers
    EpochDomain::Pin pin_;
    std::deque<Item> items_;  // tasks point into it
    std::size_t begun_ = 0;   // items before it are built or spawned
    TaskGroup tasks_;         // last: waits for its tasks before the rest goes
};

}  // namespace nebula::voxel::detail
