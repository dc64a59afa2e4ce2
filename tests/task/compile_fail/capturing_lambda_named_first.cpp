// SPDX-License-Identifier: MIT
// What to write instead; it compiles everywhere.
#include "nebula/task/pool_bridge.hpp"
#include "nebula/task/task.hpp"

#include <memory>

nebula::task<int> awaits_a_named_job(nebula::WorkerPool& pool, std::shared_ptr<int> box) {
    auto job = pool.run([box] { return *box; });
    co_return co_await job;
}
