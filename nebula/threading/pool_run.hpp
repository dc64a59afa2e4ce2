// SPDX-License-Identifier: MIT
// "Run this on the pool", as a value: what WorkerPool::run() returns and a coroutine awaits.
#pragma once

#include "nebula/threading/band.hpp"

#include <type_traits>
#include <utility>

namespace nebula {

class IoThreads;
class WorkerPool;

namespace detail {

/// Defined by the task layer, nebula/task/pool_bridge.hpp, and only there.
template <class F>
struct PoolRunAwaiter;

/// A PoolRun that nobody can await would silently do nothing.
template <class F>
constexpr void require_awaiter_of_pool_run() {
    static_assert(
        requires { sizeof(PoolRunAwaiter<F>); },
        "run() does nothing until a coroutine awaits it: #include "
        "\"nebula/task/pool_bridge.hpp\" and write `co_await pool.run(f)`. Without "
        "coroutines use pool.spawn(f), or spawn_job(pool, f) for a result");
}

}  // namespace detail

/// Does nothing by itself. Whoever awaits it spawns `function` on `pool` with `options`, or on `io`
/// if that is set, and takes its result; threading knows no coroutines.
///
/// Lifetime:  borrows the pool.
template <class F>
class [[nodiscard]] PoolRun {
public:
    using function_type = F;
    using result_type = std::invoke_result_t<F&>;

    // A constructor, not an aggregate: g++ 12 destroys aggregate temporaries of a co_await
    // expression twice.
    PoolRun(WorkerPool& where, F what, SpawnOptions how)
        : pool(where), function(std::move(what)), options(how) {}

    WorkerPool& pool;
    F function;
    SpawnOptions options;
    IoThreads* io = nullptr;
};

}  // namespace nebula
