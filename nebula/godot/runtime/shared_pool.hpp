// SPDX-License-Identifier: MIT
// The one worker pool of the process: any number of terrains share it, none makes threads of its
// own.
#pragma once

#include "nebula/threading/worker_pool_config.hpp"

namespace nebula {
class WorkerPool;
}

namespace nebula::godot {

/// Begins to start the pool on a thread of its own, so that the first frame with a terrain finds it
/// running. For the extension's start; without effect on a pool that is already in use.
///
/// Threads:   main thread.
void start_shared_pool() noexcept;

/// The pool. Waits for start_shared_pool() to finish if it has been called, and otherwise starts
/// the pool here, with the configuration as it is then.
///
/// Threads:   main thread.
/// Throws:    std::system_error when its threads cannot be started.
[[nodiscard]] WorkerPool& shared_pool();

/// Null until shared_pool() was called: what nobody uses yet can still be configured.
[[nodiscard]] WorkerPool* shared_pool_if_used() noexcept;

/// What shared_pool() is made with.
///
/// Threads:   main thread, as all below.
[[nodiscard]] const WorkerPoolConfig& shared_pool_config();

/// Replaces that. NEBULA_THREADS beats the thread count in `config`, as it beats the default. A
/// pool that was started but is not used yet is started again. Without effect on one in use.
void configure_shared_pool(const WorkerPoolConfig& config);

/// Replaces the thread count alone, and beats NEBULA_THREADS.
void set_shared_pool_threads(int count);

/// Joins the workers. For the extension's end, when nothing uses the pool any more.
void stop_shared_pool() noexcept;

}  // namespace nebula::godot
