// SPDX-License-Identifier: MIT
// Captures by reference have no destructor to run twice: every compiler.
#include "nebula/task/par_await.hpp"

#include <atomic>
#include <cstddef>

nebula::task<std::size_t> loops_in_one_line(nebula::WorkerPool& pool) {
    std::atomic<std::size_t> sum{0};
    co_await nebula::pool_for(pool, 10, 1, [&](std::size_t i) { sum += i; });
    co_return sum.load();
}
