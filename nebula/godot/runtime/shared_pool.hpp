// SPDX-License-Identifier: MIT
// The one worker pool of the process. All terrains share it; none starts threads of its own.
#pragma once

#include "nebula/threading/worker_pool_config.hpp"

namespace nebula {
class WorkerPool;
}

namespace nebula::godot {

/// Starts the pool on a background thread, so that it runs by the first frame with a terrain.
/// Called when the extension starts. Has no effect on a pool that is already in use.
///
/// Threads:   main thread.
void start_shared_pool() noexcept;

/// The pool. Waits for start_shared_pool() to finish if it has been called; otherwise starts the
/// pool with the current configuration.
///
/// Threads:   main thread.
/// Throws:    std::system_error if its threads cannot be started.
[[nodiscard]] WorkerPool& shared_pool();

/// Whether shared_pool() would wait now. It never waits twice.
///
/// Threads:   main thread.
/// Cost:      one atomic load.
[[nodiscard]] bool shared_pool_is_starting() noexcept;

/// Null until shared_pool() is called; until then the pool can still be configured.
///
/// Threads:   main thread, and scripts' functions on workers: all of these end before the pool does.
[[nodiscard]] WorkerPool* shared_pool_if_used() noexcept;

/// The configuration that shared_pool() uses.
///
/// Threads:   main thread, like all functions below.
[[nodiscard]] const WorkerPoolConfig& shared_pool_config();

/// Replaces the configuration. NEBULA_THREADS overrides the thread count in `config`, as it
/// overrides the default. A pool that was started but not used yet is restarted, in the background;
/// of several calls in a row the last one counts. Has no effect on a pool in use.
void configure_shared_pool(const WorkerPoolConfig& config);

/// Replaces only the thread count, and overrides NEBULA_THREADS.
void set_shared_pool_threads(int count);

/// Joins the workers. Called when the extension ends and nothing uses the pool any more.
void stop_shared_pool() noexcept;

}  // namespace nebula::godot
