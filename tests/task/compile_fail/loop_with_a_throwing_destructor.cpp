// SPDX-License-Identifier: MIT
// Workers end a loop, and there nobody could catch what a capture's destructor throws.
#include "nebula/task/par_await.hpp"

#include <cstddef>

struct Flushes {
    ~Flushes() noexcept(false) {}
};

nebula::task<> loops(nebula::WorkerPool& pool) {
    auto loop = nebula::pool_for(pool, 10, 1, [f = Flushes()](std::size_t) {});
    co_await loop;
}
