// SPDX-License-Identifier: MIT
// Configures a WorkerPool: threads, names, stacks, handlers.
#pragma once

#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace nebula {

/// What the start and exit handlers learn about a worker.
struct WorkerInfo {
    int index;
    std::string_view name;  ///< "nebula-worker-3"; lives as long as the pool.
};

/// A task that ended with an exception that nobody waits for. Everything in it is valid only during
/// the call.
struct PanicInfo {
    std::string_view message;      ///< what(), or the thrown string, or the type's name.
    std::exception_ptr exception;  ///< May be kept, or rethrown elsewhere.
    std::string_view worker_name;  ///< "nebula-worker-3"; "caller" for a thread that helped.
    std::string_view task_name;    ///< As given to spawn, or "unnamed".
};

/// Called on the thread where the task ran, or on the thread that dropped its error: the owner of a
/// group, or the thread that dropped a Job. Several calls may run at once. A handler that throws
/// ends the program.
using PanicHandler = std::function<void(const PanicInfo&)>;

/// Everything has a default: WorkerPool({}) leaves two cores to the engine's own threads.
struct WorkerPoolConfig {
    /// Exactly this many workers, at least 1; unset: depends on the available CPUs.
    std::optional<int> thread_count_override{};
    /// CPUs left to others (the main thread, the renderer) if the count is not overridden.
    int reserved_cores = 2;
    /// No threads at all: a task, also one of a group or a scope, runs where it is spawned, before
    /// spawn() returns (or on another thread that is spawning at that moment). What a task spawns
    /// runs after that task. Overrides all counts.
    bool run_inline = false;
    /// How many workers never run Background work, so that they are free for urgent work; unset: 1
    /// of 3 or more, otherwise none. At least one worker always runs Background work.
    std::optional<int> background_reserve{};
    /// Usable stack of each worker.
    std::size_t stack_size_bytes = std::size_t{2} * 1024 * 1024;
    /// Workers are named "{prefix}-{index}". A name in the kernel has at most 15 characters; there
    /// the prefix is shortened and the index kept.
    std::string name_prefix = "nebula-worker";
    /// Called on each worker before its first task and after its last. They must not throw. Tasks
    /// that on_exit spawns run on the thread that destroys the pool, before the destructor returns.
    std::function<void(WorkerInfo)> on_start{};
    std::function<void(WorkerInfo)> on_exit{};
    /// Unset: log one Error line.
    PanicHandler on_panic{};
    /// The period over which utilization is averaged, from 10 ms to 60 s.
    std::chrono::milliseconds utilization_window{1000};
    /// Worker i stays on the i-th CPU of the affinity mask of the thread that creates the pool; if
    /// there are fewer CPUs, it wraps around. For measurements and dedicated machines: a pinned
    /// worker waits for its CPU even if another one is free. Threads that the library starts from a
    /// worker (replacements in a BlockingRegion, those of io(), those of another pool) get the
    /// whole mask back; a std::thread that a task starts inherits the single CPU from the kernel.
    bool pin_workers = false;
    /// The OS priority (nice value, 0 to 19) of the threads of io(). It does not affect workers:
    /// README, "Priorities of the system".
    int background_nice = 0;
    /// The maximum number of threads for io(), named "nebula-io-0" and up, started when first
    /// needed. 0, or run_inline: jobs run where they are spawned.
    int io_threads = 4;

    /// A copy with the settings of the environment: NEBULA_THREADS (1 to 1024) is the thread count.
    /// An invalid value is reported in one Warning line and ignored; an empty one counts as unset.
    [[nodiscard]] WorkerPoolConfig with_environment() const;
    /// max(override, 1), or max(available_cpus() - reserved_cores, 1).
    [[nodiscard]] int thread_count() const;
    /// The same for a machine with `available` CPUs.
    [[nodiscard]] int thread_count(int available) const noexcept;
};

}  // namespace nebula
