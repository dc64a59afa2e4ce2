// SPDX-License-Identifier: MIT
// How a terrain loads.
#pragma once

#include "nebula/base/clock.hpp"
#include "nebula/voxel/stream/surface.hpp"

#include <chrono>
#include <cstddef>
#include <memory>

namespace nebula::voxel {

/// Distances are in voxels: one voxel is one unit of the terrain's own space.
struct TerrainSettings {
    /// How far the world is shown, and how far its finest level reaches; see Viewer.
    float view_distance = 512.0F;
    float detail_distance = 128.0F;
    /// Time that update() may take per call. On a pool without workers, update() also builds chunks
    /// within it, at least one.
    Clock::duration update_budget = std::chrono::milliseconds(2);
    /// Time that commit(sink) may take per call.
    Clock::duration commit_budget = std::chrono::milliseconds(2);
    /// Time that commit_edits(sink) may take per call.
    Clock::duration edit_budget = std::chrono::milliseconds(8);
    /// No further step is planned while finished chunks that wait for a commit take this much
    /// memory; at least 1 MiB. It is exceeded by the steps under way.
    std::size_t most_waiting_bytes = std::size_t{32} << 20U;
    /// Makes what the sink stages; not null.
    std::shared_ptr<const SurfaceMaker> surfaces = std::make_shared<MeshSurfaceMaker>();
    /// The clock of budgets and reports; tests set their own. The deadline of commit_edits is
    /// always real time, because workers and a sleeping thread know no other clock.
    Clock::time_point (*now)() = &Clock::now;
    /// Which of this many queued jobs a pool without workers builds next; null: the oldest. Tests let
    /// it play workers that finish in any order.
    std::size_t (*pick_job)(std::size_t count) = nullptr;
};

}  // namespace nebula::voxel
