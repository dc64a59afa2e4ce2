// SPDX-License-Identifier: MIT
// What a terrain did, and what it is doing.
#pragma once

#include "nebula/base/clock.hpp"
#include "nebula/voxel/space/ids.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace nebula::voxel {

/// What one commit call did.
struct CommitReport {
    std::size_t committed = 0;  ///< Meshes handed to the sink.
    std::size_t empty = 0;      ///< Chunks finished with nothing to show.
    std::size_t removed = 0;
    std::size_t failed = 0;
    std::size_t waiting = 0;  ///< Results left for a later call.
    Clock::duration spent{};
};

/// One group: everything that was edited between two calls of commit_edits, shown together.
struct EditGroupReport {
    std::size_t edits = 0;   ///< Calls of edit, dig_sphere and add_sphere that returned no error.
    std::size_t chunks = 0;  ///< Rebuilt and handed to the sink, or found to be empty now.
    std::size_t failed = 0;  ///< Could not be rebuilt; each was reported to the sink.
    /// From the first of its edits to the end of its commit.
    Clock::duration since_first_edit{};
    /// Whether it was shown by the call that began it; false if that call reached its deadline.
    bool same_frame = false;
};

/// What one commit_edits call did.
///
/// Every group is reported exactly once, and groups take the edits in the order in which they were
/// made. So once edits_pending() is false, the sum of `edits` over all reports is
/// TerrainStats::edits, and the sum of `chunks` and `failed` is TerrainStats::remeshed.
struct EditCommit {
    /// Committed by this call, oldest first: the group that an earlier call left unfinished, then
    /// the newest one. At most two.
    std::vector<EditGroupReport> groups;
    // The sums over `groups`.
    std::size_t edits = 0;
    std::size_t chunks = 0;
    std::size_t failed = 0;
    /// The time of the group that took longest; zero if none was committed.
    Clock::duration since_first_edit{};

    std::size_t pending = 0;  ///< Chunks left for a later call, none of them shown.
    /// Whether everything edited before this call is shown, and nothing waited for a later call.
    bool same_frame = false;
};

struct TerrainStats {
    std::size_t wanted = 0;         ///< Chunks of the plan, on all levels, shown or not.
    std::size_t loaded = 0;         ///< Of those: shown, or found to have nothing to show.
    std::size_t failed = 0;         ///< Of those: could not be built, see retry_failed.
    std::size_t queued = 0;         ///< To be built, but no worker has begun.
    std::size_t in_flight = 0;      ///< Being built, or built since the last update or commit.
    std::size_t waiting = 0;        ///< Built, waiting for their step to be shown.
    std::size_t waiting_bytes = 0;  ///< Memory of those.
    std::size_t steps = 0;          ///< Planned and not yet shown.
    std::size_t shown = 0;          ///< Chunks whose mesh the sink shows.
    std::array<std::size_t, kLevels>
        levels{};  ///< Shown chunks of each level, empty ones included.

    // Since the start:
    std::uint64_t meshed = 0;     ///< Chunks built for steps.
    std::uint64_t remeshed = 0;   ///< Chunks rebuilt because of edits, failed ones included.
    std::uint64_t triangles = 0;  ///< Handed to the sink.
    std::uint64_t stale = 0;      ///< Builds that an edit outdated before they were shown.
    std::uint64_t edits = 0;      ///< Edits that returned no error.

    std::size_t bricks = 0;         ///< In the volume, uniform ones included.
    std::size_t edited_bricks = 0;  ///< Of those: changed by an edit, so never dropped.
    std::size_t brick_bytes = 0;

    Clock::duration last_update{};
    Clock::duration last_commit{};
    Clock::duration last_edit_commit{};
};

/// How busy the workers were while chunks waited for a worker.
struct LoadUtilization {
    Clock::duration queued{};           ///< How long chunks waited for a worker.
    std::vector<Clock::duration> busy;  ///< Each worker's busy time within `queued`.
};

}  // namespace nebula::voxel
