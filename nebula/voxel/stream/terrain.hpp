// SPDX-License-Identifier: MIT
// A diggable world that streams around a viewer. Start here to use this layer.
#pragma once

#include "nebula/base/clock.hpp"
#include "nebula/voxel/edit/edit.hpp"
#include "nebula/voxel/field/generator.hpp"
#include "nebula/voxel/mesh/chunk_mesh.hpp"
#include "nebula/voxel/query/raycast.hpp"
#include "nebula/voxel/space/vec.hpp"
#include "nebula/voxel/space/voxel_error.hpp"

#include <tl/expected.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace nebula {
class WorkerPool;
}

namespace nebula::voxel {

/// Where finished chunks go: the engine's side of a commit. Called by Terrain on the owner thread,
/// inside commit and commit_edits only.
///
/// Throws:    must not throw. The sink itself reports failures of the engine.
class CommitSink {
public:
    CommitSink() = default;
    CommitSink(const CommitSink&) = delete;
    CommitSink& operator=(const CommitSink&) = delete;
    virtual ~CommitSink() = default;

    /// Shows this mesh, which replaces the chunk's earlier one. It is never empty, and is valid
    /// only during the call.
    virtual void commit(Vec3i chunk, const ChunkMesh& mesh) noexcept = 0;
    /// Removes the chunk's mesh: the chunk is too far away, or was dug empty. Called only for a
    /// chunk that shows a mesh.
    virtual void remove(Vec3i chunk) noexcept = 0;
    /// The chunk could not be built. It keeps the mesh that it showed before, if any.
    virtual void failed(Vec3i chunk, const VoxelError& error) noexcept = 0;
};

/// Distances are in voxels: one voxel is one unit of the terrain's own space.
struct TerrainSettings {
    /// A chunk is in view if its centre is at most this far horizontally, and at most
    /// vertical_distance vertically, from the centre of the viewer's chunk; [1, 2048] voxels.
    float view_distance = 192.0F;
    /// See view_distance; [1, 512] voxels.
    float vertical_distance = 96.0F;
    /// A chunk is unloaded when it is out of view by more than this; [0, 1024] voxels. So walking
    /// back and forth across a border loads nothing.
    float unload_margin = 32.0F;
    /// Time that update() may take per call. On a pool without workers, update() also builds chunks
    /// within it, at least one.
    Clock::duration update_budget = std::chrono::milliseconds(2);
    /// Time that commit(sink) may take per call.
    Clock::duration commit_budget = std::chrono::milliseconds(2);
    /// Time that commit_edits(sink) may take per call.
    Clock::duration edit_budget = std::chrono::milliseconds(8);
    /// Workers pause while finished chunks that wait for a commit take this much memory; at least
    /// 1 MiB. It is exceeded by at most one chunk per worker. Each chunk counts for at least 4 KiB,
    /// so this also limits the number of waiting chunks.
    std::size_t most_waiting_bytes = std::size_t{32} << 20U;
    /// The clock of budgets and reports; tests set their own. The deadline of commit_edits is
    /// always real time, because workers and a sleeping thread know no other clock.
    Clock::time_point (*now)() = &Clock::now;
};

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
    std::size_t wanted = 0;         ///< Chunks in view, loaded or not.
    std::size_t loaded = 0;         ///< Of those: committed, or finished with nothing to show.
    std::size_t failed = 0;         ///< Of those: could not be built, see retry_failed.
    std::size_t queued = 0;         ///< Requested, but no worker has begun.
    std::size_t in_flight = 0;      ///< Being built, or finished since the last update or commit.
    std::size_t waiting = 0;        ///< Finished, waiting for a commit.
    std::size_t waiting_bytes = 0;  ///< Memory of all finished ones; see most_waiting_bytes.
    std::size_t shown = 0;          ///< Chunks whose mesh the sink holds.

    // Since the start:
    std::uint64_t meshed = 0;     ///< Chunks built because they came into view.
    std::uint64_t remeshed = 0;   ///< Chunks rebuilt because of edits, failed ones included.
    std::uint64_t triangles = 0;  ///< Handed to the sink.
    std::uint64_t stale = 0;      ///< Results dropped: out of view by then, or older than an edit.
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

/// A world that loads around a viewer and can be dug, without an engine.
///
/// Once a frame the owner thread calls set_viewer, update and commit; then, after the game's
/// scripts have run, commit_edits if edits_pending(). Workers build chunks in between. A pool
/// without workers works too: update() and commit_edits() then build chunks within their budgets.
///
/// A frame may skip any of these calls. Without set_viewer the terrain stays where the viewer last
/// was; without commit, workers pause at most_waiting_bytes.
///
///     Terrain terrain(pool, std::make_shared<NoiseGenerator>(NoiseSettings{}));
///     terrain.set_viewer(camera);            // each frame
///     terrain.update();                      // requests what came into view
///     terrain.commit(sink);                  // shows what is ready, nearest first
///     terrain.dig_sphere(aim, 4.0F);         // at any time
///     terrain.commit_edits(sink);            // shows the whole crater
///
/// Guarantees: a chunk never shows an older state over a newer one; chunks changed by the same
/// edits change on the screen in the same call; an edit is never lost, wherever it was made.
///
/// Positions and lengths are in voxels, in the terrain's own space.
///
/// Threads:   owner thread (the one that constructed it); every function asserts it.
/// Cost:      update, commit and commit_edits take no longer than their budget and one more step
///            of their work; their comments say what a step is. The comments of the others give
///            their cost; without one, it is constant.
/// Lifetime:  the pool must outlive it. The destructor drops what is queued, waits for the chunks
///            that workers are building, and frees everything: about 0.1 us per brick in memory. It
///            does not call the sink.
class Terrain {
public:
    /// \throws std::invalid_argument if the generator is null or a setting is out of its range.
    Terrain(WorkerPool& pool, std::shared_ptr<const Generator> generator,
            TerrainSettings settings = {});
    ~Terrain();
    Terrain(const Terrain&) = delete;
    Terrain& operator=(const Terrain&) = delete;

