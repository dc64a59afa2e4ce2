// SPDX-License-Identifier: MIT
// `co_await worker(pool)` and `co_await main_thread()`: one coroutine, two kinds of thread.
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

/// Goes on in a task of the pool, on one of its workers:
///
///     task<Mesh> remesh(WorkerPool& pool, Chunk& chunk) {
///         co_await worker(pool, {.name = "remesh"});
///         Mesh mesh = extract(chunk);      // on a worker: touch what other threads may
///         co_await main_thread();
///         co_return mesh;                  // back home
///     }
///
/// On the worker a coroutine may await children, worker() and main_thread(); any other await throws
/// WrongThread. If it ends there, by co_return or an exception, whoever waits for it goes on at home.
/// The worker is lent until the next hop: nothing else of the pool runs on it meanwhile.
///
/// A cancel, and a shutdown, asks the code on the worker to stop: job_stop_requested()
/// (stop_token.hpp) is true from then on. A task that no worker has begun is destroyed at once, as any that waits. One that a
/// worker runs comes home at its next hop, a further worker() too, and is destroyed there;
/// Runtime::shutdown() waits for that. So the code between the hops must not shut the runtime down
/// itself, as it could with a pool run inline.
///
/// On the worker, the end of a block or of the coroutine destroys locals there. Things that belong
/// to the owner thread must not be among them: the guard of an AsyncMutex, a permit, a TaskScope, a named
/// wait or stream of signals, an Event, a TaskHandle's last copy with its result. Hop home first. A
/// TaskHandle is not for workers either, except for request_cancel(). Do not keep the address of a
/// thread_local across a hop.
///
/// Threads:   awaited on the owner thread or on a worker.
/// Cost:      one spawn of the pool; one wake to come home. Nothing allocates in steady state.
/// Lifetime:  the pool must outlive the trip. What the coroutine borrows must outlive it too; see
///            TaskHandle::cancel_and_wait().
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
    /// Not away: goes on at once. Away: whoever runs this sends the suspended task home.
    template <TaskPromise P>
    bool await_suspend(std::coroutine_handle<P> h) noexcept {
        return h.promise().record().away;
    }
    void await_resume() const noexcept {}
};

/// Goes on on the owner thread, in its next pump; at once if it is there already.
[[nodiscard]] inline MainThreadHop main_thread() noexcept { return {}; }

}  // namespace nebula
