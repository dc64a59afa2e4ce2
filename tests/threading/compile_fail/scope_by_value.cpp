// SPDX-License-Identifier: MIT
#include "nebula/threading/worker_pool.hpp"

void f(nebula::WorkerPool& pool) {
    pool.scope([](nebula::Scope<> s) { s.spawn([] {}); });
}
