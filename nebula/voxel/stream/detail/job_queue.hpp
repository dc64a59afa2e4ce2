// SPDX-License-Identifier: MIT
// The jobs that wait for a worker, in order, and how many runners take them.
#pragma once

#include "nebula/base/mutex.hpp"
#include "nebula/voxel/stream/detail/commit_group.hpp"

#include <algorithm>
#include <cstddef>
#include <deque>
#include <vector>

namespace nebula::voxel::detail {

/// A runner that finds no job stops under the same lock under which jobs are added and runners are
/// counted. So a job is never left without a runner.
///
/// Threads:   any thread.
/// Cost:      a short lock; a job takes from a microsecond to milliseconds.
class JobQueue {
public:
    explicit JobQueue(std::size_t most_runners) : most_runners_(most_runners) {}

    /// All, or none if it throws std::bad_alloc.
    void add(std::vector<BuildJob>& jobs) {
        const MutexLock lock(mutex_);
        std::size_t added = 0;
        try {
            for (; added < jobs.size(); ++added) jobs_.push_back(&jobs[added]);
        } catch (...) {
            for (; added > 0; --added) jobs_.pop_back();
            throw;
        }
    }
    /// How many runners the caller must start; they count as running already.
    [[nodiscard]] std::size_t runners_to_start() {
        const MutexLock lock(mutex_);
        const std::size_t wanted = std::min(most_runners_, jobs_.size());
        const std::size_t missing = wanted > running_ ? wanted - running_ : 0;
        running_ += missing;
        return missing;
    }
    /// For a runner: the next job. Null: there is none, and the runner has stopped.
    [[nodiscard]] BuildJob* take_or_stop() {
        const MutexLock lock(mutex_);
        if (BuildJob* job = pop()) return job;
        --running_;
        return nullptr;
    }
    /// For a runner that ends in any other way.
    void stopped() {
        const MutexLock lock(mutex_);
        --running_;
    }
    /// For a caller that is not a runner: job number `pick(size)`, or the oldest if `pick` is null.
    [[nodiscard]] BuildJob* take(std::size_t (*pick)(std::size_t size)) {
        const MutexLock lock(mutex_);
        if (pick != nullptr && !jobs_.empty()) {
            const auto chosen = static_cast<std::ptrdiff_t>(pick(jobs_.size()));
            std::rotate(jobs_.begin(), jobs_.begin() + chosen, jobs_.begin() + chosen + 1);
        }
        return pop();
    }
    /// Removes the jobs that nobody has taken. Returns how many items they have.
    std::size_t drop_all() {
        const MutexLock lock(mutex_);
        std::size_t items = 0;
        for (const BuildJob* job : jobs_) items += job->count;
        jobs_.clear();
        return items;
    }
    [[nodiscard]] std::size_t size() const {
        const MutexLock lock(mutex_);
        return jobs_.size();
    }

private:
    [[nodiscard]] BuildJob* pop() NEBULA_REQUIRES(mutex_) {
        if (jobs_.empty()) return nullptr;
        BuildJob* job = jobs_.front();
        jobs_.pop_front();
        return job;
    }

    const std::size_t most_runners_;
    mutable Mutex mutex_;
    std::deque<BuildJob*> jobs_ NEBULA_GUARDED_BY(mutex_);
    std::size_t running_ NEBULA_GUARDED_BY(mutex_) = 0;
};

}  // namespace nebula::voxel::detail