    /// Sets the position to load around, in voxels. Errors: NotFinite, OutsideWorld; the viewer
    /// then stays where it was. Cost: when the viewer enters another chunk, about 10 ns per
    /// finished chunk that waits.
    tl::expected<void, VoxelError> set_viewer(Vec3f position);
    /// Changes how far to load, in voxels, from the next update on. Errors: NotFinite, OutOfRange;
    /// the distances then stay as they were.
    tl::expected<void, VoxelError> set_view_distance(float horizontal, float vertical);

    /// Requests the chunks that came into view, nearest first, and marks far ones for removal.
    ///
    /// Cost: almost nothing while the viewer stays in its chunk. When the viewer leaves it, about
    /// 0.1 us per chunk in view, spread over as many calls as the budget needs; meanwhile workers
    /// continue with the earlier requests. A step is at most 256 chunks (about 30 us), or one built
    /// chunk on a pool without workers. Each time the viewer changes its chunk, one step is longer:
    /// it publishes the new requests, at most 1 ns per chunk in view.
    void update();

    /// Hands finished chunks to the sink, nearest to the viewer first, and removes distant ones. It
    /// handles at least one, and stops when the next one would probably exceed the budget. A step
    /// is one mesh handed to the sink, 64 chunks without a mesh, or one removal.
    CommitReport commit(CommitSink& sink, Clock::duration budget);
    CommitReport commit(CommitSink& sink) { return commit(sink, settings_.commit_budget); }

    /// Changes the world at once (the next raycast sees it) and marks the chunks to be rebuilt. It
    /// works anywhere, loaded or not. In voxels. Cost and errors as for `apply`.
    tl::expected<EditReport, VoxelError> dig_sphere(Vec3f centre, float radius);
    tl::expected<EditReport, VoxelError> add_sphere(Vec3f centre, float radius);
    tl::expected<EditReport, VoxelError> edit(const SphereEdit& operation);

    /// Whether commit_edits has something to do or to report.
    [[nodiscard]] bool edits_pending() const noexcept;

    /// Rebuilds the chunks in view that were edited before this call, and hands all of them to the
    /// sink in this call. If the deadline comes first, it hands over none of them. A later call
    /// then hands over that whole group first, and begins another one with the edits made since.
    /// Edits made after the call has begun, or in response to its report, belong to the next call.
    /// Call it once a frame while edits_pending().
    ///
    /// Cost: until the deadline, plus one chunk's build (about 0.1 ms), plus the sink's time for
    /// the chunks of at most two groups.
    EditCommit commit_edits(CommitSink& sink, Clock::time_point deadline);
    EditCommit commit_edits(CommitSink& sink) {
        return commit_edits(sink, settings_.now() + settings_.edit_budget);
    }

    /// Errors, misses and cost as for Raycaster::cast.
    [[nodiscard]] tl::expected<std::optional<RayHit>, VoxelError> raycast(Vec3f from,
                                                                          Vec3f direction,
                                                                          float max_distance);

    /// Builds the mesh of one chunk at once, from the newest samples; for tools and tests. Cost:
    /// one chunk's build (about 0.1 ms).
    /// Errors: NotLoaded, GeneratorFailed, ZeroSample, OutOfMemory.
    [[nodiscard]] tl::expected<ChunkMesh, VoxelError> build_chunk(Vec3i chunk);

    /// Requests every failed chunk in view again, from the next update on. Returns how many.
    std::size_t retry_failed();

    /// Whether every chunk in view is committed or has failed, and no edit is pending.
    [[nodiscard]] bool is_loaded() const noexcept;
    [[nodiscard]] TerrainStats stats() const;
    [[nodiscard]] LoadUtilization load_utilization() const;
    [[nodiscard]] const TerrainSettings& settings() const noexcept { return settings_; }

private:
    class Impl;

    // The only access to impl_; it checks the thread.
    [[nodiscard]] Impl& impl() const noexcept;

    TerrainSettings settings_;
    std::unique_ptr<Impl> impl_;
};

}  // namespace nebula::voxel
