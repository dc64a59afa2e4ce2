// SPDX-License-Identifier: MIT
// `co_await worker(pool)` and `co_await main_thread()` move a coroutine between threads.
#pragma once

#include "nebula/task/detail/task_record.hpp"
#include "nebula/task/wait.hpp"
#include "nebula/threading/band.hpp"

#include <coroutine>

namespace nebula {

class WorkerPool;

/// Made by worker().
class WorkerHop final : public Wait, private task_detail::Departure {
public:
    using AwaitableOnWorker = void;

    WorkerHop(WorkerPool& pool, SpawnOptions options) noexcept
        : Wait("worker"), pool_(pool), options_(options) {}

    bool await_ready() const noexcept { return false; }
    template <TaskPromise P>
    void await_suspend(std::coroutine_handle<P> h) noexcept {
        begin(h.promise());
    }
    void await_resume() const;

private:
    void begin(task_detail::PromiseBase& leaf) noexcept;
    void depart(task_detail::TaskRecord& record) noexcept override;

    WorkerPool& pool_;
    SpawnOptions options_;
    task_detail::TaskRecord* record_ = nullptr;
    bool onward_ = false;
};

/// Continues on a worker of the pool, inside a pool task:
///
///     task<Mesh> remesh(WorkerPool& pool, Chunk& chunk) {
///         co_await worker(pool, {.name = "remesh"});
///         Mesh mesh = extract(chunk);      // on a worker: use only what other threads may use
///         co_await main_thread();
///         co_return mesh;                  // back home
///     }
///
/// On the worker a coroutine may await children, worker() and main_thread(); any other await throws
/// WrongThread. If it ends there, by co_return or an exception, the code that awaits it continues
/// on the owner thread. The worker is lent until the next hop: nothing else of the pool runs on it
/// meanwhile.
///
/// A cancel or a shutdown asks the code on the worker to stop: job_stop_requested()
/// (stop_token.hpp) is true from then on. A task that no worker has begun is destroyed at once,
/// like any that waits. A task on a worker comes home at its next hop, even if that is another
/// worker(), and is destroyed there; Runtime::shutdown() waits for that. So the code between the
/// hops must not shut the runtime down itself, which it could do in a pool that runs inline.
///
/// On the worker, the end of a block or of the coroutine destroys locals there. Locals that belong
/// to the owner thread must not be among them: the guard of an AsyncMutex, a permit, a TaskScope, a
/// named signal wait or stream, an Event, the last copy of a TaskHandle with its result. Hop home
/// first. Do not use a TaskHandle on workers either, except for request_cancel(). Do not keep the
/// address of a thread_local across a hop.
///
/// Threads:   awaited on the owner thread or on a worker.
/// Cost:      one spawn of the pool; one wake to come home. Nothing allocates in steady state.
/// Lifetime:  the pool must outlive the trip, and so must everything that the coroutine borrows;
///            see TaskHandle::cancel_and_wait().
/// Throws:    RuntimeClosed, back on the owner thread, if the pool could not take the task or
///            dropped it.
[[nodiscard]] inline WorkerHop worker(WorkerPool& pool, SpawnOptions options = {}) noexcept {
    return {pool, options};
}

/// Made by main_thread().
class MainThreadHop : public Wait {
public:
    using AwaitableOnWorker = void;

    MainThreadHop() noexcept : Wait("main thread") {}

    bool await_ready() const noexcept { return false; }
    /// Not away: continues at once. Away: the worker sends the suspended task home.
    template <TaskPromise P>
    bool await_suspend(std::coroutine_handle<P> h) noexcept {
        return h.promise().record().away;
    }
    void await_resume() const noexcept {}
};

/// Continues on the owner thread, in its next pump; at once if it is already there.
[[nodiscard]] inline MainThreadHop main_thread() noexcept { return {}; }

}  // namespace nebula
