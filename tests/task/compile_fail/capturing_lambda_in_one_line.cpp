// SPDX-License-Identifier: MIT
// Right under clang. g++ 12 would destroy the capture twice, so there it must not compile.
#include "nebula/task/pool_bridge.hpp"
#include "nebula/task/task.hpp"

#include <memory>

nebula::task<int> awaits_in_one_line(nebula::WorkerPool& pool, std::shared_ptr<int> box) {
    co_return co_await pool.run([box] { return *box; });
}
