// SPDX-License-Identifier: MIT
// The whole of it: a diggable world that streams around a viewer. Start here to use voxel.
#pragma once

#include "nebula/base/clock.hpp"
#include "nebula/voxel/chunk_mesh.hpp"
#include "nebula/voxel/edit.hpp"
#include "nebula/voxel/generator.hpp"
#include "nebula/voxel/raycast.hpp"
#include "nebula/voxel/vec.hpp"
#include "nebula/voxel/voxel_error.hpp"

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
/// Throws:    may not. A failure of the engine is the sink's own to report.
class CommitSink {
public:
    CommitSink() = default;
    CommitSink(const CommitSink&) = delete;
    CommitSink& operator=(const CommitSink&) = delete;
    virtual ~CommitSink() = default;

    /// Show this mesh, in place of the chunk's earlier one if there is one. Never an empty mesh.
    /// The mesh is lent for the call.
    virtual void commit(Vec3i chunk, const ChunkMesh& mesh) noexcept = 0;
    /// Take the chunk's mesh away: it is far, or was dug empty. Only for a chunk that shows one.
    virtual void remove(Vec3i chunk) noexcept = 0;
    /// The chunk could not be built, and why. It keeps the mesh it showed before, if any.
    virtual void failed(Vec3i chunk, const VoxelError& error) noexcept = 0;
};

struct TerrainSettings {
    /// A chunk is wanted when its centre is this near to the centre of the viewer's chunk, measured
    /// horizontally; [1, 2048].
    float view_distance_m = 192.0F;
    /// And this near vertically; [1, 512].
    float vertical_distance_m = 96.0F;
    /// A chunk is given up when it is farther than a wanted one by this much; [0, 1024]. Walking to
    /// and fro over a border then loads nothing.
    float unload_margin_m = 32.0F;
    /// What commit(sink) may spend per call.
    Clock::duration commit_budget = std::chrono::milliseconds(2);
    /// What commit_edits(sink) may spend per call.
    Clock::duration edit_budget = std::chrono::milliseconds(8);
    /// Where budgets and reports take the time from; tests put their own. The deadline of
    /// commit_edits is real time all the same: workers and a sleeping thread know no other.
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
    /// Shown by the call that began it; false if that call reached its deadline first.
    bool same_frame = false;
};

/// What one commit_edits call did.
///
/// Every group is reported exactly once. Groups take the edits in the order in which they were
/// made, so over all reports the sum of `edits` is TerrainStats::edits, and that of `chunks` and
/// `failed` is TerrainStats::remeshed, once edits_pending() is false.
struct EditCommit {
    /// Committed by this call, oldest first: the group that an earlier call left unfinished, then
    /// the newest one. At most two.
    std::vector<EditGroupReport> groups;
    // The sums over `groups`.
    std::size_t edits = 0;
    std::size_t chunks = 0;
    std::size_t failed = 0;
    /// Of the group that took longest; zero when none was committed.
    Clock::duration since_first_edit{};

    std::size_t pending = 0;  ///< Chunks for a later call, none of them shown: the deadline passed.
    /// Everything edited before this call is shown, and nothing waited for a later call.
    bool same_frame = false;
};

struct TerrainStats {
    std::size_t wanted = 0;     ///< Chunks in view, loaded or not.
    std::size_t loaded = 0;     ///< Of those: committed, or finished with nothing to show.
    std::size_t failed = 0;     ///< Of those: without a mesh, see retry_failed.
    std::size_t queued = 0;     ///< Asked for, no worker has begun.
    std::size_t in_flight = 0;  ///< Being generated and meshed, or finished since the last update.
    std::size_t waiting = 0;    ///< Finished, waiting for a commit.
    std::size_t shown = 0;      ///< Chunks whose mesh the sink holds.

    std::uint64_t meshed = 0;     ///< Chunks finished by load work, since the start.
    std::uint64_t remeshed = 0;   ///< Chunks finished for edits, since the start.
    std::uint64_t triangles = 0;  ///< Handed to the sink, since the start.
    std::uint64_t stale = 0;      ///< Results dropped because an edit had outdated them.
    std::uint64_t edits = 0;

    std::size_t bricks = 0;         ///< Bricks known to the volume, uniform ones included.
    std::size_t edited_bricks = 0;  ///< Of those: changed by an edit, kept for ever.
    std::size_t brick_bytes = 0;

    Clock::duration last_update{};
    Clock::duration last_commit{};
    Clock::duration last_edit_commit{};
};

/// How well the workers were used, over all the time when chunks waited for one.
struct LoadUtilization {
    Clock::duration queued{};           ///< That time.
    std::vector<Clock::duration> busy;  ///< By worker, within it.
};

