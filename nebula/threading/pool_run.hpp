// SPDX-License-Identifier: MIT
// A call to be run on the pool, as a value: WorkerPool::run() returns it, and a coroutine awaits
// it.
#pragma once

#include "nebula/threading/band.hpp"
#include "nebula/threading/stop_token.hpp"

#include <type_traits>
#include <utility>

namespace nebula {

class IoThreads;
class WorkerPool;

namespace detail {

/// Defined only by the task layer, in nebula/task/pool_bridge.hpp.
template <class F>
struct PoolRunAwaiter;

/// A PoolRun that cannot be awaited would silently do nothing.
template <class F>
constexpr void require_awaiter_of_pool_run() {
    static_assert(
        requires { sizeof(PoolRunAwaiter<F>); },
        "run() does nothing until a coroutine awaits it: #include "
        "\"nebula/task/pool_bridge.hpp\" and write `co_await pool.run(f)`. Without "
        "coroutines use pool.spawn(f), or spawn_job(pool, f) for a result");
}

}  // namespace detail

/// Does nothing by itself: `co_await` it in a task, with nebula/task/pool_bridge.hpp included. That
/// spawns `function` on `pool` with `options`, or on `io` if it is set, and takes its result. The
/// function may take a StopToken, which says stop if the awaiting task is cancelled or its runtime
/// shuts down. Outside of tasks, spawn a job instead: spawn_job(), in job.hpp.
///
/// Lifetime:  borrows the pool.
template <class F>
class [[nodiscard]] PoolRun {
public:
    using function_type = F;
    using result_type = typename detail::JobCallResult<F>::type;

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
