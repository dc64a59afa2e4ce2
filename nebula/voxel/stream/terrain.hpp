// SPDX-License-Identifier: MIT
// A diggable world that streams around a viewer. Start here to use this layer.
#pragma once

#include "nebula/base/clock.hpp"
#include "nebula/voxel/edit/big_edit.hpp"
#include "nebula/voxel/edit/distance_grid.hpp"
#include "nebula/voxel/edit/edit.hpp"
#include "nebula/voxel/field/generator.hpp"
#include "nebula/voxel/field/ground_part.hpp"
#include "nebula/voxel/field/material.hpp"
#include "nebula/voxel/mesh/chunk_mesh.hpp"
#include "nebula/voxel/query/islands.hpp"
#include "nebula/voxel/query/mover.hpp"
#include "nebula/voxel/query/raycast.hpp"
#include "nebula/voxel/space/ids.hpp"
#include "nebula/voxel/space/vec.hpp"
#include "nebula/voxel/space/voxel_error.hpp"
#include "nebula/voxel/stream/colliders.hpp"
#include "nebula/voxel/stream/commit_sink.hpp"
#include "nebula/voxel/stream/reports.hpp"
#include "nebula/voxel/stream/settings.hpp"
#include "nebula/voxel/stream/viewer.hpp"
#include "nebula/voxel/world/loose_part.hpp"
#include "nebula/voxel/world/world_saver.hpp"

#include <tl/expected.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace nebula {
class WorkerPool;
}

namespace nebula::voxel {

class Detachment;
struct DetachmentSettings;

/// A world that loads around viewers and can be dug, without an engine: a World, and a Streamer that
/// shows it.
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
///     terrain.update();                      // plans what to show next
///     terrain.commit(sink);                  // shows the steps that are ready
///     terrain.dig_sphere(aim, 4.0F);         // at any time
///     terrain.commit_edits(sink);            // shows the whole crater
///
/// Guarantees: what is shown has no hole and no double surface, and neighbours of different levels
/// fit together; a chunk never shows an older state over a newer one; chunks changed by the same
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

    /// Keeps the world in a file: loads what is stored in it, or with a memory limit reads it when it is needed, and saves what is changed from now on.
    /// Before the first update, and once. Nothing is streamed and every edit is refused until all of
    /// it is loaded (update() carries that on); a file that cannot be opened leaves the generator's
    /// world, which cannot be edited. What is loaded is no edit, so give colliders() no bodies until
    /// then. \throws as WorldSaver.
    void keep_in(std::string path, WorldSaverSettings settings);
    /// What loads and saves it: for its state, save() and finish(). update() calls its update(). Null
    /// without a file. The destructor of the terrain does not save: call finish() before it.
    [[nodiscard]] WorldSaver* saver() noexcept;
    /// Why every edit is refused now; null if edits are not.
    [[nodiscard]] const VoxelError* hold() const noexcept;

    /// Sets one viewer, at this position and with the distances of the settings. Errors: NotFinite,
    /// OutsideWorld; the viewer then stays where it was.
    tl::expected<void, VoxelError> set_viewer(Vec3f position, Vec3f forward = {});
    /// Sets all viewers; their number may change at any time. Those with an id may stand anywhere in
    /// the list; those without keep their places. Without any, everything is unloaded. Errors:
    /// NotFinite, OutsideWorld, OutOfRange (distances); the viewers then stay as they were.
    tl::expected<void, VoxelError> set_viewers(std::span<const Viewer> viewers);
    /// Changes the distances that set_viewer uses, from the next update on. Errors: NotFinite,
    /// OutOfRange; the distances then stay as they were.
    tl::expected<void, VoxelError> set_distances(float view, float detail);

    /// How long commit_edits may spend on steps, less what commit has spent since the last call of it.
    /// A negative one counts as none.
    void set_commit_budget(Clock::duration budget) noexcept;

    /// Plans what to show next, and lets workers build it.
    ///
    /// Cost: almost nothing while no viewer leaves its box. A step of its work is one planned step (about
    /// 0.1 ms, 0.4 ms while a world loads), or one built job on a pool without workers.
    void update();

    /// Stages finished chunks, and shows each step that is complete: all of it in this call. It
    /// stages at least one chunk, and stops when the next one would probably exceed the budget.
    /// A step of its work is one staged mesh, or showing one step.
    CommitReport commit(CommitSink& sink, Clock::duration budget);
    CommitReport commit(CommitSink& sink) { return commit(sink, settings_.commit_budget); }

    /// Changes the world at once (the next raycast sees it) and marks the chunks to be rebuilt. It
    /// works anywhere, loaded or not. In voxels. Cost and errors as for `apply`.
    tl::expected<EditReport, VoxelError> dig_sphere(Vec3f centre, float radius);
    tl::expected<EditReport, VoxelError> add_sphere(Vec3f centre, float radius);
    tl::expected<EditReport, VoxelError> edit(const SphereEdit& operation);
    tl::expected<EditReport, VoxelError> edit(const Operation& operation);
    /// Takes back a user's latest stroke, or makes it again, as World::undo; nothing is kept before
    /// set_undo_limit() is called, see there.
    tl::expected<EditReport, VoxelError> undo(std::uint32_t user);
    tl::expected<EditReport, VoxelError> redo(std::uint32_t user);
    void set_undo_limit(std::size_t bytes_per_user);
    /// The number of the stroke that the user may take back, or make again; it may still be refused.
    [[nodiscard]] std::optional<std::uint32_t> stroke_to_undo(std::uint32_t user) const noexcept;
    [[nodiscard]] std::optional<std::uint32_t> stroke_to_redo(std::uint32_t user) const noexcept;
    /// Operations of any size, made by workers: as World::begin, finish and drop.
    tl::expected<BigEdit*, VoxelError> begin_edit(const Operation& operation);
    tl::expected<BigEdit*, VoxelError> begin_edit(BigEdit::Plan plan);
    tl::expected<EditReport, VoxelError> finish_edit(BigEdit& edit);
    void drop_edit(BigEdit& edit) noexcept;

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

