// SPDX-License-Identifier: MIT
// Trace hooks: a table of functions that a tracer installs. Usually there is none.
#pragma once

#include <atomic>
#include <cstddef>

#if defined(NEBULA_USDT)
#include <sys/sdt.h>
/// A probe for tools like bpftrace: one no-op instruction until a tool attaches to it.
#define NEBULA_PROBE(name, value) DTRACE_PROBE1(nebula, name, value)
#else
#define NEBULA_PROBE(name, value) ((void)0)
#endif

namespace nebula {

/// The functions of a tracer. All must be set; each is called on the thread that it is about.
///
/// Threads:   any thread, several at once.
/// Throws:    nothing: an exception would leave a worker.
struct TraceHooks {
    /// `name` as given to spawn, null if it was not; `worker` is -1 on a thread that helps.
    void (*task_begin)(const char* name, int worker) noexcept;
    void (*task_end)(const char* name, int worker) noexcept;
    /// The worker goes to sleep because there is no work; it has woken up.
    void (*park)(int worker) noexcept;
    void (*unpark)(int worker) noexcept;
    /// The worker took a task from another worker's deque.
    void (*steal)(int worker) noexcept;
    /// The calling thread woke this many workers.
    void (*wake)(std::size_t workers) noexcept;
    /// NEBULA_TRACE_ZONE, nested like blocks. `name` lives as long as the program.
    void (*zone_begin)(const char* name) noexcept;
    void (*zone_end)(const char* name) noexcept;
};

/// Replaces the table and returns the previous one; null turns tracing off. Call it before the work
/// that you want to trace starts. A thread inside a task or zone reports its end to the table that
/// received its beginning, so the functions must stay callable until the program ends.
///
/// Threads:   any thread; meant to be called once, at start-up.
/// Lifetime:  the table is a constant of the program.
const TraceHooks* set_trace_hooks(const TraceHooks* hooks) noexcept;

namespace detail {
extern constinit std::atomic<const TraceHooks*> current_trace_hooks;
}

/// Cost: one load; where it matters, a branch that is always predicted.
[[nodiscard]] inline const TraceHooks* trace_hooks() noexcept {
    // Relaxed: the table is a constant, nothing else is read by it.
    return detail::current_trace_hooks.load(std::memory_order_relaxed);
}

/// A stretch of one thread's time under a name; see NEBULA_TRACE_ZONE.
class TraceZone {
public:
    explicit TraceZone(const char* name) noexcept : hooks_(trace_hooks()), name_(name) {
        NEBULA_PROBE(zone_begin, name);
        if (hooks_ != nullptr) [[unlikely]]
            hooks_->zone_begin(name_);
    }
    ~TraceZone() {
        NEBULA_PROBE(zone_end, name_);
        if (hooks_ != nullptr) [[unlikely]]
            hooks_->zone_end(name_);
    }
    TraceZone(const TraceZone&) = delete;
    TraceZone& operator=(const TraceZone&) = delete;

private:
    const TraceHooks* const hooks_;
    const char* const name_;
};

}  // namespace nebula

/// From here to the end of the block: NEBULA_TRACE_ZONE("mesh"). The name is a literal.
#define NEBULA_TRACE_ZONE(name) \
    const ::nebula::TraceZone NEBULA_TRACE_JOINED(nebula_trace_zone_, __LINE__)("" name)
#define NEBULA_TRACE_JOINED(a, b) NEBULA_TRACE_JOINED_NOW(a, b)
#define NEBULA_TRACE_JOINED_NOW(a, b) a##b
