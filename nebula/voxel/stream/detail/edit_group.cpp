// SPDX-License-Identifier: MIT
#include "nebula/voxel/stream/detail/edit_group.hpp"

#include "nebula/threading/worker_pool.hpp"
#include "nebula/voxel/mesh/build_chunk.hpp"
#include "nebula/voxel/stream/detail/wait_for_builds.hpp"

#include <utility>

namespace nebula::voxel::detail {

namespace {

// The owner thread builds a group of up to this many chunks alone. That takes about 0.2 ms, which
// waking a worker and waiting for it may cost anyway, and a worker that the kernel preempts in the
// middle of a chunk cannot hold up the frame. One sphere of radius 4 in 25 reaches more chunks.
constexpr std::size_t kChunksAlone = 4;

}  // namespace

EditGroup::EditGroup(WorkerPool& pool, Volume& volume, MeshScratchList& scratches,
                     const SurfaceMaker& surfaces, std::size_t most_items)
    : volume_(volume),
      scratches_(scratches),
      surfaces_(surfaces),
      alone_(pool.thread_count() == 0),
      version_(volume.version()),
      pin_(volume.epochs().pin()),
      items_(std::make_unique<Item[]>(most_items)),
      tasks_(pool, Band::Frame) {}

EditGroup::~EditGroup() {
    tasks_.cancel();
    wait_for_builds(tasks_);
}

void EditGroup::add(ChunkId chunk, std::uint8_t mask, ChunkItem* waiting) noexcept {
    Item& item = items_[count_++];
    item.sources = volume_.look_up(chunk, mask);
    try {
        volume_.complete(item.sources);
    } catch (...) {
        item.error = error_of_current_exception();
    }
    item.waiting = waiting;
    shown += waiting == nullptr ? 1 : 0;
}

void EditGroup::start() {
    if (count_ > kChunksAlone) spawn_rest();
}

bool EditGroup::finish(Clock::time_point deadline) {
    // Without workers, at least one per call, so that the group ends even if every deadline is
    // over.
    for (bool first = alone_; begun_ < count_ && (first || Clock::now() < deadline); first = false)
        build(items_[begun_++]);
    spawn_rest();
    return tasks_.wait_until(deadline) && begun_ == count_;
}

void EditGroup::spawn_rest() {
    if (alone_) return;  // a task would run inside spawn, even after the deadline
    while (begun_ < count_) {
        Item& item = items_[begun_];
        tasks_.spawn([this, &item] { build(item); }, "build edited chunk");
        ++begun_;  // not before: if spawn throws, a later call must build it
    }
}

// On the owner thread, or on any thread that runs tasks of the pool.
void EditGroup::build(Item& item) noexcept {
    if (item.error) return;  // what it is made of could not be read
    auto done =
        build_chunk(scratches_, volume_.generator(), item.sources, surfaces_.wants_materials(),
                    [&](const MeshScratch& built, BlockContent) {
                        if (!built.mesh.empty()) item.surface = surfaces_.make(built.mesh);
                    });
    if (!done) item.error = std::move(done.error());
}

}  // namespace nebula::voxel::detail
