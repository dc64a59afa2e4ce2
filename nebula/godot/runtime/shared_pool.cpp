// SPDX-License-Identifier: MIT
#include "nebula/godot/runtime/shared_pool.hpp"

#include "nebula/threading/worker_pool.hpp"

#include <memory>
#include <optional>

namespace nebula::godot {
namespace {

// stop_shared_pool() empties it while the workers' code is still loaded.
std::unique_ptr<WorkerPool> pool;
std::optional<WorkerPoolConfig> config;

}  // namespace

void configure_shared_pool(const WorkerPoolConfig& wanted) { config = wanted.with_environment(); }

WorkerPoolConfig& shared_pool_config() {
    // Not before somebody asks: the log must have its sink by then.
    if (!config) configure_shared_pool({});
    return *config;
}

WorkerPool& shared_pool() {
    if (!pool) pool = std::make_unique<WorkerPool>(shared_pool_config());
    return *pool;
}

WorkerPool* shared_pool_if_made() noexcept { return pool.get(); }

void stop_shared_pool() noexcept { pool.reset(); }

}  // namespace nebula::godot
