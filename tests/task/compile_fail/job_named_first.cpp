// SPDX-License-Identifier: MIT
// Every compiler: compiles.
#include "nebula/task/pool_bridge.hpp"
#include "nebula/task/task.hpp"

#include <string>

nebula::task<int> length(nebula::WorkerPool& pool, std::string text) {
    auto job = nebula::spawn_job(pool, [text] { return static_cast<int>(text.size()); });
    co_return co_await job;
}
