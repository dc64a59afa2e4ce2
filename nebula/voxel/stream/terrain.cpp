// SPDX-License-Identifier: MIT
#include "nebula/voxel/stream/terrain.hpp"

#include "nebula/base/assert.hpp"
#include "nebula/threading/frame_budget.hpp"
#include "nebula/threading/worker_pool.hpp"
#include "nebula/voxel/field/volume.hpp"
#include "nebula/voxel/mesh/build_chunk.hpp"
#include "nebula/voxel/mesh/mesh_scratch.hpp"
#include "nebula/voxel/space/owner_thread.hpp"
#include "nebula/voxel/stream/detail/chunk_map.hpp"
#include "nebula/voxel/stream/detail/commit_queue.hpp"
#include "nebula/voxel/stream/detail/edit_group.hpp"
#include "nebula/voxel/stream/detail/loader.hpp"
#include "nebula/voxel/stream/detail/view_scan.hpp"

#include <algorithm>
#include <cmath>
#include <deque>
#include <stdexcept>
#include <utility>

namespace nebula::voxel {

namespace {

using detail::ChunkState;
using detail::EditGroup;
using detail::LoadResult;

// An empty chunk costs a commit next to nothing, but thousands may arrive at once. After this many,
// the clock is checked.
constexpr std::size_t kFreeChunks = 64;

// Results received, and bricks freed, between two looks at the clock.
constexpr std::size_t kResultsPerSlice = 64;
constexpr std::size_t kBricksPerSlice = 256;

constexpr std::size_t kLeastWaitingBytes = std::size_t{1} << 20U;

// A longer budget is the same as no limit, and adding this to a time does not overflow.
constexpr Clock::duration kLongestBudget = std::chrono::hours(1);

bool within(float value, float low, float high) { return value >= low && value <= high; }

std::optional<VoxelError> check_distances(float horizontal, float vertical) {
    using Kind = VoxelError::Kind;
    if (!std::isfinite(horizontal) || !std::isfinite(vertical))
        return VoxelError{Kind::NotFinite, "a view distance is not a finite number"};
    if (!within(horizontal, 1.0F, 2048.0F))
        return VoxelError{Kind::OutOfRange, "the view distance must lie in [1, 2048] voxels"};
    if (!within(vertical, 1.0F, 512.0F))
        return VoxelError{Kind::OutOfRange, "the vertical distance must lie in [1, 512] voxels"};
    return std::nullopt;
}

Vec3i chunk_at(Vec3f position) {
    const auto cell = [](float c) { return static_cast<std::int32_t>(std::floor(c)); };
    return floor_div(Vec3i{cell(position.x), cell(position.y), cell(position.z)}, kChunkSize);
}

}  // namespace

class Terrain::Impl {
public:
    Impl(WorkerPool& pool, std::shared_ptr<const Generator> generator,
         const TerrainSettings& settings)
        : settings_(settings),
          pool_(pool),
          volume_(std::move(generator)),
          raycaster_(volume_),
          loader_(pool, volume_, scratches_, settings.most_waiting_bytes),
          view_(chunks_, loader_, volume_, removals_) {
        view_distance_changed();
    }

    [[nodiscard]] bool is_owner_thread() const noexcept { return volume_.is_owner_thread(); }

    void set_viewer(Vec3f position) {
        const Vec3i chunk = chunk_at(position);
        if (view_.set_viewer(chunk)) waiting_.set_viewer(chunk);
    }
    void view_distance_changed() {
        view_.set_distances(settings_.view_distance, settings_.vertical_distance,
                            settings_.unload_margin);
    }

    void update();
    CommitReport commit(CommitSink& sink, Clock::duration budget);
    tl::expected<EditReport, VoxelError> edit(const SphereEdit& operation);
    EditCommit commit_edits(CommitSink& sink, Clock::time_point deadline);
    tl::expected<ChunkMesh, VoxelError> build_chunk(Vec3i chunk);
    std::size_t retry_failed();

