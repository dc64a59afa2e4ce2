// SPDX-License-Identifier: MIT
#include "nebula/voxel/stream/detail/loader.hpp"

#include "nebula/base/trace.hpp"
#include "nebula/base/yield_point.hpp"
#include "nebula/threading/worker_pool.hpp"
#include "nebula/voxel/mesh/build_chunk.hpp"
#include "nebula/voxel/stream/detail/wait_for_builds.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <new>
#include <utility>

namespace nebula::voxel::detail {

namespace {

// Cuts one of the chunk's own bricks out of its block.
BrickPtr cut_brick(const SampleBlock& block, int i) {
    auto brick = std::make_unique_for_overwrite<Brick>();
    const int x = (i & 1) * kBrickSize;
    const int y = ((i >> 1) & 1) * kBrickSize;
    const int z = ((i >> 2) & 1) * kBrickSize;
    for (int k = 0; k < kBrickSize; ++k)
        for (int j = 0; j < kBrickSize; ++j)
            std::copy_n(block.samples.data() + SampleBlock::index(x, y + j, z + k), kBrickSize,
                        brick->samples.data() + Brick::index(0, j, k));
    return keep_brick(std::move(brick));
}

bool has_own_brick(const ChunkBricks& bricks, int i) {
    return bricks.bricks[ChunkBricks::index(1 + (i & 1), 1 + ((i >> 1) & 1), 1 + ((i >> 2) & 1))] !=
           nullptr;
}

std::unique_ptr<std::array<BrickPtr, kOwnBricks>> cut_bricks(const ChunkBricks& existing,
                                                             const SampleBlock& block) {
    auto bricks = std::make_unique<std::array<BrickPtr, kOwnBricks>>();
    for (int i = 0; i < kOwnBricks; ++i)
        if (!has_own_brick(existing, i))
            (*bricks)[static_cast<std::size_t>(i)] = cut_brick(block, i);
    return bricks;
}

std::size_t bytes_of(const ChunkItem& item) {
    std::size_t bytes = item.surface != nullptr ? item.surface->bytes() : 0;
    if (item.bricks == nullptr) return bytes;
    for (const BrickPtr& brick : *item.bricks) bytes += voxel::bytes_of(brick.get());
    return bytes;
}

}  // namespace

Loader::Loader(WorkerPool& pool, Volume& volume, MeshScratchList& scratches,
               const SurfaceMaker& surfaces)
    : volume_(volume),
      scratches_(scratches),
      surfaces_(surfaces),
      jobs_(static_cast<std::size_t>(pool.thread_count()) * kRunnersPerWorker),
      meter_(pool),
      // Not Background: a pool keeps one worker free of that band, and loading needs all workers.
      group_(pool, Band::Normal) {}

Loader::~Loader() {
    stopping_.store(true, std::memory_order_relaxed);  // a hint; the end of the group synchronizes
    jobs_.drop_all();
    wait_for_builds(group_);
}

void Loader::add(CommitGroup& group) {
    queued_.fetch_add(group.items.size(), std::memory_order_relaxed);
    try {
        jobs_.add(group.jobs);
    } catch (...) {
        queued_.fetch_sub(group.items.size(), std::memory_order_relaxed);
        throw;
    }
}

void Loader::retire(std::unique_ptr<CommitGroup> group) noexcept {
    const MutexLock lock(retired_mutex_);
    try {
        retired_.push_back(std::move(group));
    } catch (...) {  // no memory: it is destroyed here
    }
}

void Loader::free_retired() noexcept {
    std::vector<std::unique_ptr<CommitGroup>> groups;
    const MutexLock lock(retired_mutex_);
    groups.swap(retired_);
}

void Loader::start_runners() {
    std::size_t count = jobs_.runners_to_start();
    if (count > 0) meter_.queue_filled();
    try {
        for (; count > 0; --count) spawn_runner();
    } catch (...) {
        for (; count > 0; --count) jobs_.stopped();
        throw;
    }
}

void Loader::spawn_runner() {
    group_.spawn([this] { run_slice(); }, "load chunks");
}

void Loader::run_slice() {
    const Clock::time_point end = Clock::now() + kSlice;
    free_retired();
    do {
        if (stopping_.load(std::memory_order_relaxed)) return jobs_.stopped();
        BuildJob* const job = jobs_.take_or_stop();
        NEBULA_YIELD_POINT();
        if (job == nullptr) {
            meter_.queue_emptied([this] { return jobs_.size() == 0; });
            return;
        }
        finish(*job);
    } while (Clock::now() < end);
    try {
        spawn_runner();
    } catch (...) {  // no memory: start_runners() replaces it
        jobs_.stopped();
    }
}

void Loader::run_here(Clock::time_point deadline, Clock::time_point (*now)(),
                      std::size_t (*pick)(std::size_t)) {
    free_retired();
    while (BuildJob* const job = jobs_.take(pick)) {
        finish(*job);
        if (now() >= deadline) return;
    }
}

void Loader::finish(BuildJob& job) noexcept {
    queued_.fetch_sub(job.count, std::memory_order_relaxed);
    ChunkItem* const items = job.group->items.data() + job.first;
    NEBULA_TRACE_ZONE("chunks");
    const bool abandoned = job.group->abandoned.load(std::memory_order_relaxed);
    if (!abandoned && !prove_empty(items, job.count))
        for (std::uint32_t i = 0; i < job.count; ++i) {
            build(items[i]);
            job.bytes += bytes_of(items[i]);
        }
    finished_.push(job);
}

// Most of a world is air or rock, and one look at a parent is cheaper than eight at its children.
bool Loader::prove_empty(ChunkItem* items, std::uint32_t count) noexcept {
    if (count != 8) return false;
    const std::uint64_t version = volume_.version();  // first, as in build()
    const Level level = items->id.level;
    const Vec3i low = items->id.parent().at * 2;
    const Box3i cells{low * kChunkSize, (low + Vec3i{2, 2, 2}) * kChunkSize};
    const Range range = volume_.generator().bounds(
        {{cells.min - Vec3i{1, 1, 1}, cells.max + Vec3i{2, 2, 2}}, level});
    if (!range.all_air() && !range.all_solid()) return false;
    EpochDomain::Pin pin;
    try {
        pin = volume_.epochs().pin();
    } catch (const std::bad_alloc&) {
        return false;
    }
    if (volume_.has_any({low * 2 - Vec3i{1, 1, 1}, (low + Vec3i{2, 2, 2}) * 2 + Vec3i{1, 1, 1}},
                        level))
        return false;
    for (std::uint32_t i = 0; i < count; ++i) items[i].version = version;
    return true;
}

void Loader::build(ChunkItem& item) noexcept {
    volume_.prefetch(item.id, item.mask);
    // Before the first look at a brick: an edit that is published later makes this build outdated.
    item.version = volume_.version();
    EpochDomain::Pin pin;
    try {
        pin = volume_.epochs().pin();
    } catch (...) {
        item.error = error_of_current_exception();
        return;
    }
    ChunkSources sources = volume_.look_up(item.id, item.mask);
    try {
        volume_.complete(sources);
    } catch (...) {
        item.error = error_of_current_exception();
        return;
    }
    auto done = build_chunk(scratches_, volume_.generator(), sources, surfaces_.wants_materials(),
                            [&](const MeshScratch& built, BlockContent content) {
                                if (!built.mesh.empty()) item.surface = surfaces_.make(built.mesh);
                                if (content == BlockContent::Mixed)
                                    item.bricks = cut_bricks(sources.bricks, built.block);
                            });
    // A job is always answered, or its group would never be shown.
    if (!done) {
        item.error = std::move(done.error());
        item.surface = nullptr;
        item.bricks = nullptr;
    }
}

}  // namespace nebula::voxel::detail
