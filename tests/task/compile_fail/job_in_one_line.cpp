// SPDX-License-Identifier: MIT
// g++ 12: refused, with the way out. clang: compiles.
#include "nebula/task/pool_bridge.hpp"
#include "nebula/task/task.hpp"

#include <string>

nebula::task<int> length(nebula::WorkerPool& pool, std::string text) {
    co_return co_await nebula::spawn_job(pool, [text] { return static_cast<int>(text.size()); });
}