    [[nodiscard]] bool edits_pending() const noexcept {
        return new_edits_ > 0 || group_ != nullptr;
    }
    [[nodiscard]] bool is_loaded() const noexcept {
        return view_.up_to_date() && chunks_.counts().unsettled == 0 && !edits_pending();
    }
    [[nodiscard]] Raycaster& raycaster() noexcept { return raycaster_; }
    [[nodiscard]] TerrainStats stats() const;
    [[nodiscard]] const detail::LoadMeter& load_meter() const noexcept { return loader_.meter(); }

private:
    using Phase = ChunkState::Phase;

    void receive_results(Clock::time_point deadline);
    [[nodiscard]] bool would_show(const LoadResult& result) const;
    void finish_load(LoadResult& result, CommitSink& sink, CommitReport& report);
    void publish_bricks(LoadResult& result);
    void remove_next(CommitSink& sink, CommitReport& report);
    void show(Vec3i chunk, ChunkState& state, const ChunkMesh& mesh, CommitSink& sink);
    void free_bricks(Clock::time_point deadline);

    void begin_group();
    void commit_group(CommitSink& sink, EditCommit& report);

    const TerrainSettings& settings_;
    WorkerPool& pool_;
    Volume volume_;
    Raycaster raycaster_;
    MeshScratchList scratches_;

    detail::ChunkMap chunks_;
    std::deque<Vec3i> removals_;
    detail::CommitQueue waiting_;
    std::uint64_t received_ = 0;  // results

    std::vector<Vec3i> dirty_;
    std::size_t new_edits_ = 0;     // made since the last group began
    Clock::time_point first_edit_;  // of those

    CostEstimate mesh_cost_;  // of one mesh handed to the sink
    TerrainStats counters_;

