// SPDX-License-Identifier: MIT
// The worker side of streaming: builds the chunks of groups.
#pragma once

#include "nebula/base/clock.hpp"
#include "nebula/base/mutex.hpp"
#include "nebula/threading/task_group.hpp"
#include "nebula/voxel/field/volume.hpp"
#include "nebula/voxel/mesh/mesh_scratch.hpp"
#include "nebula/voxel/stream/detail/commit_group.hpp"
#include "nebula/voxel/stream/detail/completion_queue.hpp"
#include "nebula/voxel/stream/detail/job_queue.hpp"
#include "nebula/voxel/stream/detail/load_meter.hpp"
#include "nebula/voxel/stream/surface.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace nebula {
class WorkerPool;
}

namespace nebula::voxel::detail {

/// Keeps a few runners in the pool while there are jobs. A runner is a task that takes the next job,
/// finishes it, and takes another one. After kSlice it goes back to the end of its band's queue, so
/// that work of a higher band waits for at most a slice. Without jobs there are no runners.
///
/// On a pool without workers nothing runs by itself: the owner calls run_here.
///
/// Threads:   owner thread; the runners are on workers.
/// Cost:      run_here: until its deadline, plus one job.
/// Lifetime:  the destructor drops the jobs that have not begun and waits for the others. A group
///            must live until each of its jobs has been received or dropped.
class Loader {
public:
    Loader(WorkerPool& pool, Volume& volume, MeshScratchList& scratches,
           const SurfaceMaker& surfaces);
    ~Loader();
    Loader(const Loader&) = delete;
    Loader& operator=(const Loader&) = delete;

    /// Queues the group's jobs behind all others: all, or none if it throws std::bad_alloc.
    void add(CommitGroup& group);
    /// Makes sure that jobs have runners. Call it once a frame: a runner that could not spawn itself
    /// is replaced.
    void start_runners();
    /// Without workers: builds on this thread until `now()` reaches the deadline; at least one job.
    /// \param pick  Which of the queued jobs is next; null: the oldest.
    void run_here(Clock::time_point deadline, Clock::time_point (*now)(),
                  std::size_t (*pick)(std::size_t count) = nullptr);

    /// Calls f(BuildJob&) for one finished job, in no particular order; false if there is none.
    template <class F>
    bool receive(F&& f) {
        return finished_.take(f);
    }

    /// Takes a group that has been shown. A runner destroys it, because freeing what other workers
    /// have allocated waits for the locks of their allocators.
    void retire(std::unique_ptr<CommitGroup> group) noexcept;
    /// Destroys on this thread what no runner has destroyed yet.
    void free_retired() noexcept;

    /// Items whose job nobody has taken.
    [[nodiscard]] std::size_t queued() const noexcept {
        return queued_.load(std::memory_order_relaxed);  // for statistics
    }
    [[nodiscard]] const LoadMeter& meter() const noexcept { return meter_; }

private:
    static constexpr std::chrono::microseconds kSlice{500};
    static constexpr std::size_t kRunnersPerWorker = 2;  // one runs, one is queued behind it

    void spawn_runner();
    void run_slice();
    void finish(BuildJob& job) noexcept;
    void build(ChunkItem& item) noexcept;
    /// Whether the generator proves all eight children of one parent to be without a surface, and
    /// nobody has stored anything there. The items are then built: empty.
    [[nodiscard]] bool prove_empty(ChunkItem* items, std::uint32_t count) noexcept;

    Volume& volume_;
    MeshScratchList& scratches_;
    const SurfaceMaker& surfaces_;
    JobQueue jobs_;
    Mutex retired_mutex_;
    std::vector<std::unique_ptr<CommitGroup>> retired_ NEBULA_GUARDED_BY(retired_mutex_);
    CompletionQueue<BuildJob> finished_;
    LoadMeter meter_;
    std::atomic<std::size_t> queued_{0};  // raised by the owner, lowered by who takes a job
    std::atomic<bool> stopping_{false};
    TaskGroup group_;  // last: waits for the runners before the rest is destroyed
};

}  // namespace nebula::voxel::detail
