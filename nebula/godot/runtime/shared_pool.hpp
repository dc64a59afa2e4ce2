// SPDX-License-Identifier: MIT
// The one worker pool of the process: any number of terrains share it, none makes threads of its
// own.
#pragma once

#include "nebula/threading/worker_pool_config.hpp"

namespace nebula {
class WorkerPool;
}

namespace nebula::godot {

/// The pool, made at the first call with the configuration as it is then.
///
/// Threads:   main thread.
/// Throws:    std::system_error when its threads cannot be started.
[[nodiscard]] WorkerPool& shared_pool();

/// Null before anything asked for it: a game that uses no terrain starts no thread.
[[nodiscard]] WorkerPool* shared_pool_if_made() noexcept;

/// What shared_pool() will be made with. Without effect once it is made.
[[nodiscard]] WorkerPoolConfig& shared_pool_config();

/// Replaces that. NEBULA_THREADS beats the thread count in `config`, as it beats the default; what
/// is written into shared_pool_config() afterwards beats both.
void configure_shared_pool(const WorkerPoolConfig& config);

/// Joins the workers. For the extension's end, when nothing uses the pool any more.
void stop_shared_pool() noexcept;

}  // namespace nebula::godot
