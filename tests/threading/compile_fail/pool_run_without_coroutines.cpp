// SPDX-License-Identifier: MIT
#include "nebula/threading/worker_pool.hpp"

// Nobody awaits it, so it would silently do nothing.
void save(nebula::WorkerPool& pool) {
    (void)pool.run([] {});
}
