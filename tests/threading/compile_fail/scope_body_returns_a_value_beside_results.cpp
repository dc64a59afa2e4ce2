// SPDX-License-Identifier: MIT
#include "nebula/threading/worker_pool.hpp"

void f(nebula::WorkerPool& pool) {
    (void)pool.scope([](nebula::Scope<int>& s) {
        s.spawn([] { return 1; });
        return 2;
    });
}