    // Last, so that they end first: they wait for work that uses everything above.
    detail::Loader loader_;
    detail::ViewScan view_;
    std::unique_ptr<EditGroup> group_;
};

// ---- What is in view ----

void Terrain::Impl::update() {
    const Clock::time_point start = settings_.now();
    const Clock::time_point deadline = start + std::min(settings_.update_budget, kLongestBudget);
    receive_results(deadline);
    while (view_.step() && settings_.now() < deadline) {
    }
    loader_.start_runners();
    if (pool_.thread_count() == 0) loader_.run_here(deadline, settings_.now);
    counters_.last_update = settings_.now() - start;
}

std::size_t Terrain::Impl::retry_failed() {
    const std::size_t count = chunks_.counts().failed;
    if (count > 0) view_.retry_failed();
    return count;
}

// ---- Commits ----

void Terrain::Impl::receive_results(Clock::time_point deadline) {
    const auto receive = [this](std::unique_ptr<LoadResult> result) {
        ++received_;
        waiting_.push(std::move(result));
    };
    for (std::size_t n = 1; loader_.results().take(receive); ++n)
        if (n % kResultsPerSlice == 0 && settings_.now() >= deadline) break;
    // After that: the request of every result in waiting_ is noted as taken.
    view_.note_taken_requests();
}

CommitReport Terrain::Impl::commit(CommitSink& sink, Clock::duration budget) {
    CommitReport report;
    const Clock::time_point start = settings_.now();
    // No margin: a mesh that takes a little longer than the mean overruns the budget a little.
    FrameBudget frame(start + std::min(budget, kLongestBudget), {.margin_deviations = 0});
    receive_results(frame.deadline());
    Clock::time_point now = settings_.now();
    for (std::size_t without_mesh = 0; !waiting_.empty();) {
        const bool shows = would_show(waiting_.nearest());
        if (shows) {
            if (!frame.try_start(now, mesh_cost_)) break;
        } else {
            const bool enough = frame.started() > 0 || ++without_mesh > kFreeChunks;
            if (enough && now >= frame.deadline()) break;
        }
        const std::unique_ptr<LoadResult> result = waiting_.pop();
        loader_.release(*result);
        finish_load(*result, sink, report);
        // One removal for each new mesh, so that distant chunks do not pile up on a long flight.
        if (shows) remove_next(sink, report);
        const Clock::time_point then = std::exchange(now, settings_.now());
        if (shows) mesh_cost_.add(now - then);
    }
    // A chunk without a mesh takes time, too, and a view of sky has thousands of them. So the clock
    // is checked before each removal, and at least one is done.
    for (bool first = true; !removals_.empty() && (first || now < frame.deadline());
         first = false) {
        remove_next(sink, report);
        now = settings_.now();
    }
    free_bricks(frame.deadline());
    loader_.start_runners();  // some of them may have paused until now
    report.waiting = waiting_.size();
    report.spent = settings_.now() - start;
    counters_.last_commit = report.spent;
    return report;
}

bool Terrain::Impl::would_show(const LoadResult& result) const {
    const ChunkState* state = chunks_.find(result.chunk);
    return !result.mesh.empty() && state != nullptr && state->wanted;
}

void Terrain::Impl::free_bricks(Clock::time_point deadline) {
    while (volume_.collect(kBricksPerSlice) == kBricksPerSlice && settings_.now() < deadline) {
    }
}

void Terrain::Impl::publish_bricks(LoadResult& result) {
    for (int i = 0; i < kOwnBricks; ++i)
        if (auto& brick = result.bricks[static_cast<std::size_t>(i)]; brick != nullptr)
            volume_.publish_generated(own_brick({result.chunk}, i), std::move(brick));
}

void Terrain::Impl::finish_load(LoadResult& result, CommitSink& sink, CommitReport& report) {
    ++counters_.meshed;
    ChunkState* state = chunks_.find(result.chunk);
    if (state == nullptr || !state->wanted) {
        ++counters_.stale;
        return;
    }
    // Pristine samples are valid at any age; if a brick was edited, the edited one stays.
    publish_bricks(result);
    // If the result is older than an edit, a newer mesh is on its way: an edit group or a request
    // raised `required_version`. The chunks of an edit group are not shown before the group, or a
    // part of a crater would be visible before the rest.
    if (result.version < state->required_version || state->dirty || state->in_group ||
        state->settled()) {
        ++counters_.stale;
        return;
    }
    if (result.error) {
        chunks_.set_phase(*state, Phase::Failed);
        ++report.failed;
        sink.failed(result.chunk, *result.error);
        return;
    }
    chunks_.set_phase(*state, Phase::Loaded);
    result.mesh.empty() ? ++report.empty : ++report.committed;
    show(result.chunk, *state, result.mesh, sink);
}

void Terrain::Impl::show(Vec3i chunk, ChunkState& state, const ChunkMesh& mesh, CommitSink& sink) {
    if (!mesh.empty()) {
        chunks_.set_shown(state, true);
        counters_.triangles += mesh.triangle_count();
        sink.commit(chunk, mesh);
    } else if (state.shown) {
        chunks_.set_shown(state, false);
        sink.remove(chunk);
    }
}

void Terrain::Impl::remove_next(CommitSink& sink, CommitReport& report) {
    if (removals_.empty()) return;
    const Vec3i chunk = removals_.front();
    removals_.pop_front();
    ChunkState* state = chunks_.find(chunk);
    NEBULA_ASSERT(state != nullptr, "a chunk that is to be removed was already gone");
    state->removing = false;
    if (state->wanted) return;  // came back into view
    for (int i = 0; i < kOwnBricks; ++i) volume_.drop_generated(own_brick({chunk}, i));
    const bool shown = state->shown;
    chunks_.erase(chunk);
    if (!shown) return;
    sink.remove(chunk);
    ++report.removed;
}

// ---- Edits ----

tl::expected<EditReport, VoxelError> Terrain::Impl::edit(const SphereEdit& operation) {
    auto report = apply(volume_, operation);
    if (!report) return report;
    ++counters_.edits;
    if (new_edits_++ == 0) first_edit_ = settings_.now();
    for (const auto& [chunk, level] : report->chunks) {
        ChunkState* state = level == 0 ? chunks_.find(chunk) : nullptr;
        if (state == nullptr) continue;  // loading it will gather the edit
        state->required_version = volume_.version();
        if (std::exchange(state->dirty, true)) continue;
        dirty_.push_back(chunk);
    }
    return report;
}

EditCommit Terrain::Impl::commit_edits(CommitSink& sink, Clock::time_point deadline) {
    const Clock::time_point start = settings_.now();
    EditCommit report;
    // The group that an earlier call left unfinished, then one group of everything edited since.
    // Never a third: later edits belong to the next call. Otherwise code that digs in response to
    // a report would keep this call from ending.
    if (group_ != nullptr && group_->finish(deadline)) commit_group(sink, report);
    if (group_ == nullptr && new_edits_ > 0) {
        begin_group();
        if (group_->finish(deadline)) commit_group(sink, report);
    }
    if (group_ != nullptr) {
        group_->late = true;
        report.pending = group_->items().size() + dirty_.size();
    }
    report.same_frame = group_ == nullptr;
    for (const EditGroupReport& group : report.groups) report.same_frame &= group.same_frame;
    counters_.last_edit_commit = settings_.now() - start;
    return report;
}

void Terrain::Impl::begin_group() {
    group_ = std::make_unique<EditGroup>(pool_, volume_, scratches_);
    group_->first_edit = first_edit_;
    group_->edits = std::exchange(new_edits_, 0);
    for (const Vec3i chunk : std::exchange(dirty_, {})) {
        ChunkState* state = chunks_.find(chunk);
        // Unloaded since, or unloaded and back again.
        if (state == nullptr || !std::exchange(state->dirty, false)) continue;
        state->in_group = true;
        group_->add(chunk);
    }
    group_->start();
}

void Terrain::Impl::commit_group(CommitSink& sink, EditCommit& report) {
    const std::unique_ptr<EditGroup> group = std::exchange(group_, nullptr);
    EditGroupReport done;
    done.edits = group->edits;
    done.same_frame = !group->late;
    for (const EditGroup::Item& item : group->items()) {
        const Vec3i chunk = item.bricks.chunk.at;
        ChunkState* state = chunks_.find(chunk);
        if (state == nullptr || !state->in_group) continue;  // unloaded since
        state->in_group = false;
        ++counters_.remeshed;
        chunks_.set_phase(*state, item.error ? Phase::Failed : Phase::Loaded);
        if (item.error) {
            ++done.failed;
            sink.failed(chunk, *item.error);
            continue;
        }
        ++done.chunks;
        show(chunk, *state, item.mesh, sink);
    }
    done.since_first_edit = settings_.now() - group->first_edit;
    report.edits += done.edits;
    report.chunks += done.chunks;
    report.failed += done.failed;
    report.since_first_edit = std::max(report.since_first_edit, done.since_first_edit);
    report.groups.push_back(done);
}

tl::expected<ChunkMesh, VoxelError> Terrain::Impl::build_chunk(Vec3i chunk) {
    const ChunkState* state = chunks_.find(chunk);
    if (state == nullptr || !state->wanted || !state->settled())
        return tl::unexpected(VoxelError{VoxelError::Kind::NotLoaded, "the chunk is not loaded"});
    ChunkMesh mesh;
    if (auto done = voxel::build_chunk(
            scratches_, [&](SampleBlock& block) { return volume_.gather({chunk}, block); },
            [&](const MeshScratch& built) { mesh = built.mesh; });
        !done)
        return tl::unexpected(std::move(done.error()));
    return mesh;
}

TerrainStats Terrain::Impl::stats() const {
    TerrainStats s = counters_;
    const detail::ChunkCounts& counts = chunks_.counts();
    s.wanted = counts.wanted;
    s.loaded = counts.loaded;
    s.failed = counts.failed;
    s.shown = counts.shown;
    s.queued = view_.queued();
    s.in_flight = static_cast<std::size_t>(view_.taken() - received_);
    s.waiting = waiting_.size();
    s.waiting_bytes = loader_.bytes_in_flight();
    s.bricks = volume_.brick_count();
    s.edited_bricks = volume_.edited_count();
    s.brick_bytes = volume_.bytes();
    return s;
}

// ---- The public interface ----

Terrain::Terrain(WorkerPool& pool, std::shared_ptr<const Generator> generator,
                 TerrainSettings settings)
    : settings_(settings) {
    if (generator == nullptr) throw std::invalid_argument("terrain: the generator is null");
    if (auto error = check_distances(settings.view_distance, settings.vertical_distance))
        throw std::invalid_argument("terrain: " + error->message);
    if (!within(settings.unload_margin, 0.0F, 1024.0F))
        throw std::invalid_argument("terrain: the unload margin must lie in [0, 1024] voxels");
    for (const Clock::duration budget :
         {settings.update_budget, settings.commit_budget, settings.edit_budget})
        if (budget < Clock::duration::zero())
            throw std::invalid_argument("terrain: a budget is negative");
    if (settings.most_waiting_bytes < kLeastWaitingBytes)
        throw std::invalid_argument("terrain: most_waiting_bytes must be at least 1 MiB");
    if (settings.now == nullptr) throw std::invalid_argument("terrain: the clock is null");
    impl_ = std::make_unique<Impl>(pool, std::move(generator), settings_);
}

Terrain::~Terrain() { (void)impl(); }

Terrain::Impl& Terrain::impl() const noexcept {
    NEBULA_ASSERT(impl_->is_owner_thread(),
                  "only the thread that constructed a terrain may use it");
    return *impl_;
}

tl::expected<void, VoxelError> Terrain::set_viewer(Vec3f position) {
    if (auto error = check_position(position, "the viewer"))
        return tl::unexpected(std::move(*error));
    impl().set_viewer(position);
    return {};
}

tl::expected<void, VoxelError> Terrain::set_view_distance(float horizontal, float vertical) {
    if (auto error = check_distances(horizontal, vertical))
        return tl::unexpected(std::move(*error));
    settings_.view_distance = horizontal;
    settings_.vertical_distance = vertical;
    impl().view_distance_changed();
    return {};
}

void Terrain::update() { impl().update(); }

CommitReport Terrain::commit(CommitSink& sink, Clock::duration budget) {
    return impl().commit(sink, budget);
}

tl::expected<EditReport, VoxelError> Terrain::edit(const SphereEdit& operation) {
    return impl().edit(operation);
}

tl::expected<EditReport, VoxelError> Terrain::dig_sphere(Vec3f centre, float radius) {
    return edit({SphereEdit::Kind::Dig, centre, radius});
}

tl::expected<EditReport, VoxelError> Terrain::add_sphere(Vec3f centre, float radius) {
    return edit({SphereEdit::Kind::Add, centre, radius});
}

bool Terrain::edits_pending() const noexcept { return impl().edits_pending(); }

EditCommit Terrain::commit_edits(CommitSink& sink, Clock::time_point deadline) {
    return impl().commit_edits(sink, deadline);
}

tl::expected<std::optional<RayHit>, VoxelError> Terrain::raycast(Vec3f from, Vec3f direction,
                                                                 float max_distance) {
    return impl().raycaster().cast(from, direction, max_distance);
}

tl::expected<ChunkMesh, VoxelError> Terrain::build_chunk(Vec3i chunk) {
    return impl().build_chunk(chunk);
}

std::size_t Terrain::retry_failed() { return impl().retry_failed(); }

bool Terrain::is_loaded() const noexcept { return impl().is_loaded(); }

LoadUtilization Terrain::load_utilization() const {
    detail::LoadMeter::Reading reading = impl().load_meter().read();
    return {reading.queued, std::move(reading.busy)};
}

TerrainStats Terrain::stats() const { return impl().stats(); }

}  // namespace nebula::voxel
