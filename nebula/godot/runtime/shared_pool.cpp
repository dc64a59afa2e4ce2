// SPDX-License-Identifier: MIT
#include "nebula/godot/runtime/shared_pool.hpp"

#include "nebula/threading/worker_pool.hpp"

#include <memory>

namespace nebula::godot {
namespace {

// stop_shared_pool() empties it while the workers' code is still loaded.
std::unique_ptr<WorkerPool> pool;
WorkerPoolConfig config;

}  // namespace

WorkerPoolConfig& shared_pool_config() noexcept { return config; }

WorkerPool& shared_pool() {
    if (!pool) pool = std::make_unique<WorkerPool>(config);
    return *pool;
}

WorkerPool* shared_pool_if_made() noexcept { return pool.get(); }

void stop_shared_pool() noexcept { pool.reset(); }

}  // namespace nebula::godot