    /// Errors and cost as for voxel::material_at.
    [[nodiscard]] tl::expected<std::optional<Material>, VoxelError> material_at(
        Vec3f position) const;

    /// The samples of a box of the finest level. Errors and cost as for read_region.
    [[nodiscard]] tl::expected<DistanceGrid, VoxelError> read_box(const Box3i& box) const;
    /// Their materials. Errors and cost as for read_region_materials.
    [[nodiscard]] tl::expected<std::vector<Material>, VoxelError> read_box_materials(
        const Box3i& box) const;

    /// Both: a stamp, when a worker has called continue_distances(). Errors and cost as for
    /// read_region_with_materials.
    [[nodiscard]] tl::expected<DistanceGrid, VoxelError> copy_box(const Box3i& box) const;

    /// Sweeps, overlaps and the nearest surface, in the world as the last edit has left it. Lifetime: the
    /// terrain's.
    [[nodiscard]] Mover& mover() noexcept;

    /// What no longer hangs on the ground: after set_largest() it learns of every edit here, and the
    /// caller advances it. Lifetime: the terrain's.
    [[nodiscard]] IslandSearch& islands() noexcept;
    /// As voxel::part_at, in the world as the last edit has left it.
    [[nodiscard]] tl::expected<std::optional<GroundPart>, VoxelError> part_at(Vec3i sample,
                                                                              std::int32_t largest);
    /// As voxel::loose_part_at, the same.
    [[nodiscard]] tl::expected<std::optional<LoosePart>, VoxelError> loose_part_at(
        Vec3i sample, std::int32_t largest, const BodySettings& settings);
    /// Removes such a part, as an edit: see removal_of. Nothing may have been edited since.
    tl::expected<EditReport, VoxelError> remove(const GroundPart& part, std::uint32_t user = 0,
                                                std::uint32_t stroke = 0);
    /// Both, by workers: as World::detach, finish and drop.
    tl::expected<Detachment*, VoxelError> detach(Vec3i sample, const DetachmentSettings& settings);
    tl::expected<EditReport, VoxelError> finish(Detachment& island);
    void drop(Detachment& island) noexcept;

    /// The world's colliders. They learn of every edit here; the caller names the bodies and updates
    /// them. Lifetime: the terrain's.
    [[nodiscard]] Colliders& colliders() noexcept;

    /// Builds the mesh of one shown chunk at once, from the newest samples; for tools and tests. Cost:
    /// one chunk's build (about 0.1 ms).
    /// Errors: NotLoaded, GeneratorFailed, ZeroSample, OutOfMemory.
    [[nodiscard]] tl::expected<ChunkMesh, VoxelError> build_chunk(ChunkId chunk);

    /// Builds every failed chunk again, from the next update on. Returns how many.
    std::size_t retry_failed();

    /// Whether everything that the viewers ask for is shown or has failed, and no edit is pending.
    /// Never while the world is being loaded from its file.
    [[nodiscard]] bool is_loaded() const noexcept;
    /// Looks for a hole, a double surface, neighbours that differ by more than one level, and strips
    /// that are missing or too many, as far as the roots reach (the chunks of the coarsest level); and
    /// for roots that the viewers ask for and that are neither shown nor on their way. While a world
    /// loads, a root is on its way if a planned step shows it, or until the next plan; once is_loaded(),
    /// all of them must be shown. Whether each place is shown as finely as asked is not looked at; see
    /// why_late. Returns what is wrong, in words; empty if nothing is. For tests and tools. Cost: about
    /// 1 us per chunk, if anything has changed since the last call.
    [[nodiscard]] std::string audit() const;
    /// Whether everything in a box is shown, by this level or finer ones, edits included. A chunk that
    /// failed is not. Positions in voxels; a box that is not finite or outside the world is never
    /// ready. Cost: about 50 ns per chunk in the box.
    [[nodiscard]] bool is_area_ready(const Aabb& area, Level level = 0) const noexcept;
    /// What a position is waiting for, in words; empty if it is shown as finely as the viewers ask.
    /// For overlays, tools and bug reports.
    [[nodiscard]] std::string why_late(Vec3f position) const;
    /// All chunks that are shown, those without a surface included, in no particular order. Cost:
    /// about 20 ns per chunk.
    [[nodiscard]] std::vector<ChunkId> shown_chunks() const;
    /// The shown chunk that a position lies in, or nothing.
    [[nodiscard]] std::optional<ChunkId> shown_chunk_at(Vec3f position) const noexcept;
    [[nodiscard]] TerrainStats stats() const;
    [[nodiscard]] LoadUtilization load_utilization() const;
    [[nodiscard]] const TerrainSettings& settings() const noexcept { return settings_; }

private:
    class Impl;

    template <class F>
    tl::expected<EditReport, VoxelError> change(F&& f);

    // The only access to impl_; it checks the thread.
    [[nodiscard]] Impl& impl() const noexcept;

    TerrainSettings settings_;
    std::unique_ptr<Impl> impl_;
};

}  // namespace nebula::voxel
