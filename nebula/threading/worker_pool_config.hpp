// SPDX-License-Identifier: MIT
// What a WorkerPool is made of: threads, names, stacks, handlers.
#pragma once

#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace nebula {

/// A worker as its start and exit handlers see it.
struct WorkerInfo {
    int index;
    std::string_view name;  ///< "nebula-worker-3"; lives as long as the pool.
};

/// A task that ended with an exception nobody waits for. Everything in it is borrowed for the call.
struct PanicInfo {
    std::string_view message;      ///< what(), or the thrown string, or the type's name.
    std::exception_ptr exception;  ///< To be kept or rethrown elsewhere.
    std::string_view worker_name;  ///< "nebula-worker-3"; "caller" for a thread that helped.
    std::string_view task_name;    ///< As given to spawn; "unnamed" if it was not.
};

/// Called on the thread where the task ran, or on the one that let its error go: the owner of a
/// group, whoever dropped a Job. Several at once. A handler that throws ends the program.
using PanicHandler = std::function<void(const PanicInfo&)>;

/// Everything has a default: WorkerPool({}) leaves two cores to the engine's own threads.
struct WorkerPoolConfig {
    /// Exactly that many workers, at least 1; unset: by what is available.
    std::optional<int> thread_count_override{};
    /// CPUs left to others (the main thread, the renderer) when the count is not overridden.
    int reserved_cores = 2;
    /// No threads at all: a task runs where it is spawned, before spawn() returns (or on another
    /// thread that spawns at that moment). Beats all counts.
    bool run_inline = false;
    /// Workers that never run Background work, so that one is there when something urgent comes;
    /// unset: 1 of 3 or more, else none. One worker runs it whatever is reserved.
    std::optional<int> background_reserve{};
    /// Usable stack of each worker.
    std::size_t stack_size_bytes = std::size_t{2} * 1024 * 1024;
    /// Workers are "{prefix}-{index}". The kernel's own name holds 15 characters: there the prefix
    /// is shortened and the index kept.
    std::string name_prefix = "nebula-worker";
    /// On each worker before its first task and after its last. They must not throw. What on_exit
    /// spawns runs on the thread that destroys the pool, before that returns.
    std::function<void(WorkerInfo)> on_start{};
    std::function<void(WorkerInfo)> on_exit{};
    /// Unset: log one Error line.
    PanicHandler on_panic{};
    /// What utilization is averaged over; from 10 ms to 60 s.
    std::chrono::milliseconds utilization_window{1000};
    /// Worker i stays on the i-th CPU of the affinity mask of the thread that makes the pool, round
    /// and round if there are fewer. For measurements and machines of one's own: a pinned worker
    /// waits for its CPU while another is free. Threads that the library starts from a worker
    /// (stand-ins in a BlockingRegion, those of io(), those of another pool) get the whole mask
    /// back; a std::thread that a task starts inherits the one CPU, as the kernel has it.
    bool pin_workers = false;
    /// The OS priority (nice value, 0 to 19) of the threads of io(). Not of workers: README,
    /// "Priorities of the system".
    int background_nice = 0;
    /// At most so many threads for io(), "nebula-io-0" and up, started when first needed. 0: what
    /// is spawned there runs where it is spawned, as always with run_inline.
    int io_threads = 4;

    /// The same with what the environment says: NEBULA_THREADS (1 to 1024) is the thread count. A
    /// wrong value is told in one Warning line and ignored; an empty one is none.
    [[nodiscard]] WorkerPoolConfig with_environment() const;
    /// max(override, 1), or max(available_cpus() - reserved_cores, 1).
    [[nodiscard]] int thread_count() const;
    /// The same for a machine with `available` CPUs.
    [[nodiscard]] int thread_count(int available) const noexcept;
};

}  // namespace nebula
