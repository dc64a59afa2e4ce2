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

/// Adds up the real time and each worker's busy time over the intervals in which requests are
/// queued. At other times workers have nothing to do, and frames are too coarse to find these
/// intervals.
///
/// Threads:   queue_filled: owner thread. The others: any thread.
/// Cost:      a lock at each end of an interval; the first worker that finds the queue empty takes
///            the second one.
class LoadMeter {
public:
    struct Reading {
        Clock::duration queued{};
        std::vector<Clock::duration> busy;  ///< By worker, within `queued`.
    };

    explicit LoadMeter(const WorkerPool& pool) : pool_(pool) {}

    /// Has no effect if `still_empty()` is false: a worker may report late, when the next requests
    /// are already in the queue.
    template <class StillEmpty>
    void queue_emptied(StillEmpty still_empty) noexcept {
        const MutexLock lock(mutex_);
        if (open_ && still_empty()) close();
    }
    void queue_filled() noexcept;
    [[nodiscard]] Reading read() const;

private:
    void close() noexcept NEBULA_REQUIRES(mutex_);
    /// Throws before it changes anything but the number of workers.
    void add_open_interval(Reading& to) const NEBULA_REQUIRES(mutex_);

    const WorkerPool& pool_;
    mutable Mutex mutex_;
    Reading closed_ NEBULA_GUARDED_BY(mutex_);
    bool open_ NEBULA_GUARDED_BY(mutex_) = false;
    Clock::time_point opened_at_ NEBULA_GUARDED_BY(mutex_);
    std::vector<std::uint64_t> busy_ns_at_opening_ NEBULA_GUARDED_BY(mutex_);
};

}  // namespace nebula::voxel::detail
