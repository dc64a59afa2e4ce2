// SPDX-License-Identifier: MIT
// Where the pool tells a tracer what it does. nebula/base/trace.hpp has the table.
#pragma once

#include "nebula/base/trace.hpp"

#include <cstddef>

namespace nebula::detail {

/// From the beginning to the end of one task, or of a branch that was stolen.
///
/// Cost:      wanted(): one load, for a branch that is always predicted while nobody traces.
class TaskTrace {
public:
    /// Whether to make one. Always, if it has probes: who attaches to them does not tell us.
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
    // Apart: which worker this is costs a look that only a tracer pays for.
    void begin() const noexcept;
    void end() const noexcept;

    const TraceHooks* const hooks_;
    const char* const name_;
};

/// While a worker is parked.
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

/// Nobody woken costs nothing.
inline void trace_wake(std::size_t workers) noexcept {
    if (workers == 0) return;
    NEBULA_PROBE(wake, workers);
    if (const TraceHooks* const hooks = trace_hooks()) [[unlikely]]
        hooks->wake(workers);
}

}  // namespace nebula::detail
