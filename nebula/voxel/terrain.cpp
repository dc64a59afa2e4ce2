// SPDX-License-Identifier: MIT
#include "nebula/voxel/terrain.hpp"

#include "nebula/base/assert.hpp"
#include "nebula/threading/task_group.hpp"
#include "nebula/threading/worker_pool.hpp"
#include "nebula/voxel/detail/build_chunk.hpp"
#include "nebula/voxel/detail/loader.hpp"
#include "nebula/voxel/detail/scratch.hpp"
#include "nebula/voxel/volume.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <deque>
#include <stdexcept>
#include <unordered_map>
#include <utility>

namespace nebula::voxel {

namespace {

using detail::LoadResult;

// A group of so few chunks is meshed by the editing thread alone: about 0.2 ms, no more than waking
// a worker and waiting for it may cost, and a worker that the kernel has put aside in the middle of
// a chunk cannot hold up the frame. A sphere of radius 4 reaches more chunks in one case of 25.
constexpr std::size_t kEditChunksAlone = 4;

// An empty chunk costs a commit nothing worth a budget, but thousands may arrive at once: after so
// many, the clock decides.
constexpr std::size_t kFreeChunks = 64;

// A chunk that is in view, or was and is not yet taken away.
struct ChunkState {
    enum class Phase : std::uint8_t {
        Queued,   ///< In the request list.
        Loading,  ///< Taken from it; a result will come.
        Loaded,
        Failed,
    };
    Phase phase = Phase::Queued;
    bool wanted = true;     ///< False: in the list of removals.
    bool removing = false;  ///< In the list of removals, once.
    bool shown = false;     ///< The sink holds a mesh.
    bool retry = false;     ///< Failed, and to be queued again by the next rescan.
    bool dirty = false;     ///< In the list for the next edit group.
    bool in_group = false;  ///< Being remeshed by the current edit group.
    /// A load result older than this is of no use: an edit touched the chunk since, or may have,
    /// while nobody was keeping count.
    std::uint64_t required_version = 0;
};

std::int64_t squared_length(Vec3i v) {
    const auto square = [](std::int32_t c) { return std::int64_t{c} * c; };
    return square(v.x) + square(v.y) + square(v.z);
}

bool within(float value, float low, float high) { return value >= low && value <= high; }

std::optional<VoxelError> check_distances(float horizontal_m, float vertical_m) {
    if (!std::isfinite(horizontal_m) || !std::isfinite(vertical_m))
        return VoxelError{VoxelError::Kind::NotFinite, "a view distance is not finite"};
    if (!within(horizontal_m, 1.0F, 2048.0F))
        return VoxelError{VoxelError::Kind::OutOfRange, "the view distance must lie in [1, 2048]"};
    if (!within(vertical_m, 1.0F, 512.0F))
        return VoxelError{VoxelError::Kind::OutOfRange,
                          "the vertical distance must lie in [1, 512]"};
    return std::nullopt;
}

bool in_reach(Vec3i offset, float horizontal_m, float vertical_m) {
    const auto metres = [](std::int32_t c) { return static_cast<double>(c) * kChunkSize; };
    const double x = metres(offset.x);
    const double z = metres(offset.z);
    const auto reach = static_cast<double>(horizontal_m);
    return std::abs(metres(offset.y)) <= static_cast<double>(vertical_m) &&
           x * x + z * z <= reach * reach;
}

// Of all chunks in view, relative to the viewer's, nearest first. Ties in a fixed order.
std::vector<Vec3i> offsets_in_view(float horizontal_m, float vertical_m) {
    const auto h = static_cast<std::int32_t>(horizontal_m) / kChunkSize;
    const auto v = static_cast<std::int32_t>(vertical_m) / kChunkSize;
    std::vector<Vec3i> offsets;
    for (std::int32_t x = -h; x <= h; ++x)
        for (std::int32_t y = -v; y <= v; ++y)
            for (std::int32_t z = -h; z <= h; ++z)
                if (in_reach({x, y, z}, horizontal_m, vertical_m)) offsets.push_back({x, y, z});
    std::sort(offsets.begin(), offsets.end(), [](Vec3i a, Vec3i b) {
        const std::int64_t la = squared_length(a);
        const std::int64_t lb = squared_length(b);
        return la != lb ? la < lb : a < b;
    });
    return offsets;
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
          scratch_(pool),
          loader_(pool, volume_, scratch_) {}

    ~Impl() { stop_edits_.store(true, std::memory_order_relaxed); }

    void set_viewer(Vec3f position) {
        const Vec3i chunk = chunk_at(position);
        rescan_ |= !viewer_ || *viewer_ != chunk;
        viewer_ = chunk;
    }

    void view_distance_changed() {
        offsets_.clear();
        rescan_ = true;
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
        return viewer_.has_value() && !rescan_ && unsettled_ == 0 && !edits_pending();
    }
    [[nodiscard]] Raycaster& raycaster() noexcept { return raycaster_; }
    [[nodiscard]] TerrainStats stats() const;
    [[nodiscard]] const detail::LoadMeter& load_meter() const noexcept { return loader_.meter(); }

private:
    using Phase = ChunkState::Phase;
    using Chunks = std::unordered_map<Vec3i, ChunkState, Vec3iHash>;

    // Chunks that are remeshed together and shown together.
    struct EditGroup {
        struct Item {
            ChunkBricks bricks;
            ChunkMesh mesh;
            std::optional<VoxelError> error;
        };
        EditGroup(WorkerPool& pool, EpochDomain& epochs)
            : pin(epochs.pin()), tasks(pool, Band::Frame) {}

        // Holds every brick of the snapshot, over several frames if need be.
        EpochDomain::Pin pin;
        std::deque<Item> items;  // tasks point into it
        std::size_t begun = 0;   // items before it are meshed or spawned
        Clock::time_point first_edit;
        std::size_t edits = 0;
        bool late = false;  // some call left it unfinished
        TaskGroup tasks;    // last: waits for its tasks before the rest goes
    };

    struct Waiting {
        std::int64_t distance;
        std::unique_ptr<LoadResult> result;
    };
    // For a heap with the nearest result on top.
    static bool farther(const Waiting& a, const Waiting& b) {
        return a.distance != b.distance ? a.distance > b.distance
                                        : a.result->chunk > b.result->chunk;
    }

    ChunkState* find(Vec3i chunk) {
        const auto it = chunks_.find(chunk);
        return it == chunks_.end() ? nullptr : &it->second;
    }
    static bool settled(Phase phase) { return phase == Phase::Loaded || phase == Phase::Failed; }
    void set_phase(ChunkState& state, Phase phase);
    void set_wanted(ChunkState& state, bool wanted);
    void set_shown(ChunkState& state, bool shown);
    void count(const ChunkState& state, int by);
    void add_chunk(Vec3i chunk, std::vector<Vec3i>& requests);
    void forget(Chunks::iterator it);

    void rescan();
    void note_taken_requests();
    void give_up_far_chunks();
    void rekey_waiting();

    void receive_results();
    void finish_load(LoadResult& result, CommitSink& sink, CommitReport& report);
    void publish_bricks(LoadResult& result);
    void remove_next(CommitSink& sink, CommitReport& report);
    void show(Vec3i chunk, ChunkState& state, const ChunkMesh& mesh, CommitSink& sink);

    void begin_group();
    [[nodiscard]] bool finish_group(Clock::time_point deadline);
    void spawn_rest_of_group();
    void remesh(EditGroup::Item& item);
    void commit_group(CommitSink& sink, EditCommit& report);

    const TerrainSettings& settings_;
    WorkerPool& pool_;
    Volume volume_;
    Raycaster raycaster_;
    detail::ScratchPerThread scratch_;
    std::atomic<bool> stop_edits_{false};  // spares the destructor the meshing of a late group

    std::optional<Vec3i> viewer_;
    bool rescan_ = false;
    std::vector<Vec3i> offsets_;  // in view, relative to viewer_; empty: to be computed
    Chunks chunks_;
    std::size_t unsettled_ = 0;  // wanted chunks that are Queued or Loading
    std::deque<Vec3i> removals_;
    std::vector<Waiting> waiting_;  // a heap by `farther`
    std::uint64_t taken_ = 0;       // requests taken from lists that are closed
    std::uint64_t received_ = 0;    // results

    std::vector<Vec3i> dirty_;
    std::size_t new_edits_ = 0;     // made since the last group began
    Clock::time_point first_edit_;  // of those

    // What one mesh costs the sink, a moving average: the next commit's prediction.
    Clock::duration mesh_cost_{};
    TerrainStats counters_;

    // Last, group first: they wait for work that uses everything above.
    detail::Loader loader_;
    std::unique_ptr<EditGroup> group_;
};

// Every change of phase goes through here, so that the count of what is missing stays right.
void Terrain::Impl::set_phase(ChunkState& state, Phase phase) {
    if (!settled(state.phase)) --unsettled_;
    count(state, -1);
    state.phase = phase;
    count(state, +1);
    if (!settled(phase)) ++unsettled_;
}

void Terrain::Impl::set_wanted(ChunkState& state, bool wanted) {
    count(state, -1);
    state.wanted = wanted;
    count(state, +1);
}

void Terrain::Impl::set_shown(ChunkState& state, bool shown) {
    count(state, -1);
    state.shown = shown;
    count(state, +1);
}

// What stats() tells of the chunks is kept as they change: a game asks each frame, and a view has
// thousands of them.
void Terrain::Impl::count(const ChunkState& state, int by) {
    const auto add = [by](std::size_t& number, bool counts) {
        if (counts) by > 0 ? ++number : --number;
    };
    add(counters_.shown, state.shown);
    add(counters_.wanted, state.wanted);
    add(counters_.loaded, state.wanted && state.phase == Phase::Loaded);
    add(counters_.failed, state.wanted && state.phase == Phase::Failed);
}

void Terrain::Impl::forget(Chunks::iterator it) {
    if (!settled(it->second.phase)) --unsettled_;
    count(it->second, -1);
    chunks_.erase(it);
}

// ---- What is in view ----

void Terrain::Impl::update() {
    const Clock::time_point start = settings_.now();
    receive_results();
    if (rescan_ && viewer_) rescan();
    counters_.last_update = settings_.now() - start;
}

void Terrain::Impl::rescan() {
    rescan_ = false;
    if (offsets_.empty())
        offsets_ = offsets_in_view(settings_.view_distance_m, settings_.vertical_distance_m);
    note_taken_requests();
    give_up_far_chunks();
    std::vector<Vec3i> requests;
    for (const Vec3i offset : offsets_) add_chunk(*viewer_ + offset, requests);
    loader_.requests().publish(std::move(requests));
    loader_.start_tickets();
    rekey_waiting();
}

void Terrain::Impl::note_taken_requests() {
    const std::size_t taken = loader_.requests().close();
    const std::vector<Vec3i>& list = loader_.requests().chunks();
    for (std::size_t i = 0; i < taken; ++i)
        if (ChunkState* state = find(list[i]); state != nullptr && state->phase == Phase::Queued)
            set_phase(*state, Phase::Loading);
    taken_ += taken;
}

void Terrain::Impl::add_chunk(Vec3i chunk, std::vector<Vec3i>& requests) {
    const auto [it, fresh] = chunks_.try_emplace(chunk);
    ChunkState& state = it->second;
    if (fresh) {
        count(state, +1);
        ++unsettled_;
        // Edits were not counted for a chunk nobody wanted, so a result from before now is suspect.
        state.required_version = volume_.version();
    }
    set_wanted(state, true);  // if it was to be removed, it stays as it is
    if (std::exchange(state.retry, false) && state.phase == Phase::Failed)
        set_phase(state, Phase::Queued);
    if (state.phase == Phase::Queued) requests.push_back(chunk);
}

void Terrain::Impl::give_up_far_chunks() {
    const float margin = settings_.unload_margin_m;
    for (auto it = chunks_.begin(); it != chunks_.end();) {
        const auto here = it++;
        ChunkState& state = here->second;
        const Vec3i offset = here->first - *viewer_;
        if (in_reach(offset, settings_.view_distance_m, settings_.vertical_distance_m)) continue;
        const bool queued = state.phase == Phase::Queued;
        if (!queued && in_reach(offset, settings_.view_distance_m + margin,
                                settings_.vertical_distance_m + margin))
            continue;
        // What stands in the list of removals is forgotten from there alone.
        if (!settled(state.phase) && !state.shown && !state.removing) {
            forget(here);  // the result, if one is on its way, will find nobody
            continue;
        }
        set_wanted(state, false);
        if (!std::exchange(state.removing, true)) removals_.push_back(here->first);
    }
}

void Terrain::Impl::rekey_waiting() {
    for (Waiting& w : waiting_) w.distance = squared_length(w.result->chunk - *viewer_);
    std::make_heap(waiting_.begin(), waiting_.end(), farther);
}

std::size_t Terrain::Impl::retry_failed() {
    std::size_t count = 0;
    for (auto& [chunk, state] : chunks_) {
        if (state.phase != Phase::Failed || !state.wanted) continue;
        state.retry = true;
        ++count;
    }
    rescan_ |= count > 0;
    return count;
}

// ---- Commits ----

void Terrain::Impl::receive_results() {
    const auto receive = [this](std::unique_ptr<LoadResult> result) {
        ++received_;
        const std::int64_t distance = squared_length(result->chunk - *viewer_);
        waiting_.push_back({distance, std::move(result)});
        std::push_heap(waiting_.begin(), waiting_.end(), farther);
    };
    while (loader_.results().take(receive)) {
    }
}

CommitReport Terrain::Impl::commit(CommitSink& sink, Clock::duration budget) {
    CommitReport report;
    const Clock::time_point start = settings_.now();
    receive_results();
    Clock::time_point now = start;
    std::size_t chunks = 0;
    while (!waiting_.empty()) {
        const bool has_mesh = !waiting_.front().result->mesh.empty();
        const Clock::duration cost = has_mesh ? mesh_cost_ : Clock::duration::zero();
        const bool enough = report.committed > 0 || report.removed > 0 || chunks >= kFreeChunks;
        if (enough && now - start + cost > budget) break;
        std::pop_heap(waiting_.begin(), waiting_.end(), farther);
        const std::unique_ptr<LoadResult> result = std::move(waiting_.back().result);
        waiting_.pop_back();
        const std::size_t before = report.committed;
        finish_load(*result, sink, report);
        ++chunks;
        // One goes for each that comes, so that a long flight does not pile up what it left behind.
        if (report.committed > before) remove_next(sink, report);
        const Clock::time_point then = std::exchange(now, settings_.now());
        if (report.committed > before)
            mesh_cost_ = mesh_cost_ == Clock::duration::zero()
                             ? now - then
                             : (3 * mesh_cost_ + (now - then)) / 4;
    }
    // A chunk without a mesh costs time too, and a view of sky has thousands of them: every one
    // goes by the clock, and at least one goes.
    for (bool first = true; !removals_.empty() && (first || now - start < budget); first = false) {
        remove_next(sink, report);
        now = settings_.now();
    }
    volume_.collect();
    report.waiting = waiting_.size();
    report.spent = settings_.now() - start;
    counters_.last_commit = report.spent;
    return report;
}

void Terrain::Impl::publish_bricks(LoadResult& result) {
    for (int i = 0; i < kOwnBricks; ++i)
        if (auto& brick = result.bricks[static_cast<std::size_t>(i)]; brick != nullptr)
            volume_.publish_generated(own_brick(result.chunk, i), std::move(brick));
}

void Terrain::Impl::finish_load(LoadResult& result, CommitSink& sink, CommitReport& report) {
    ++counters_.meshed;
    ChunkState* state = find(result.chunk);
    if (state == nullptr || !state->wanted) {
        ++counters_.stale;
        return;
    }
    // Pristine samples are right however old; where an edit has been, its brick wins.
    publish_bricks(result);
    // Older than an edit: whoever made `required_version` what it is has seen to a newer mesh, an
    // edit group or a request. An edit group that is not yet shown keeps its chunks to itself, or a
    // part of a crater would show before the rest.
    if (result.version < state->required_version || state->dirty || state->in_group ||
        settled(state->phase)) {
        ++counters_.stale;
        return;
    }
    if (result.error) {
        set_phase(*state, Phase::Failed);
        ++report.failed;
        sink.failed(result.chunk, *result.error);
        return;
    }
    set_phase(*state, Phase::Loaded);
    result.mesh.empty() ? ++report.empty : ++report.committed;
    show(result.chunk, *state, result.mesh, sink);
}

void Terrain::Impl::show(Vec3i chunk, ChunkState& state, const ChunkMesh& mesh, CommitSink& sink) {
    if (!mesh.empty()) {
        set_shown(state, true);
        counters_.triangles += mesh.triangle_count();
        sink.commit(chunk, mesh);
    } else if (state.shown) {
        set_shown(state, false);
        sink.remove(chunk);
    }
}

void Terrain::Impl::remove_next(CommitSink& sink, CommitReport& report) {
    if (removals_.empty()) return;
    const Vec3i chunk = removals_.front();
    removals_.pop_front();
    const auto it = chunks_.find(chunk);
    NEBULA_ASSERT(it != chunks_.end(), "a chunk to be removed is kept until then");
    it->second.removing = false;
    if (it->second.wanted) return;  // came back into view
    for (int i = 0; i < kOwnBricks; ++i) volume_.drop_generated(own_brick(chunk, i));
    const bool shown = it->second.shown;
    forget(it);
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
    for (const Vec3i chunk : report->chunks) {
        ChunkState* state = find(chunk);
        if (state == nullptr) continue;  // whoever loads it will gather the edit
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
    // Never a third: what is edited from now on belongs to the next call, or code that digs
    // whenever it is told of a crater would never let this one end.
    if (group_ != nullptr && finish_group(deadline)) commit_group(sink, report);
    if (group_ == nullptr && new_edits_ > 0) {
        begin_group();
        if (finish_group(deadline)) commit_group(sink, report);
    }
    if (group_ != nullptr) {
        group_->late = true;
        report.pending = group_->items.size() + dirty_.size();
    }
    report.same_frame = group_ == nullptr;
    for (const EditGroupReport& group : report.groups) report.same_frame &= group.same_frame;
    counters_.last_edit_commit = settings_.now() - start;
    return report;
}

void Terrain::Impl::begin_group() {
    group_ = std::make_unique<EditGroup>(pool_, volume_.epochs());
    group_->first_edit = first_edit_;
    group_->edits = std::exchange(new_edits_, 0);
    for (const Vec3i chunk : std::exchange(dirty_, {})) {
        ChunkState* state = find(chunk);
        // Taken away since, or taken away and back again.
        if (state == nullptr || !std::exchange(state->dirty, false)) continue;
        state->in_group = true;
        // All look-ups here, before anything else can be edited: one snapshot for the whole group,
        // so its chunks fit each other however late they are meshed.
        EditGroup::Item& item = group_->items.emplace_back();
        item.bricks = volume_.look_up(chunk);
    }
    if (group_->items.size() > kEditChunksAlone) spawn_rest_of_group();
}

// This thread with the workers' help, until the deadline; false when it came first.
bool Terrain::Impl::finish_group(Clock::time_point deadline) {
    EditGroup& group = *group_;
    while (group.begun < group.items.size() && Clock::now() < deadline)
        remesh(group.items[group.begun++]);
    spawn_rest_of_group();
    return group.tasks.wait_until(deadline);
}

void Terrain::Impl::spawn_rest_of_group() {
    while (group_->begun < group_->items.size()) {
        EditGroup::Item& item = group_->items[group_->begun++];
        group_->tasks.spawn(
            [this, &item] {
                if (stop_edits_.load(std::memory_order_relaxed)) return;
                remesh(item);
            },
            "remesh edited chunk");
    }
}

// On a worker or, while it helps, on the owner thread.
void Terrain::Impl::remesh(EditGroup::Item& item) {
    detail::Scratch& scratch = scratch_.mine();
    const auto done = detail::build_chunk(scratch, [&](SampleBlock& block) {
        return gather(volume_.generator(), item.bricks, block);
    });
    if (!done) {
        item.error = done.error();
        return;
    }
    try {
        item.mesh = scratch.mesh;
    } catch (const std::bad_alloc&) {
        item.error = VoxelError{VoxelError::Kind::OutOfMemory, "out of memory"};
    }
}

void Terrain::Impl::commit_group(CommitSink& sink, EditCommit& report) {
    const std::unique_ptr<EditGroup> group = std::move(group_);
    EditGroupReport done;
    done.edits = group->edits;
    done.same_frame = !group->late;
    for (EditGroup::Item& item : group->items) {
        const Vec3i chunk = item.bricks.chunk;
        ChunkState* state = find(chunk);
        if (state == nullptr || !state->in_group) continue;  // taken away since
        state->in_group = false;
        ++counters_.remeshed;
        set_phase(*state, item.error ? Phase::Failed : Phase::Loaded);
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
    const ChunkState* state = find(chunk);
    if (state == nullptr || !state->wanted || !settled(state->phase))
        return tl::unexpected(VoxelError{VoxelError::Kind::NotLoaded, "the chunk is not loaded"});
    detail::Scratch& scratch = scratch_.mine();
    if (auto done = detail::build_chunk(
            scratch, [&](SampleBlock& block) { return volume_.gather(chunk, block); });
        !done)
        return tl::unexpected(std::move(done.error()));
    return scratch.mesh;
}

TerrainStats Terrain::Impl::stats() const {
    TerrainStats s = counters_;
    const std::size_t taken = loader_.requests().taken();
    s.queued = loader_.requests().chunks().size() - taken;
    s.in_flight = static_cast<std::size_t>(taken_ + taken - received_);
    s.waiting = waiting_.size();
    s.bricks = volume_.brick_count();
    s.edited_bricks = volume_.edited_count();
    s.brick_bytes = volume_.bytes();
    return s;
}

// ---- The public face ----

Terrain::Terrain(WorkerPool& pool, std::shared_ptr<const Generator> generator,
                 TerrainSettings settings)
    : settings_(settings) {
    if (generator == nullptr) throw std::invalid_argument("terrain: no generator");
    if (auto error = check_distances(settings.view_distance_m, settings.vertical_distance_m))
        throw std::invalid_argument("terrain: " + error->message);
    if (!within(settings.unload_margin_m, 0.0F, 1024.0F))
        throw std::invalid_argument("terrain: the unload margin must lie in [0, 1024]");
    if (settings.commit_budget < Clock::duration::zero() ||
        settings.edit_budget < Clock::duration::zero())
        throw std::invalid_argument("terrain: a budget is negative");
    if (settings.now == nullptr) throw std::invalid_argument("terrain: no clock");
    impl_ = std::make_unique<Impl>(pool, std::move(generator), settings_);
}

Terrain::~Terrain() = default;

tl::expected<void, VoxelError> Terrain::set_viewer(Vec3f position) {
    if (auto error = check_position(position, "the viewer"))
        return tl::unexpected(std::move(*error));
    impl_->set_viewer(position);
    return {};
}

tl::expected<void, VoxelError> Terrain::set_view_distance(float horizontal_m, float vertical_m) {
    if (auto error = check_distances(horizontal_m, vertical_m))
        return tl::unexpected(std::move(*error));
    settings_.view_distance_m = horizontal_m;
    settings_.vertical_distance_m = vertical_m;
    impl_->view_distance_changed();
    return {};
}

void Terrain::update() { impl_->update(); }

CommitReport Terrain::commit(CommitSink& sink, Clock::duration budget) {
    return impl_->commit(sink, budget);
}

tl::expected<EditReport, VoxelError> Terrain::edit(const SphereEdit& operation) {
    return impl_->edit(operation);
}

tl::expected<EditReport, VoxelError> Terrain::dig_sphere(Vec3f centre, float radius) {
    return edit({SphereEdit::Kind::Dig, centre, radius});
}

tl::expected<EditReport, VoxelError> Terrain::add_sphere(Vec3f centre, float radius) {
    return edit({SphereEdit::Kind::Add, centre, radius});
}

bool Terrain::edits_pending() const noexcept { return impl_->edits_pending(); }

EditCommit Terrain::commit_edits(CommitSink& sink, Clock::time_point deadline) {
    return impl_->commit_edits(sink, deadline);
}

tl::expected<std::optional<RayHit>, VoxelError> Terrain::raycast(Vec3f from, Vec3f direction,
                                                                 float max_distance) {
    return impl_->raycaster().cast(from, direction, max_distance);
}

tl::expected<ChunkMesh, VoxelError> Terrain::build_chunk(Vec3i chunk) {
    return impl_->build_chunk(chunk);
}

std::size_t Terrain::retry_failed() { return impl_->retry_failed(); }

bool Terrain::is_loaded() const noexcept { return impl_->is_loaded(); }

LoadUtilization Terrain::load_utilization() const {
    detail::LoadMeter::Reading reading = impl_->load_meter().read();
    return {reading.queued, std::move(reading.busy)};
}

TerrainStats Terrain::stats() const { return impl_->stats(); }

}  // namespace nebula::voxel
