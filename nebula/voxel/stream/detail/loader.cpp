// SPDX-License-Identifier: MIT
#include "nebula/voxel/stream/detail/loader.hpp"

#include "nebula/base/clock.hpp"
#include "nebula/base/yield_point.hpp"
#include "nebula/threading/worker_pool.hpp"
#include "nebula/voxel/mesh/build_chunk.hpp"
#include "nebula/voxel/stream/detail/wait_for_builds.hpp"

#include <algorithm>
#include <utility>

namespace nebula::voxel::detail {

namespace {

// Cuts the chunk's own bricks out of its block.
BrickPtr cut_brick(const SampleBlock& block, int i) {
    Brick brick;
    const int x = (i & 1) * kBrickSize;
    const int y = ((i >> 1) & 1) * kBrickSize;
    const int z = ((i >> 2) & 1) * kBrickSize;
    for (int k = 0; k < kBrickSize; ++k)
        for (int j = 0; j < kBrickSize; ++j)
            std::copy_n(block.samples.data() + SampleBlock::index(x, y + j, z + k), kBrickSize,
                        brick.samples.data() + Brick::index(0, j, k));
    return make_brick(brick);
}

}  // namespace

Loader::Loader(WorkerPool& pool, Volume& volume, MeshScratchList& scratches, std::size_t most_bytes)
    : volume_(volume),
      scratches_(scratches),
      requests_(volume.epochs()),
      meter_(pool),
      most_bytes_(most_bytes),
      runner_count_(static_cast<std::size_t>(pool.thread_count()) * kRunnersPerWorker),
      runners_(std::make_unique<Runner[]>(runner_count_)),
      // Not Background: a pool keeps one worker free of that band, and loading needs all workers.
      group_(pool, Band::Normal) {}

Loader::~Loader() {
    stopping_.store(true, std::memory_order_relaxed);  // a hint; the end of the group synchronizes
    requests_.close();
    wait_for_builds(group_);
}

void Loader::start_runners() {
    const std::size_t open = requests_.chunks().size() - requests_.taken();
    if (open == 0 || runner_count_ == 0 || !may_take()) return;
    meter_.queue_filled();
    for (std::size_t i = 0; i < std::min(runner_count_, open); ++i) {
        Runner& runner = runners_[i];
        // seq_cst, after the publication or the release: pairs with run_slice's store and may_take.
        if (runner.running.load(std::memory_order_seq_cst) ||
            runner.running.exchange(true, std::memory_order_seq_cst))
            continue;
        queue(runner);
    }
}

void Loader::queue(Runner& runner) {
    clear_if_throws(runner,
                    [&] { group_.spawn([this, &runner] { run_slice(runner); }, "load chunks"); });
}

template <class F>
void Loader::clear_if_throws(Runner& runner, const F& f) {
    try {
        f();
    } catch (...) {
        runner.running.store(false, std::memory_order_seq_cst);
        throw;
    }
}

void Loader::run_slice(Runner& runner) {
    const Clock::time_point end = Clock::now() + kSlice;
    std::unique_ptr<LoadResult> result;
    for (;;) {
        // Before a request is taken: each one that is taken is answered.
        if (result == nullptr)
            clear_if_throws(runner, [&] { result = std::make_unique<LoadResult>(); });
        std::optional<Vec3i> chunk;
        if (bytes_in_flight_.load(std::memory_order_relaxed) < most_bytes_)
            chunk = requests_.take();
        if (!chunk) {
            meter_.queue_emptied([this] { return !may_take(); });
            runner.running.store(false, std::memory_order_seq_cst);
            NEBULA_YIELD_POINT();
            // If requests were published or bytes released since, the owner may have seen our flag
            // still set.
            if (!may_take() || runner.running.exchange(true, std::memory_order_seq_cst)) return;
            continue;
        }
        finish(std::move(result), *chunk);
        if (stopping_.load(std::memory_order_relaxed)) return;
        if (Clock::now() >= end) break;
    }
    queue(runner);
}

void Loader::run_here(Clock::time_point deadline, Clock::time_point (*now)()) {
    while (bytes_in_flight() < most_bytes_) {
        auto result = std::make_unique<LoadResult>();
        const std::optional<Vec3i> chunk = requests_.take();
        if (!chunk) return;
        finish(std::move(result), *chunk);
        if (now() >= deadline) return;
    }
}

void Loader::finish(std::unique_ptr<LoadResult> result, Vec3i chunk) {
    load(chunk, *result);
    result->bytes = bytes_of(*result);
    // Relaxed: only the number matters. The limit does not include chunks that are being built.
    bytes_in_flight_.fetch_add(result->bytes, std::memory_order_relaxed);
    results_.push(std::move(result));
}

void Loader::release(const LoadResult& result) noexcept {
    // seq_cst: before start_runners' look at the flags; pairs with may_take in run_slice.
    bytes_in_flight_.fetch_sub(result.bytes, std::memory_order_seq_cst);
}

std::size_t Loader::bytes_of(const LoadResult& result) noexcept {
    std::size_t bytes =
        sizeof(LoadResult) + result.mesh.vertex_data.capacity() + result.mesh.index_data.capacity();
    for (const BrickPtr& brick : result.bricks)
        if (brick != nullptr && !is_uniform(brick.get())) bytes += sizeof(Brick);
    return std::max(bytes, kLeastBytes);
}

void Loader::load(Vec3i chunk, LoadResult& result) {
    result.chunk = chunk;
    // Before the first look at a brick: an edit that is published later makes this result outdated.
    result.version = volume_.version();
    std::uint8_t missing = 0;
    BlockContent content = BlockContent::Mixed;
    // Every request must be answered, or its chunk would be loading forever.
    auto done = build_chunk(
        scratches_,
        [&](SampleBlock& block) {
            content = volume_.gather({chunk}, block, &missing);
            return content;
        },
        [&](const MeshScratch& built) {
            result.mesh = built.mesh;
            for (int i = 0; i < kOwnBricks; ++i)
                if (((missing >> i) & 1) != 0)
                    result.bricks[static_cast<std::size_t>(i)] =
                        missing_brick(chunk, i, content, built.block);
        });
    if (!done) {
        result.error = std::move(done.error());
        result.mesh = {};
        result.bricks = {};
    }
}

BrickPtr Loader::missing_brick(Vec3i chunk, int i, BlockContent content,
                               const SampleBlock& block) const {
    if (content == BlockContent::Mixed) return cut_brick(block, i);
    const Range range = volume_.generator().bounds(brick_region(own_brick({chunk}, i)));
    if (!range.uniform()) return nullptr;
    // Costs no memory, and edits near it need not call the generator.
    return BrickPtr(range.all_air() ? &kAirBrick : &kSolidBrick);
}

}  // namespace nebula::voxel::detail
