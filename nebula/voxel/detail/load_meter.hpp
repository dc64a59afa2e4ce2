// SPDX-License-Identifier: MIT
// How busy the workers were while chunks waited for one.
#pragma once

#include "nebula/base/clock.hpp"
#include "nebula/base/mutex.hpp"

#include <cstdint>
#include <vector>

namespace nebula {
class WorkerPool;
}

namespace nebula::voxel::detail {

/// Adds up, over the times when requests are queued, the wall clock and each worker's busy time.
/// Outside of those times a worker has nothing to be busy with, and a frame is too coarse a ruler
/// to find them by.
///
/// Threads:   queue_filled: owner thread. The others: any thread.
/// Cost:      a lock at each edge; the first worker to find the queue empty pays for the second.
class LoadMeter {
public:
    struct Reading {
        Clock::duration queued{};
        std::vector<Clock::duration> busy;  ///< By worker, within `queued`.
    };

    explicit LoadMeter(const WorkerPool& pool) : pool_(pool) {}

    /// Closes nothing when `still_empty()` is false by now: a worker may be late with its news, and
    /// the next requests already in the queue.
    template <class StillEmpty>
    void queue_emptied(StillEmpty still_empty) {
        const MutexLock lock(mutex_);
        if (open_ && still_empty()) close();
    }
    void queue_filled();
    [[nodiscard]] Reading read() const;

private:
    void close() NEBULA_REQUIRES(mutex_);
    void add_open_interval(Reading& to) const NEBULA_REQUIRES(mutex_);

    const WorkerPool& pool_;
    mutable Mutex mutex_;
    Reading closed_ NEBULA_GUARDED_BY(mutex_);
    bool open_ NEBULA_GUARDED_BY(mutex_) = false;
    Clock::time_point opened_at_ NEBULA_GUARDED_BY(mutex_);
    std::vector<std::uint64_t> busy_ns_at_opening_ NEBULA_GUARDED_BY(mutex_);
};

}  // namespace nebula::voxel::detail
