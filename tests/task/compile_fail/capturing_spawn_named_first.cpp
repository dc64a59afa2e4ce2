// SPDX-License-Identifier: MIT
// What to write instead; and what may stand in one line everywhere.
#include "nebula/task/runtime.hpp"

#include <memory>
#include <utility>

nebula::task<int> joins_a_named_task(nebula::Runtime& runtime, std::shared_ptr<int> box) {
    nebula::TaskHandle<int> handle =
        runtime.spawn([box]() -> nebula::task<int> { co_return *box; });
    const auto other = runtime.spawn([box]() -> nebula::task<int> { co_return *box; });
    const int sum = co_await handle + co_await other;
    co_return sum + co_await std::move(handle) +
        co_await runtime.spawn([&]() -> nebula::task<int> { co_return sum; });
}