/// A world that loads around a viewer and can be dug, without an engine.
///
/// The owner thread calls, once a frame: set_viewer, update, commit; and, after the game's scripts
/// had their turn, commit_edits while edits_pending(). Workers generate and mesh in between.
///
///     Terrain terrain(pool, std::make_shared<NoiseGenerator>(NoiseSettings{}));
///     terrain.set_viewer(camera);            // each frame
///     terrain.update();                      // asks for what came into view
///     terrain.commit(sink);                  // shows what is ready, nearest first
///     terrain.dig_sphere(aim, 4.0F);         // whenever
///     terrain.commit_edits(sink);            // the crater, whole
///
/// Rules it holds: a chunk never shows an older state over a newer one; chunks touched by the same
/// edits change in the same call; an edit is never lost, wherever it was made.
///
/// Threads:   owner thread, every function (the thread that constructed it).
/// Cost:      update: nothing until the viewer enters another chunk. commit: its budget, or one
///            mesh if that is longer. See each verb.
/// Lifetime:  the pool must outlive it. The destructor drops what is queued and waits for the
///            chunks that workers have in hand; it tells the sink nothing.
class Terrain {
public:
    /// \throws std::invalid_argument if the generator is null or a setting is out of its range.
    Terrain(WorkerPool& pool, std::shared_ptr<const Generator> generator,
            TerrainSettings settings = {});
    ~Terrain();
    Terrain(const Terrain&) = delete;
    Terrain& operator=(const Terrain&) = delete;

    /// Where to load. Errors: NotFinite, OutsideWorld; the viewer then stays where it was.
    tl::expected<void, VoxelError> set_viewer(Vec3f position);
    /// Changes how far to load, from the next update on. Errors: NotFinite, OutOfRange.
    tl::expected<void, VoxelError> set_view_distance(float horizontal_m, float vertical_m);

    /// Asks for the chunks that came into view, nearest first, and marks far ones for removal.
    ///
    /// Cost: next to nothing while the viewer stays in its chunk; else about 0.1 us per chunk in
    /// view.
    void update();

    /// Hands finished chunks to the sink, nearest to the viewer first, and takes far ones away,
    /// until the next one would probably overrun the budget; at least one.
    CommitReport commit(CommitSink& sink, Clock::duration budget);
    CommitReport commit(CommitSink& sink) { return commit(sink, settings_.commit_budget); }

    /// Changes the world at once (a raycast sees it) and marks the chunks to be remeshed.
    /// Anywhere, loaded or not. Errors as `apply`.
    tl::expected<EditReport, VoxelError> dig_sphere(Vec3f centre, float radius);
    tl::expected<EditReport, VoxelError> add_sphere(Vec3f centre, float radius);
    tl::expected<EditReport, VoxelError> edit(const SphereEdit& operation);

    /// Whether commit_edits has something to do or to report.
    [[nodiscard]] bool edits_pending() const noexcept;

    /// Rebuilds the chunks in view that were edited before this call, and hands all of them to the
    /// sink in this call. If the deadline comes first, it hands over none of them; a later call
    /// then hands over that whole group first, and begins another with what was edited since. What
    /// is edited after the call has begun, or in answer to its report, belongs to the next call.
    /// Call it once a frame while edits_pending().
    ///
    /// Cost: until the deadline, plus one chunk's build (about 0.1 ms), plus the sink's time for
    /// the chunks of at most two groups.
    EditCommit commit_edits(CommitSink& sink, Clock::time_point deadline);
    EditCommit commit_edits(CommitSink& sink) {
        return commit_edits(sink, settings_.now() + settings_.edit_budget);
    }

    /// Errors and misses as Raycaster::cast.
    [[nodiscard]] tl::expected<std::optional<RayHit>, VoxelError> raycast(Vec3f from,
                                                                          Vec3f direction,
                                                                          float max_distance);

    /// Builds the mesh of one chunk at once, from the newest samples; for tools and tests.
    /// Errors: NotLoaded, GeneratorFailed, ZeroSample, OutOfMemory.
    [[nodiscard]] tl::expected<ChunkMesh, VoxelError> build_chunk(Vec3i chunk);

    /// Asks again for every chunk that failed. Returns how many.
    std::size_t retry_failed();

    /// Every chunk in view is committed or has failed, nothing is on its way, no edit is pending.
    [[nodiscard]] bool is_loaded() const noexcept;
    [[nodiscard]] TerrainStats stats() const;
    [[nodiscard]] LoadUtilization load_utilization() const;
    [[nodiscard]] const TerrainSettings& settings() const noexcept { return settings_; }

private:
    class Impl;

    TerrainSettings settings_;
    std::unique_ptr<Impl> impl_;
};

}  // namespace nebula::voxel
