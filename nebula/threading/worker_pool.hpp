// SPDX-License-Identifier: MIT
// The pool. How it works inside: README.md in this folder.
#pragma once

#include "nebula/threading/band.hpp"
#include "nebula/threading/detail/task_node.hpp"
#include "nebula/threading/pool_run.hpp"
#include "nebula/threading/scope.hpp"
#include "nebula/threading/task_group.hpp"
#include "nebula/threading/worker_pool_config.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace nebula {

namespace detail {
class PoolCore;
}

/// What one worker did since the pool was made. Only grows.
struct WorkerCounters {
    std::uint64_t tasks = 0;    ///< Tasks run, those of groups and detached ones.
    std::uint64_t steals = 0;   ///< Items taken from another worker's deque.
    std::uint64_t parks = 0;    ///< Times it went to sleep for want of work.
    std::uint64_t wakes = 0;    ///< Times the kernel let it run again from there.
    std::uint64_t busy_ns = 0;  ///< Time inside tasks, an open one included.
};

/// Work-stealing threads for short CPU work; idle ones sleep until there is some.
///
///     WorkerPool pool({.thread_count_override = 4});
///     pool.spawn([chunk] { generate(*chunk); }, {.band = Band::Background, .name = "generate"});
///
///     std::vector<Mesh> meshes = pool.scope([&](Scope<Mesh>& s) {   // borrows locals
///         for (const Chunk& chunk : chunks) s.spawn([&chunk] { return mesh(chunk); }, "mesh");
///     });
///
/// Threads:   any thread, tasks included; the destructor: any but the pool's own, and never at
///            once with another call.
/// Cost:      spawn: one allocation (two if the closure has more than 48 bytes), a push, and a
///            system call if a worker has to be woken. An idle pool costs nothing.
/// Lifetime:  the destructor runs every detached task that is queued, and what those spawn, then
///            joins. Groups and scopes must have ended.
/// Throws:    spawn: std::bad_alloc, with nothing queued, and what copying the closure throws.
class WorkerPool {
public:
    /// Returns when all threads run, named, each through its on_start.
    /// \throws std::system_error if a thread cannot be started; those that were are joined first.
    explicit WorkerPool(WorkerPoolConfig config = {});
    ~WorkerPool();
    WorkerPool(const WorkerPool&) = delete;
    WorkerPool& operator=(const WorkerPool&) = delete;

    [[nodiscard]] int thread_count() const noexcept;

    /// Runs f some time on a worker. What it throws goes to the panic handler.
    template <class F>
        requires std::is_invocable_v<std::decay_t<F>&>
    void spawn(F&& f, SpawnOptions options = {}) {
        spawn_task(new detail::TaskNode(std::forward<F>(f), options.band, options.name));
    }

    /// Calls body(scope) here, helps with what it spawned, and returns when all of that has ended:
    /// with Scope<T>&, the results in spawn order; with Scope<>&, what the body returned. The first
    /// exception (the body's before any task's) is thrown once all have ended.
    template <class Body>
    auto scope(Body&& body, Band band = Band::Frame) {
        using T = typename detail::ScopeResult<decltype(&std::decay_t<Body>::operator())>::type;
        return detail::run_scope<T>(*this, body, band);
    }
    /// The same for a body whose parameter is `auto&`: scope<int>([](auto& s) { ... }).
    template <class T, class Body>
        requires std::is_invocable_v<Body&, Scope<T>&>
    auto scope(Body&& body, Band band = Band::Frame) {
        return detail::run_scope<T>(*this, body, band);
    }

    /// For a coroutine: `auto mesh = co_await pool.run([chunk] { return mesh(*chunk); })`.
    template <class F>
        requires std::is_invocable_v<std::decay_t<F>&>
    PoolRun<std::decay_t<F>> run(F&& f, SpawnOptions options = {}) {
        return {*this, std::forward<F>(f), options};
    }

    /// The worker that the calling thread is, of whatever pool; -1 and "" on any other thread.
    [[nodiscard]] static int current_worker_index() noexcept;
    [[nodiscard]] static std::string_view current_worker_name() noexcept;
    [[nodiscard]] bool is_current_thread_worker() const noexcept;

    /// Share of the last window (config: utilization_window) that each worker spent inside tasks,
    /// 0 to 1, by wall clock, an open task included.
    /// Cost: about 100 ns a worker; takes no lock and disturbs no worker.
    [[nodiscard]] std::vector<double> utilization_per_worker() const;
    /// The same into the caller's buffer; returns how many were written.
    std::size_t utilization_per_worker(std::span<double> out) const noexcept;
    [[nodiscard]] double utilization_average() const noexcept;

    [[nodiscard]] WorkerCounters counters(int worker) const noexcept;
    [[nodiscard]] std::vector<WorkerCounters> counters() const;
    /// Tasks spawned and not started. Stale at once.
    [[nodiscard]] std::uint64_t queued() const noexcept;
    /// Thread numbers of the kernel, by worker: /proc/self/task/{id}.
    [[nodiscard]] std::vector<long> worker_os_ids() const;

private:
    friend class TaskGroup;

    void spawn_task(detail::TaskNode* task) noexcept;

    std::unique_ptr<detail::PoolCore> core_;
};

}  // namespace nebula
