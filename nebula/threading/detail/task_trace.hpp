// SPDX-License-Identifier: MIT
// Reports to a tracer what the pool does. nebula/base/trace.hpp has the table.
#pragma once

#include "nebula/base/trace.hpp"

#include <cstddef>

namespace nebula::detail {

/// Reports the beginning and the end of a task, or of a stolen branch.
///
/// Cost:      wanted(): one load; without a tracer, its branch is always predicted.
class TaskTrace {
public:
    /// Whether to make one. Always true with probes, because we do not know whether a tool is
    /// attached.
    [[nodiscard]] static bool wanted() noexcept {
#if defined(NEBULA_USDT)
        return true;
#else
        return trace_hooks() != nullptr;
#endif
    }
    explicit TaskTrace(const char* name) noexcept : hooks_(trace_hooks()), name_(name) {
        NEBULA_PROBE(task_begin, name);
        if (hooks_ != nullptr) [[unlikely]]
            begin();
    }
    ~TaskTrace() {
        NEBULA_PROBE(task_end, name_);
        if (hooks_ != nullptr) [[unlikely]]
            end();
    }
    TaskTrace(const TaskTrace&) = delete;
    TaskTrace& operator=(const TaskTrace&) = delete;

private:
    // Out of line: finding the worker costs a look-up that only a tracer should pay for.
    void begin() const noexcept;
    void end() const noexcept;

    const TraceHooks* const hooks_;
    const char* const name_;
};

/// Reports that a worker is parked, while it lives.
class ParkTrace {
public:
    explicit ParkTrace(std::size_t worker) noexcept
        : hooks_(trace_hooks()), worker_(static_cast<int>(worker)) {
        NEBULA_PROBE(park, worker_);
        if (hooks_ != nullptr) [[unlikely]]
            hooks_->park(worker_);
    }
    ~ParkTrace() {
        NEBULA_PROBE(unpark, worker_);
        if (hooks_ != nullptr) [[unlikely]]
            hooks_->unpark(worker_);
    }
    ParkTrace(const ParkTrace&) = delete;
    ParkTrace& operator=(const ParkTrace&) = delete;

private:
    const TraceHooks* const hooks_;
    const int worker_;
};

inline void trace_steal(std::size_t worker) noexcept {
    NEBULA_PROBE(steal, worker);
    if (const TraceHooks* const hooks = trace_hooks()) [[unlikely]]
        hooks->steal(static_cast<int>(worker));
}

/// Free if no worker was woken.
inline void trace_wake(std::size_t workers) noexcept {
    if (workers == 0) return;
    NEBULA_PROBE(wake, workers);
    if (const TraceHooks* const hooks = trace_hooks()) [[unlikely]]
        hooks->wake(workers);
}

}  // namespace nebula::detail
