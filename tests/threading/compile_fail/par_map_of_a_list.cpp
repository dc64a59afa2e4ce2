// SPDX-License-Identifier: MIT
#include "nebula/threading/par.hpp"

#include <list>

void f(nebula::WorkerPool& pool, std::list<int>& list) {
    (void)nebula::par_map(pool, list, 1, [](int i) { return i; });
}
