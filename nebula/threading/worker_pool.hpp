// SPDX-License-Identifier: MIT
// The pool. How it works inside: README.md in this folder.
#pragma once

#include "nebula/threading/band.hpp"
#include "nebula/threading/detail/caught.hpp"
#include "nebula/threading/detail/item.hpp"
#include "nebula/threading/detail/join_region.hpp"
#include "nebula/threading/fork_context.hpp"
#include "nebula/threading/pool_run.hpp"
#include "nebula/threading/scope.hpp"
#include "nebula/threading/task_group.hpp"
#include "nebula/threading/worker_pool_config.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace nebula {

class ComputePool;
class IoPool;
class IoThreads;

namespace detail {
class JobBlock;
class PoolCore;
}  // namespace detail

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
/// Cost:      spawn: a push, and a system call if a worker has to be woken; nothing allocates once
///            the pool has seen as many tasks, but a closure of more than 48 bytes. An idle pool
///            costs nothing.
/// Lifetime:  the destructor runs every detached task that is queued, and what those spawn, then
///            joins. Groups and scopes must have ended.
///            A pool belongs to the process that made it: in a child of fork() its use ends the
///            child at once with a sentence; make a new pool there. After exit() on one of its own
///            threads the exit code is kept, and what is queued does not run.
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
        Taken taken{*this, take_item(options.band)};
        taken.item->task.emplace(std::forward<F>(f), options.name);
        spawn_item(std::exchange(taken.item, nullptr), options.order);
    }

    /// Runs f(i) for all i < count some time on workers, each as a task of its own with a copy of
    /// f: all at once for one lock and one round of wake-ups, in order, behind what is queued in
    /// that band. (TaskGroup::spawn_batch, whose end one can wait for, copies f once per thread.)
    template <class F>
        requires std::is_invocable_v<std::decay_t<F>&, std::size_t>
    void spawn_batch(std::size_t count, F&& f, SpawnOptions options = {}) {
        using Closure = std::decay_t<F>;
        struct Chain {
            ~Chain() {
                while (first != nullptr) {
                    detail::Item* const item = std::exchange(first, first->next);
                    item->task.drop();
                    pool.discard(item);
                }
            }
            WorkerPool& pool;
            detail::Item* first = nullptr;
        } chain{*this};
        detail::Item** end = &chain.first;
        for (std::size_t i = 0; i < count; ++i) {
            Taken taken{*this, take_item(options.band)};
            taken.item->task.emplace([kept = Closure(f), i]() mutable { std::invoke(kept, i); },
                                     options.name);
            taken.item->next = nullptr;
            *end = std::exchange(taken.item, nullptr);
            end = &(*end)->next;
        }
        if (count != 0) spawn_items(std::exchange(chain.first, nullptr), count);
    }

    /// Calls f on a worker, and returns what it returned, or throws what it threw; the calling
    /// thread sleeps meanwhile. On a worker of this pool, and without workers: here.
    template <class F>
        requires std::is_invocable_v<F&>
    auto on_worker(F&& f, SpawnOptions options = {.band = Band::Frame}) {
        using Result = std::decay_t<std::invoke_result_t<F&>>;
        if constexpr (std::is_void_v<Result>) {
            auto call = [&f] { std::invoke(f); };
            call_on_worker([](void* c) { (*static_cast<decltype(call)*>(c))(); }, &call, options);
        } else {
            std::optional<Result> result;
            auto call = [&f, &result] { result.emplace(std::invoke(f)); };
            call_on_worker([](void* c) { (*static_cast<decltype(call)*>(c))(); }, &call, options);
            return Result(std::move(*result));
        }
    }

    /// Calls a and b, perhaps at once; see ForkContext::join(), which is the faster way from the
    /// inside. From a thread that is no worker too: it then works with the pool.
    template <class A, class B>
    auto join(A&& a, B&& b) {
        detail::ForkSeat* const here = detail::current_fork_seat;
        if (here != nullptr && &here->pool == core_)
            return ForkContext(*here, here->branches.depth()).join(a, b);
        const detail::JoinRegion region(*core_);
        return region.context().join(a, b);
    }

    /// Calls f(ForkContext) here and returns what it returns: the way into a computation that joins
    /// again and again, as quicksort or a walk over a tree does.
    ///
    ///     const long answer = pool.fork([](ForkContext fork) { return fib(fork, 40); });
    template <class F>
    decltype(auto) fork(F&& f) {
        static_assert(std::is_invocable_v<F&, ForkContext>, "fork() calls f(ForkContext)");
        detail::ForkSeat* const here = detail::current_fork_seat;
        if (here != nullptr && &here->pool == core_)
            return std::invoke(f, ForkContext(*here, here->branches.depth()));
        const detail::JoinRegion region(*core_);
        return std::invoke(f, region.context());
    }

    /// Calls body(scope) here, helps with what it spawned, and returns when all of that has ended.
    /// With Scope<T>&, scope() returns the results of the tasks, in spawn order, and the body
    /// returns nothing; with Scope<>&, or `auto&`, it returns what the body returned. The first
    /// exception (the body's before any task's) is thrown once all have ended.
    ///
    /// The calling thread is one of those that compute: with two workers three threads work on the
    /// tasks, and the main thread of a game is busy until the scope ends. Tasks of other scopes
    /// never run on it unless you ask for that (ScopeOptions::help).
    template <class Body>
    auto scope(Body&& body, ScopeOptions options = {}) {
        using T = detail::ScopeTypeOf<std::remove_cvref_t<Body>>;
        return detail::run_scope<T>(*this, body, options);
    }
    /// The same, but the body too runs on a worker, and the calling thread sleeps: where it spawns
    /// much, that is cheaper there, and what it borrows of the worker's cache stays.
    /// spawn_on_main() then means that worker.
    template <class Body>
    auto scope_on_worker(Body&& body, ScopeOptions options = {}) {
        return on_worker([&] { return scope(body, options); }, {.band = options.band});
    }
    /// scope() for a body whose parameter is `auto&` and whose tasks have results:
    /// scope<int>([](auto& s) { ... }).
    template <class T, class Body>
        requires std::is_invocable_v<Body&, Scope<T>&>
    auto scope(Body&& body, ScopeOptions options = {}) {
        return detail::run_scope<T>(*this, body, options);
    }

    /// For a coroutine: `auto mesh = co_await pool.run([chunk] { return mesh(*chunk); })`.
    template <class F>
        requires detail::JobClosure<std::decay_t<F>>
    PoolRun<std::decay_t<F>> run(F&& f, SpawnOptions options = {}) {
        detail::require_awaiter_of_pool_run<std::decay_t<F>>();
        return {*this, std::forward<F>(f), options};
    }

    /// Runs one queued task, or a task of one waiting group, that is at least as urgent as `least`
    /// on the calling thread: for a main thread that has time left. False: there is none.
    bool try_tick(Band least = Band::Background) noexcept;
    /// try_tick() until there is nothing to run or the deadline has come. Starts nothing after it.
    /// \returns how many it ran.
    std::size_t run_until(Clock::time_point deadline, Band least = Band::Background) noexcept;

    /// Runs f(index) once on each worker and no other thread, and returns when all have: the first
    /// exception is rethrown then. A worker that sleeps in a wait is reached as well. Not for a
    /// worker of this pool, which would wait for itself.
    void broadcast(const std::function<void(int)>& f, const char* name = "broadcast");

    /// Whether more urgent work waits than what the calling worker runs: a long Background task
    /// looks from time to time, and returns or spawns its rest. False on any other thread.
    [[nodiscard]] static bool should_yield() noexcept;

    /// The worker that the calling thread is, of whatever pool; -1 and "" on any other thread. A
    /// thread that stands in for one in a BlockingRegion has an index from thread_count() on, below
    /// worker_index_limit().
    [[nodiscard]] static int current_worker_index() noexcept;
    [[nodiscard]] static std::string_view current_worker_name() noexcept;
    [[nodiscard]] bool is_current_thread_worker() const noexcept;
    /// How long a table has to be that is indexed by worker.
    [[nodiscard]] int worker_index_limit() const noexcept;

    /// Share of the last window (config: utilization_window) that each worker spent inside tasks,
    /// 0 to 1, by wall clock, an open task included.
    /// Cost: about 100 ns a worker; takes no lock and disturbs no worker.
    [[nodiscard]] std::vector<double> utilization_per_worker() const;
    /// The same into the caller's buffer; returns how many were written.
    std::size_t utilization_per_worker(std::span<double> out) const noexcept;
    [[nodiscard]] double utilization_average() const noexcept;

    [[nodiscard]] WorkerCounters counters(int worker) const noexcept;
    [[nodiscard]] std::vector<WorkerCounters> counters() const;
    /// Detached tasks that have not started and tasks of groups that have not ended. Stale at once,
    /// and a little too many: for an overlay.
    [[nodiscard]] std::uint64_t queued() const noexcept;
    /// Thread numbers of the kernel, by worker: /proc/self/task/{id}.
    [[nodiscard]] std::vector<long> worker_os_ids() const;

    // ---- views: task_pools.hpp, to be included where they are used

    [[nodiscard]] ComputePool compute() noexcept;        ///< The Frame band.
    [[nodiscard]] ComputePool async_compute() noexcept;  ///< The Background band.
    [[nodiscard]] IoPool io() noexcept;                  ///< Threads that may block.

private:
    friend class TaskGroup;
    friend class detail::JobBlock;
    friend void detail::report_lost_error(WorkerPool&, std::exception_ptr, const char*) noexcept;

    // An item that is nobody's yet.
    struct Taken {
        ~Taken() {
            if (item != nullptr) pool.discard(item);
        }
        WorkerPool& pool;
        detail::Item* item;
    };

    [[nodiscard]] detail::Item* take_item(Band band);
    void spawn_item(detail::Item* item, Order order) noexcept;
    void spawn_items(detail::Item* first, std::size_t count) noexcept;
    void call_on_worker(void (*call)(void*), void* context, SpawnOptions options);
    void discard(detail::Item* item) noexcept;

    std::unique_ptr<IoThreads> io_;  // before core_, whose last tasks may spawn there
    // Deleted by the destructor, or left: tasks that still run when exit() is called may use it.
    detail::PoolCore* core_ = nullptr;
};

}  // namespace nebula
