// SPDX-License-Identifier: MIT
// Awaiting uses a task up, so the spelling has to say so.
#include "nebula/task/task.hpp"

nebula::task<int> one() { co_return 1; }

nebula::task<int> awaits_an_lvalue() {
    auto child = one();
    co_return co_await child;
}
