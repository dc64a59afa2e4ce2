// SPDX-License-Identifier: MIT
// Shared only by the parts of PoolCore. Each part is a source file of its own: pool_core.cpp (its
// life), pool_tasks.cpp, pool_groups.cpp, pool_joins.cpp, pool_waits.cpp, pool_workers.cpp and
// pool_spares.cpp.
#pragma once

#include "nebula/base/clock.hpp"
#include "nebula/threading/detail/group_state.hpp"
#include "nebula/threading/detail/worker.hpp"
#include "nebula/threading/worker_pool_config.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>

namespace nebula::detail {

// The worker that this thread is, of any pool. One pointer, no destructor: the extension is
// unloaded while foreign threads are still alive.
extern constinit thread_local Worker* this_worker;

// After this many picks, a worker looks from the lowest band upwards once. A prime, so that it does
// not fall into step with work that comes in powers of two; with 61, a lower band costs less than
// 2 %.
inline constexpr std::uint64_t kFairnessInterval = 61;

// How long a thread that waits for a branch, and a watcher, look before they sleep.
inline constexpr std::chrono::microseconds kLookBeforeSleep{3};

// How often the watcher looks for branches; doubled while it finds none.
inline constexpr std::int64_t kFirstWatchUs = Worker::kFirstWatchUs;
inline constexpr std::int64_t kLongestWatchUs = 1000;

[[nodiscard]] inline std::uint64_t window_ns(const WorkerPoolConfig& config) {
    using std::chrono::milliseconds;
    return static_cast<std::uint64_t>(
        std::chrono::nanoseconds(
            std::clamp(config.utilization_window, milliseconds(10), milliseconds(60'000)))
            .count());
}

/// Calls a start or exit handler. If it throws, the program ends, because the worker cannot go on.
void call_handler(const std::function<void(WorkerInfo)>& handler, const WorkerInfo& info,
                  const char* which) noexcept;

inline void pause() noexcept {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

inline void set_busy(Worker& worker, bool busy) noexcept {
    if (worker.busy == busy) return;
    worker.busy = busy;
    busy ? worker.meter.begin(now_ns()) : worker.meter.end(now_ns());
}

/// Null for null.
inline NowRunning* running_of(Worker* worker) noexcept {
    return worker != nullptr ? &worker->running : nullptr;
}

/// Sets the band of a worker while it runs something in the middle of another task.
class StayInBand {
public:
    StayInBand(Worker* worker, Band band) noexcept
        : worker_(worker), outer_(worker != nullptr ? worker->band : band) {
        if (worker_ != nullptr) worker_->band = band;
    }
    ~StayInBand() {
        if (worker_ != nullptr) worker_->band = outer_;
    }
    StayInBand(const StayInBand&) = delete;
    StayInBand& operator=(const StayInBand&) = delete;

private:
    Worker* const worker_;
    const Band outer_;
};

/// The calling thread's turn at a pool without workers: while it lasts, what this thread spawns
/// there waits until the task that spawns it has ended, and the outermost turn runs it. So tasks
/// run one after the other, however deeply they spawn. Each pool takes turns separately.
class InlineTurn {
public:
    // Not inlined: g++ 12 would warn that the address it stores outlives us, since it cannot prove
    // that the destructor takes it back.
    [[gnu::noinline]] explicit InlineTurn(const PoolCore& pool) noexcept;
    ~InlineTurn() {
        if (outermost_) innermost = outer_;
    }
    InlineTurn(const InlineTurn&) = delete;
    InlineTurn& operator=(const InlineTurn&) = delete;

    /// False if the pool has workers, or if this thread's turn began further out.
    [[nodiscard]] bool outermost() const noexcept { return outermost_; }

private:
    static constinit thread_local const InlineTurn* innermost;

    const PoolCore& pool_;
    const InlineTurn* const outer_;
    bool outermost_;
};

/// A group at which a worker is: it must step aside when it blocks, and it runs one named task after
/// the other.
class StayAtGroup {
public:
    StayAtGroup(Worker* worker, GroupState& group) noexcept
        : worker_(worker),
          here_{&group, worker != nullptr ? worker->at_group : nullptr},
          band_(worker, group.band()),
          mark_(running_of(worker)) {
        if (worker_ != nullptr) worker_->at_group = &here_;
    }
    ~StayAtGroup() {
        if (worker_ != nullptr) worker_->at_group = here_.outer;
    }
    StayAtGroup(const StayAtGroup&) = delete;
    StayAtGroup& operator=(const StayAtGroup&) = delete;

    /// Call it before each task: a shutdown that waits for the worker names it.
    void runs(const char* task_name) noexcept {
        if (task_name == marked_) [[likely]]
            return;  // most tasks of a group have the same name, or none
        mark_.set(task_name);
        marked_ = task_name;
    }
    void runs_none() noexcept {
        mark_.reset();
        marked_ = &kNothing;
    }

private:
    static constexpr char kNothing = 0;  // its address stands for no task; no name has it

    Worker* const worker_;
    const AtGroup here_;
    const StayInBand band_;
    const RunningMark mark_;
    const char* marked_ = &kNothing;
};

}  // namespace nebula::detail
