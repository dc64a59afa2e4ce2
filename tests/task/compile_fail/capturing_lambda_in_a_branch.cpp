// SPDX-License-Identifier: MIT
// g++ 12 would destroy the capture twice, inside a combination as well.
#include "nebula/task/next_frame.hpp"
#include "nebula/task/pool_bridge.hpp"
#include "nebula/task/when_any.hpp"

#include <memory>

nebula::task<> awaits_in_a_branch(nebula::WorkerPool& pool, std::shared_ptr<int> box) {
    co_await nebula::when_any(pool.run([box] { return *box; }), nebula::next_frame());
}
