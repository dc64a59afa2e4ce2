// SPDX-License-Identifier: MIT
// The worker side of streaming: takes requests, generates and meshes chunks, pushes results.
#pragma once

#include "nebula/base/clock.hpp"
#include "nebula/threading/task_group.hpp"
#include "nebula/voxel/field/volume.hpp"
#include "nebula/voxel/mesh/chunk_mesh.hpp"
#include "nebula/voxel/mesh/mesh_scratch.hpp"
#include "nebula/voxel/space/voxel_error.hpp"
#include "nebula/voxel/stream/detail/completion_queue.hpp"
#include "nebula/voxel/stream/detail/load_meter.hpp"
#include "nebula/voxel/stream/detail/request_list.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

namespace nebula {
class WorkerPool;
}

namespace nebula::voxel::detail {

struct LoadResult {
    Vec3i chunk;
    std::uint64_t version = 0;  ///< It contains every edit up to this version.
    std::size_t bytes = 0;      ///< What it counts for in Loader::bytes_in_flight.
    ChunkMesh mesh;
    std::optional<VoxelError> error;
    std::array<BrickPtr, kOwnBricks> bricks;  ///< Those that the volume lacked; others null.
    LoadResult* next = nullptr;               ///< For the completion queue.
};

/// Keeps a few runners in the pool while there are requests. A runner is a task that takes the best
/// request, finishes it, and takes the next one. After kSlice it goes back to the end of its band's
/// queue, so that work of a higher band waits for at most a slice. Without requests there are no
/// runners.
///
/// Finished chunks that the owner has not released yet count against a limit. At the limit, runners
/// end; start_runners starts them again once there is room.
///
/// On a pool without workers nothing runs by itself: the owner calls run_here.
///
/// Threads:   owner thread; the runners are on workers.
/// Cost:      start_runners: a few atomic operations per runner that is not running. run_here:
///            until its deadline, plus one chunk.
/// Lifetime:  the destructor drops all requests and waits for the chunks that workers are building.
class Loader {
public:
    /// \param most_bytes  the limit; it is exceeded by at most one chunk per worker.
    Loader(WorkerPool& pool, Volume& volume, MeshScratchList& scratches, std::size_t most_bytes);
    ~Loader();
    Loader(const Loader&) = delete;
    Loader& operator=(const Loader&) = delete;

    [[nodiscard]] RequestList& requests() noexcept { return requests_; }
    [[nodiscard]] const RequestList& requests() const noexcept { return requests_; }
    [[nodiscard]] CompletionQueue<LoadResult>& results() noexcept { return results_; }

    [[nodiscard]] const LoadMeter& meter() const noexcept { return meter_; }

    /// Call it after a publication to requests() or a release. Makes sure that every worker has a
    /// runner if there is something to do and room for results.
    void start_runners();
    /// Without workers: loads chunks on this thread until `now()` reaches the deadline; at least
    /// one if there is one to load and room for it.
    void run_here(Clock::time_point deadline, Clock::time_point (*now)());

    /// Call it when the owner is done with a result.
    void release(const LoadResult& result) noexcept;
    /// The size of all results that are not released yet.
    [[nodiscard]] std::size_t bytes_in_flight() const noexcept {
        return bytes_in_flight_.load(std::memory_order_relaxed);  // only the number matters
    }

private:
    struct Runner {
        // Set by an exchange of the owner or of the worker itself, cleared by the worker, or by
        // whoever could not spawn it; README, "Requests and runners".
        std::atomic<bool> running{false};
    };
    static constexpr std::chrono::microseconds kSlice{500};
    static constexpr std::size_t kRunnersPerWorker = 2;  // one runs, one is queued behind it
    // What the smallest result counts for, which limits the number of results.
    static constexpr std::size_t kLeastBytes = 4096;

    /// Spawns a slice of a runner whose flag is set.
    void queue(Runner& runner);
    void run_slice(Runner& runner);
    /// Clears the runner's flag if f throws, so that it can be started again.
    template <class F>
    static void clear_if_throws(Runner& runner, const F& f);
    void finish(std::unique_ptr<LoadResult> result, Vec3i chunk);
    [[nodiscard]] static std::size_t bytes_of(const LoadResult& result) noexcept;
    /// seq_cst: README, "Requests and runners".
    [[nodiscard]] bool may_take() {
        return bytes_in_flight_.load(std::memory_order_seq_cst) < most_bytes_ &&
               requests_.has_work();
    }
    void load(Vec3i chunk, LoadResult& result);
    /// What the volume shall keep for one of the chunk's own bricks that it lacks; may be null.
    [[nodiscard]] BrickPtr missing_brick(Vec3i chunk, int i, BlockContent content,
                                         const SampleBlock& block) const;

    Volume& volume_;
    MeshScratchList& scratches_;
    RequestList requests_;
    CompletionQueue<LoadResult> results_;
    LoadMeter meter_;
    const std::size_t most_bytes_;
    // Raised by the thread that finishes a chunk, lowered by the owner.
    std::atomic<std::size_t> bytes_in_flight_{0};
    std::atomic<bool> stopping_{false};
    std::size_t runner_count_;
    std::unique_ptr<Runner[]> runners_;
    TaskGroup group_;  // last: waits for the runners before the rest is destroyed
};

}  // namespace nebula::voxel::detail
