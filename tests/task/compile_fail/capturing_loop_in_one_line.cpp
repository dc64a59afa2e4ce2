// SPDX-License-Identifier: MIT
// Right under clang. g++ 12 would destroy the capture twice, so there it must not compile.
#include "nebula/task/par_await.hpp"

#include <cstddef>
#include <memory>

nebula::task<> loops_in_one_line(nebula::WorkerPool& pool, std::shared_ptr<int> box) {
    co_await nebula::pool_for(pool, 10, 1, [box](std::size_t) {});
}
