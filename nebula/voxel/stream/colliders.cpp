// SPDX-License-Identifier: MIT
#include "nebula/voxel/stream/colliders.hpp"

#include "nebula/base/assert.hpp"
#include "nebula/threading/worker_pool.hpp"
#include "nebula/voxel/field/tile_block.hpp"
#include "nebula/voxel/mesh/collider_mesh.hpp"
#include "nebula/voxel/mesh/collider_parts.hpp"
#include "nebula/voxel/mesh/collider_rims.hpp"
#include "nebula/voxel/stream/detail/wait_for_builds.hpp"

#include <algorithm>
#include <array>
#include <exception>
#include <utility>

namespace nebula::voxel {

namespace {

// Of wishes.
constexpr int kSoon = 0;
constexpr int kLater = 1;

// Up to so many edited tiles are meshed by the owner, which is as fast as waking workers.
constexpr std::size_t kMeshedHere = 8;

constexpr std::chrono::seconds kKeepUnused{2};
constexpr std::chrono::microseconds kMostHelp{200};
constexpr std::size_t kBucketsPerSweep = 64;
// As many as a worker builds in one or two frames, because it gets more only when the owner looks.
constexpr std::size_t kWorkingPerWorker = 64;

template <class F>
void for_each(const Box3i& box, F&& f) {
    for (std::int32_t z = box.min.z; z < box.max.z; ++z)
        for (std::int32_t y = box.min.y; y < box.max.y; ++y)
            for (std::int32_t x = box.min.x; x < box.max.x; ++x) f(Vec3i{x, y, z});
}

double count_of(const Box3i& box) {
    if (box.empty()) return 0.0;
    const Vec3i size = box.max - box.min;
    return double{1} * size.x * size.y * size.z;
}

float squared_distance(Vec3i tile, const Aabb& box) {
    const auto axis = [](std::int32_t t, float low, float high) {
        const float at = static_cast<float>(t) * float{kTileSize};
        const float away = std::max({0.0F, low - (at + float{kTileSize}), at - high});
        return away * away;
    };
    return axis(tile.x, box.min.x, box.max.x) + axis(tile.y, box.min.y, box.max.y) +
           axis(tile.z, box.min.z, box.max.z);
}

// The tiles whose cells read one of these samples.
Box3i tiles_reading(const Box3i& samples) {
    if (samples.empty()) return {};
    const Vec3i one{1, 1, 1};
    return {floor_div(samples.min - one, kTileSize), floor_div(samples.max - one, kTileSize) + one};
}

// The heap's order: its first is the most urgent.
constexpr auto kLessUrgent = [](const auto& a, const auto& b) {
    return a.rank != b.rank ? a.rank > b.rank : a.distance > b.distance;
};

}  // namespace

Colliders::Colliders(Volume& volume, WorkerPool& pool, Clock::time_point (*now)())
    : volume_(volume),
      most_working_(kWorkingPerWorker *
                    std::max<std::size_t>(1, static_cast<std::size_t>(pool.thread_count()))),
      now_(now),
      urgent_(pool, Band::Frame),
      // Not Background, as for chunks: a pool keeps one worker free of that band.
      calm_(pool, Band::Normal) {}

Colliders::~Colliders() {
    urgent_.cancel();
    calm_.cancel();
    detail::wait_for_builds(urgent_);
    detail::wait_for_builds(calm_);
}

Colliders::Tile* Colliders::find(Vec3i at) noexcept {
    const auto found = tiles_.find(at);
    return found == tiles_.end() ? nullptr : &found->second;
}

// ---- Who needs what

void Colliders::set_bodies(std::span<const GroundBody> bodies) {
    NEBULA_ASSERT(owner_.is_current(), "only the thread that owns the world names bodies");
    ++round_;
    for (const GroundBody& body : bodies) {
        Body& known = bodies_[body.id];
        known.round = round_;
        need(body, known);
    }
    if (bodies_.size() != bodies.size()) drop_bodies();
}

void Colliders::drop_bodies() noexcept {
    for (auto at = bodies_.begin(); at != bodies_.end();) {
        if (at->second.round == round_) {
            ++at;
            continue;
        }
        release(at->second.needs);
        at = bodies_.erase(at);
    }
}

void Colliders::need(const GroundBody& body, Body& known) {
    const TilesNeeded needs = tiles_needed(body);
    if (needs == known.needs) return;
    // All that can fail comes first. What is made for nothing is swept away.
    for_each(needs.all, [&](Vec3i at) { tiles_.try_emplace(at, now_()); });
    for_each(needs.all, [&](Vec3i at) {
        Tile& tile = *find(at);
        ++tile.bodies;
        tile.soon += needs.soon.contains(at) ? 1U : 0U;
        tile.distance = squared_distance(at, body.box);
        wish(at, tile);
    });
    release(known.needs);
    known.needs = needs;
}

void Colliders::release(const TilesNeeded& needs) noexcept {
    for_each(needs.all, [&](Vec3i at) {
        Tile& tile = *find(at);
        tile.soon -= needs.soon.contains(at) ? 1U : 0U;
        if (--tile.bodies == 0) tile.unused_since = now_();
    });
}

void Colliders::note_edit(const Box3i& samples) noexcept {
    NEBULA_ASSERT(owner_.is_current(), "only the thread that owns the world edits it");
    const Box3i box = tiles_reading(samples);
    if (count_of(box) > static_cast<double>(tiles_.size())) {
        for (auto& [at, tile] : tiles_)
            if (box.contains(at)) note_edit(at, tile);
        return;
    }
    for_each(box, [&](Vec3i at) {
        if (Tile* tile = find(at)) note_edit(at, *tile);
    });
}

void Colliders::note_edit(Vec3i at, Tile& tile) noexcept {
    tile.dirty = true;
    tile.failed = false;
    wish(at, tile);
}

void Colliders::set_footings(const Footings& footings) {
    NEBULA_ASSERT(owner_.is_current(), "only the thread that owns the world sets its footings");
    if (footings == (footings_ ? *footings_ : Footings())) return;
    footings_ = footings.none() ? nullptr : std::make_shared<const Footings>(footings);
    for (auto& [at, tile] : tiles_) note_edit(at, tile);
}

std::size_t Colliders::retry_failed() noexcept {
    std::size_t count = 0;
    for (auto& [at, tile] : tiles_) {
        if (!tile.failed) continue;
        ++count;
        tile.failed = false;
        tile.dirty = true;
        wish(at, tile);
    }
    return count;
}

// ---- What is to be built next

void Colliders::wish(Vec3i at, Tile& tile) noexcept try {
    if (!tile.dirty || tile.bodies == 0) return;
    if (tile.in_round || tile.stage == Stage::Held) return;  // shown with it, and wished for again
    if (tile.built || tile.by_round || tile.stage != Stage::Idle) {
        if (tile.listed) return;
        edited_.push_back(at);
        tile.listed = true;
        return;
    }
    wishes_.push_back({tile.soon > 0 ? kSoon : kLater, tile.distance, at});
    std::push_heap(wishes_.begin(), wishes_.end(), kLessUrgent);
} catch (...) {
    wishes_lost_ = true;
}

void Colliders::rebuild_wishes() {
    wishes_.clear();
    edited_.clear();
    wishes_lost_ = false;
    for (auto& [at, tile] : tiles_) {
        tile.listed = false;
        wish(at, tile);
    }
}

std::optional<Colliders::Wish> Colliders::top_wish() noexcept {
    while (!wishes_.empty()) {
        const Wish top = wishes_.front();
        if (const Tile* tile = find(top.tile);
            tile != nullptr && tile->dirty && tile->stage == Stage::Idle && tile->bodies > 0)
            return top;
        pop_wish();
    }
    return std::nullopt;
}

void Colliders::pop_wish() noexcept {
    std::pop_heap(wishes_.begin(), wishes_.end(), kLessUrgent);
    wishes_.pop_back();
}

// Whether something that touches the tile has, or will have, a shape that is older than the last edit.
bool Colliders::is_beside_an_edit(Vec3i at) noexcept {
    if (round_left_ == 0 && edited_.empty()) return false;
    bool found = false;
    for_each({at - Vec3i{1, 1, 1}, at + Vec3i{2, 2, 2}}, [&](Vec3i beside) {
        const Tile* tile = find(beside);
        if (tile == nullptr || tile->bodies == 0) return;
        const bool waits = tile->in_round || tile->stage == Stage::Held;
        found = found ||
                (tile->built ? tile->dirty || waits : tile->dirty && tile->stage != Stage::Idle);
    });
    return found;
}

// ---- The life of a tile

ColliderReport Colliders::update(ColliderSink& sink, Clock::time_point deadline, When when) {
    NEBULA_ASSERT(owner_.is_current(), "only the thread that owns the world updates its colliders");
    const Clock::time_point start = now_();
    ColliderReport report;
    FrameBudget frame(deadline);
    // A body that moves wishes again for what still waits.
    if (wishes_lost_ || wishes_.size() > 64 + 4 * tiles_.size()) rebuild_wishes();
    receive();
    if (when == When::BeforeTick && !urgent_.done()) {
        help(deadline - start);
        receive();
    }
    show_baked(sink, frame, report);
    end_round(sink, report);  // where there was no memory for the last of its tiles
    start_round(sink, frame, report);
    make_meshed(sink, frame, report);
    start_rest();
    sweep(sink, report);
    start_bakes();
    report.spent = now_() - start;
    return report;
}

void Colliders::receive() noexcept {
    while (finished_.take([this](Job& job) {
        if (job.abandoned) return forget(job);
        if (find(job.tile)->stage == Stage::Meshing) return meshed_.push(job);
        bake_cost_.add_clipped(job.bake_time);
        baked_.push(job);
    })) {
    }
}

// What is still under way since an earlier call will be a tick late, because the workers have no CPU.
// This thread takes what none of them has begun, the last of it a bake before its time is over.
void Colliders::help(Clock::duration left) noexcept {
    left -= std::chrono::duration_cast<Clock::duration>(bake_cost_.expected());
    if (left <= Clock::duration::zero()) return;
    (void)urgent_.wait_until(Clock::now() + std::min<Clock::duration>(left, kMostHelp));
}

void Colliders::show_baked(ColliderSink& sink, FrameBudget& frame, ColliderReport& report) {
    while (baked_.first != nullptr) {
        const Job& job = *baked_.first;
        if (job.abandoned) {
            baked_.pop();
            forget(job);
            continue;
        }
        const Vec3i at = job.tile;
        Tile& tile = *find(at);
        if (tile.in_round) {  // shown with the last of it, within the budget or not
            baked_.pop();
            complete(at, tile, sink, report);
            continue;
        }
        if (!tile.built && tile.dirty) {  // older than an edit, whose round shows it
            tile.by_round = true;
            baked_.pop();
            give_up(at, tile);
            continue;
        }
        const Clock::time_point start = now_();
        if (!frame.try_start(start, show_cost_)) return;
        baked_.pop();
        complete(at, tile, sink, report);
        show_cost_.add_clipped(now_() - start);
    }
}

// The samples are copied for all tiles at once, on this thread, where no edit comes in between. So all
// of a round are of one state, and whoever digs in every frame outdates none of them. A round takes all
// that was edited: a body that left a new tile for an old one would be inside the old one's ground,
// which holds nothing up.
void Colliders::start_round(ColliderSink& sink, FrameBudget& frame, ColliderReport& report) {
    if (round_left_ > 0 || edited_.empty()) return;
    gather_round();
    const std::size_t count = round_tiles_.size();
    round_left_ = count;
    std::size_t i = 0;
    try {
        for (; i < count; ++i) {
            const Vec3i at = round_tiles_[i];
            Tile& tile = *find(at);
            const Clock::time_point start = now_();
            if (count <= kMeshedHere && frame.try_start(start, mesh_cost_)) {
                mesh(*tile.job);
                make(tile, sink, report);
                mesh_cost_.add_clipped(now_() - start);
            } else {
                mesh_on_worker(at, tile);
            }
        }
    } catch (...) {
        while (++i < count) give_up(round_tiles_[i], *find(round_tiles_[i]));
        end_round(sink, report);
        throw;
    }
    end_round(sink, report);
}

void Colliders::gather_round() {
    round_tiles_.clear();
    round_tiles_.reserve(edited_.size());
    std::size_t kept = 0;
    for (std::size_t i = 0; i < edited_.size(); ++i) {
        const Vec3i at = edited_[i];
        Tile* tile = find(at);
        if (tile == nullptr) continue;
        tile->listed = false;
        // Who makes it wait again wishes again.
        if (!tile->dirty || tile->bodies == 0) continue;
        try {
            take_into_round(at, *tile);
        } catch (const std::bad_alloc&) {  // it waits for another round
            tile->listed = true;
            edited_[kept++] = at;
        }
    }
    edited_.resize(kept);
}

// Also in the middle of its first build, which would be older than what the round shows beside it.
void Colliders::take_into_round(Vec3i at, Tile& tile) {
    auto block = std::make_unique_for_overwrite<TileBlock>();
    if (tile.stage == Stage::Idle)
        begin(at, tile);
    else
        abandon(tile);
    Job& job = *tile.job;
    job.in_round = true;
    try {
        if (gather(volume_, at, *block) == BlockContent::Mixed) job.block = std::move(block);
        if (job.block && job.footings) job.placed = placed_in(volume_, at);
    } catch (...) {
        job.error = error_of_current_exception();
    }
    tile.in_round = true;
    round_tiles_.push_back(at);
}

// Replaces its job by a new one.
void Colliders::abandon(Tile& tile) {
    auto job = new_job(tile.job->tile);
    abandoned_.push_back(nullptr);
    tile.job->abandoned = true;
    abandoned_.back() = std::exchange(tile.job, std::move(job));
    tile.stage = Stage::Meshing;
    tile.dirty = false;
}

void Colliders::forget(const Job& job) noexcept {
    std::erase_if(abandoned_, [&job](const auto& known) { return known.get() == &job; });
}

void Colliders::leave_round(Tile& tile) noexcept {
    if (std::exchange(tile.in_round, false)) --round_left_;
}

// All at once, when the last of them is ready.
void Colliders::end_round(ColliderSink& sink, ColliderReport& report) noexcept {
    if (round_left_ > 0) return;
    for (const Vec3i at : round_tiles_)
        if (Tile* tile = find(at); tile != nullptr && tile->stage == Stage::Held)
            show(at, *tile, sink, report);
    round_tiles_.clear();
}

void Colliders::make_meshed(ColliderSink& sink, FrameBudget& frame, ColliderReport& report) {
    while (meshed_.first != nullptr) {
        const Job& job = *meshed_.first;
        if (job.abandoned) {
            meshed_.pop();
            forget(job);
            continue;
        }
        const Vec3i at = job.tile;
        Tile& tile = *find(at);
        if (!tile.in_round && (tile.dirty || tile.bodies == 0)) {
            // Perhaps half before an edit and half after; or nobody needs it now.
            tile.by_round = tile.dirty;
            meshed_.pop();
            give_up(at, tile);
            continue;
        }
        const Clock::time_point start = now_();
        if (!frame.try_start(start, make_cost_)) return;
        meshed_.pop();
        make(tile, sink, report);
        make_cost_.add_clipped(now_() - start);
    }
}

void Colliders::start_rest() {
    while (working_ < most_working_) {
        const auto top = top_wish();
        if (!top) return;
        Tile& tile = *find(top->tile);
        if (is_beside_an_edit(top->tile)) {
            pop_wish();
            tile.by_round = true;
            wish(top->tile, tile);
            continue;
        }
        begin(top->tile, tile);
        pop_wish();
        mesh_on_worker(top->tile, tile);
    }
}

std::unique_ptr<Colliders::Job> Colliders::new_job(Vec3i at) const {
    auto job = std::make_unique<Job>();
    job->tile = at;
    job->footings = footings_;
    return job;
}

void Colliders::begin(Vec3i at, Tile& tile) {
    tile.job = new_job(at);
    tile.stage = Stage::Meshing;
    tile.dirty = false;
    ++working_;
}

void Colliders::give_up(Vec3i at, Tile& tile) noexcept {
    tile.dirty = true;
    leave_round(tile);
    finish(at, tile);
}

TaskGroup& Colliders::group_of(const Tile& tile) noexcept {
    return tile.soon > 0 || tile.in_round ? urgent_ : calm_;
}

void Colliders::mesh_on_worker(Vec3i at, Tile& tile) {
    try {
        group_of(tile).spawn(
            [this, job = tile.job.get()] {
                mesh(*job);
                finished_.push(*job);
            },
            "mesh a collider");
    } catch (...) {
        give_up(at, tile);
        throw;
    }
}

void Colliders::mesh(Job& job) noexcept try {
    if (job.in_round) {
        if (job.block != nullptr) mesh(job, *job.block);
        return;
    }
    volume_.prefetch({job.tile, job.tile + Vec3i{2, 2, 2}}, 0);
    const EpochDomain::Pin pin = volume_.epochs().pin();
    TileBlock block;
    if (gather(volume_, job.tile, block) != BlockContent::Mixed) return;
    if (job.footings) job.placed = placed_in(volume_, job.tile);
    mesh(job, block);
} catch (...) {
    job.error = error_of_current_exception();
}

void Colliders::mesh(Job& job, const TileBlock& block) {
    mesh_collider(block, job.mesh);
    if (!job.footings || job.mesh.empty()) return;
    TileMaterials materials;
    gather_materials(volume_.generator(), job.tile, job.placed, materials);
    divide(block, materials, *job.footings, job.mesh);
    add_rims(job.mesh);
}

void Colliders::make(Tile& tile, ColliderSink& sink, ColliderReport& report) {
    Job& job = *tile.job;
    const Vec3i at = job.tile;
    if (job.error) return fail(at, tile, *job.error, sink, report);
    if (job.mesh.empty()) return complete(at, tile, sink, report);
    try {
        job.shape = sink.make(at, job.mesh);
        job.mesh = {};
        if (!job.shape->bakes_on_worker()) return complete(at, tile, sink, report);
        tile.stage = Stage::Baking;
        made_.push(job);
    } catch (const std::bad_alloc&) {
        give_up(at, tile);
        throw;
    } catch (const std::exception&) {
        fail(at, tile, error_of_current_exception(), sink, report);
    }
}

// At the end of a call, because waking a worker may let the kernel run it in place of this thread.
void Colliders::start_bakes() {
    while (made_.first != nullptr) {
        Job& job = *made_.first;
        made_.pop();
        if (job.abandoned) {
            forget(job);
            continue;
        }
        Tile& tile = *find(job.tile);
        try {
            group_of(tile).spawn(
                [this, &job] {
                    const Clock::time_point start = Clock::now();
                    job.shape->bake();
                    job.bake_time = Clock::now() - start;
                    finished_.push(job);
                },
                "bake a collider");
        } catch (...) {
            give_up(job.tile, tile);
            throw;
        }
    }
}

void Colliders::complete(Vec3i at, Tile& tile, ColliderSink& sink,
                         ColliderReport& report) noexcept {
    if (!tile.in_round) return show(at, tile, sink, report);
    tile.stage = Stage::Held;
    leave_round(tile);
    end_round(sink, report);
}

void Colliders::show(Vec3i at, Tile& tile, ColliderSink& sink, ColliderReport& report) noexcept {
    if (tile.job->shape != nullptr) {
        sink.show(at, std::move(tile.job->shape));
        ++report.shown;
        shapes_ += tile.shown ? 0 : 1;
        tile.shown = true;
    } else if (std::exchange(tile.shown, false)) {
        sink.remove(at);
        ++report.removed;
        --shapes_;
    }
    tile.built = true;
    tile.by_round = false;
    finish(at, tile);
}

void Colliders::fail(Vec3i at, Tile& tile, const VoxelError& error, ColliderSink& sink,
                     ColliderReport& report) noexcept {
    sink.failed(at, error);
    ++report.failed;
    tile.failed = true;
    leave_round(tile);
    finish(at, tile);
    end_round(sink, report);
}

// It may have been edited since its job began.
void Colliders::finish(Vec3i at, Tile& tile) noexcept {
    tile.job = nullptr;
    tile.stage = Stage::Idle;
    --working_;
    wish(at, tile);
}

// A few of all tiles in each call, so that nobody keeps a list of those that were left.
void Colliders::sweep(ColliderSink& sink, ColliderReport& report) noexcept {
    const std::size_t buckets = tiles_.bucket_count();
    const Clock::time_point now = now_();
    for (std::size_t n = std::min(buckets, kBucketsPerSweep); n > 0; --n) {
        if (next_bucket_ >= buckets) next_bucket_ = 0;
        std::array<Vec3i, 4> unused;  // of one bucket; more of them have to wait for another round
        std::size_t count = 0;
        for (auto at = tiles_.begin(next_bucket_); at != tiles_.end(next_bucket_); ++at) {
            const Tile& tile = at->second;
            if (tile.bodies == 0 && tile.stage == Stage::Idle && count < unused.size() &&
                (tile.dirty || now - tile.unused_since > kKeepUnused))
                unused[count++] = at->first;
        }
        for (std::size_t i = 0; i < count; ++i) {
            if (find(unused[i])->shown) {
                sink.remove(unused[i]);
                ++report.removed;
                --shapes_;
            }
            tiles_.erase(unused[i]);
        }
        ++next_bucket_;
    }
}

void Colliders::clear(ColliderSink& sink) noexcept {
    detail::wait_for_builds(urgent_);
    detail::wait_for_builds(calm_);
    while (finished_.take([](Job&) {})) {
    }
    meshed_ = {};
    made_ = {};
    baked_ = {};
    for (auto& [at, tile] : tiles_) {
        if (std::exchange(tile.shown, false)) sink.remove(at);
        tile.job = nullptr;
        tile.stage = Stage::Idle;
        tile.dirty = true;
        tile.built = false;
        tile.failed = false;
        tile.by_round = false;
        tile.in_round = false;
    }
    abandoned_.clear();
    round_tiles_.clear();
    round_left_ = 0;
    working_ = 0;
    shapes_ = 0;
    wishes_lost_ = true;
}

// ---- Questions

bool Colliders::is_ready(const GroundBody& body) const noexcept {
    const Box3i tiles = tiles_needed(body).all;
    if (tiles.empty() || count_of(tiles) > static_cast<double>(tiles_.size())) return false;
    bool ready = true;
    for_each(tiles, [&](Vec3i at) {
        const auto found = tiles_.find(at);
        ready = ready && found != tiles_.end() && found->second.stage == Stage::Idle &&
                found->second.built && !found->second.dirty && !found->second.failed;
    });
    return ready;
}

ColliderStats Colliders::stats() const noexcept {
    ColliderStats stats{
        .tiles = tiles_.size(), .shapes = shapes_, .working = working_, .bodies = bodies_.size()};
    for (const auto& [at, tile] : tiles_)
        stats.waiting += tile.dirty && tile.bodies > 0 && tile.stage == Stage::Idle ? 1 : 0;
    return stats;
}

}  // namespace nebula::voxel
