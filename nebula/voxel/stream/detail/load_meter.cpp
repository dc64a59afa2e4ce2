// SPDX-License-Identifier: MIT
#include "nebula/voxel/stream/detail/load_meter.hpp"

#include "nebula/threading/worker_pool.hpp"

#include <chrono>
#include <cstddef>

namespace nebula::voxel::detail {

void LoadMeter::queue_filled() noexcept {
    const MutexLock lock(mutex_);
    if (open_) return;
    try {
        busy_ns_at_opening_.clear();
        for (const WorkerCounters& worker : pool_.counters())
            busy_ns_at_opening_.push_back(worker.busy_ns);
    } catch (...) {  // without memory this interval is not measured
        return;
    }
    opened_at_ = Clock::now();
    open_ = true;
}

void LoadMeter::close() noexcept {
    open_ = false;
    try {
        add_open_interval(closed_);
    } catch (...) {  // as above
    }
}

LoadMeter::Reading LoadMeter::read() const {
    const MutexLock lock(mutex_);
    Reading reading = closed_;
    reading.busy.resize(static_cast<std::size_t>(pool_.thread_count()));
    if (open_) add_open_interval(reading);
    return reading;
}

void LoadMeter::add_open_interval(Reading& to) const {
    const std::vector<WorkerCounters> now = pool_.counters();
    to.busy.resize(now.size());
    to.queued += Clock::now() - opened_at_;
    for (std::size_t i = 0; i < now.size(); ++i) {
        to.busy[i] += std::chrono::nanoseconds(now[i].busy_ns - busy_ns_at_opening_[i]);
    }
}

}  // namespace nebula::voxel::detail
