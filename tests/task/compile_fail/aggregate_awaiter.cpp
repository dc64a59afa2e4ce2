// SPDX-License-Identifier: MIT
// An awaiter without a constructor: right under clang, destroyed twice by g++ 12.
#include "nebula/task/task.hpp"

#include <coroutine>
#include <memory>

struct AggregateWait {
    std::shared_ptr<int> box;
    bool await_ready() const noexcept { return true; }
    void await_suspend(std::coroutine_handle<>) const noexcept {}
    int await_resume() const noexcept { return *box; }
};

nebula::task<int> awaits_an_aggregate(std::shared_ptr<int> box) {
    co_return co_await AggregateWait{box};
}
