// SPDX-License-Identifier: MIT
#include "nebula/godot/runtime/shared_pool.hpp"

#include "nebula/threading/worker_pool.hpp"

#include <memory>

namespace nebula::godot {
namespace {

std::unique_ptr<WorkerPool>& pool() noexcept {
    // Never destroyed by a static destructor: by then the workers' code may be unloaded.
    static auto* const kPool = new std::unique_ptr<WorkerPool>;
    return *kPool;
}

}  // namespace

WorkerPoolConfig& shared_pool_config() noexcept {
    static auto* const kConfig = new WorkerPoolConfig;
    return *kConfig;
}

WorkerPool& shared_pool() {
    if (!pool()) pool() = std::make_unique<WorkerPool>(shared_pool_config());
    return *pool();
}

WorkerPool* shared_pool_if_made() noexcept { return pool().get(); }

void stop_shared_pool() noexcept { pool().reset(); }

}  // namespace nebula::godot
