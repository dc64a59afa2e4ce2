// SPDX-License-Identifier: MIT
// The workers' side of streaming: takes requests, generates and meshes, pushes results.
#pragma once

#include "nebula/threading/task_group.hpp"
#include "nebula/voxel/chunk_mesh.hpp"
#include "nebula/voxel/detail/completion_queue.hpp"
#include "nebula/voxel/detail/load_meter.hpp"
#include "nebula/voxel/detail/request_list.hpp"
#include "nebula/voxel/detail/scratch.hpp"
#include "nebula/voxel/volume.hpp"
#include "nebula/voxel/voxel_error.hpp"

#include <array>
#include <atomic>
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
    std::uint64_t version = 0;  ///< Every edit up to this one is in it.
    ChunkMesh mesh;
    std::optional<VoxelError> error;
    std::array<BrickPtr, kOwnBricks> bricks;  ///< Those that the volume lacked; null: it did not.
    LoadResult* next = nullptr;               ///< The completion queue's.
};

/// Keeps a few tickets in the pool while there are requests. A ticket is a task that takes the best
/// request, finishes it, takes the next, and after kSlice goes back to the end of its band's queue,
/// so that work of a higher band waits for a slice at most. With no requests there are no tickets.
///
/// Threads:   owner thread; the tickets run on workers.
/// Lifetime:  the destructor drops all requests and waits for the chunks in hand.
class Loader {
public:
    Loader(WorkerPool& pool, Volume& volume, ScratchPerThread& scratch);
    ~Loader();
    Loader(const Loader&) = delete;
    Loader& operator=(const Loader&) = delete;

    [[nodiscard]] RequestList& requests() noexcept { return requests_; }
    [[nodiscard]] const RequestList& requests() const noexcept { return requests_; }
    [[nodiscard]] CompletionQueue<LoadResult>& results() noexcept { return results_; }

    [[nodiscard]] const LoadMeter& meter() const noexcept { return meter_; }

    /// After a publication to requests(): sees to it that every worker has a ticket to run.
    void start_tickets();

private:
    struct Ticket {
        std::atomic<bool> running{
            false};  // taken by exchange, by owner and worker; README, "Requests and tickets"
    };
    static constexpr std::chrono::microseconds kSlice{500};
    static constexpr std::size_t kTicketsPerWorker = 2;  // one runs, one waits to follow

    void run_slice(Ticket& ticket);
    [[nodiscard]] std::unique_ptr<LoadResult> load(Vec3i chunk);
    void fill(LoadResult& result);

    Volume& volume_;
    ScratchPerThread& scratch_;
    RequestList requests_;
    CompletionQueue<LoadResult> results_;
    LoadMeter meter_;
    std::atomic<bool> stopping_{false};
    std::size_t ticket_count_;
    std::unique_ptr<Ticket[]> tickets_;
    TaskGroup group_;  // last: waits for the tickets before the rest goes
};

}  // namespace nebula::voxel::detail
