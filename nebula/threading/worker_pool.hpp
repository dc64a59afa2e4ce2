// SPDX-License-Identifier: MIT
// The pool. How it works inside: README.md in this folder.
#pragma once

#include "nebula/threading/band.hpp"
#include "nebula/threading/detail/caught.hpp"
#include "nebula/threading/detail/item.hpp"
#include "nebula/threading/detail/join_region.hpp"
#include "nebula/threading/fork_context.hpp"
#include "nebula/threading/index_range.hpp"
#include "nebula/threading/pool_run.hpp"
#include "nebula/threading/scope.hpp"
#include "nebula/threading/task_group.hpp"
#include "nebula/threading/worker_pool_config.hpp"

#include <cstddef>
#include <cstdint>
#include <exception>
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
class RankedResultsBase;
}  // namespace detail

/// What one worker has done since the pool was created. Only grows.
struct WorkerCounters {
    std::uint64_t tasks = 0;    ///< Tasks run, both detached and in groups.
    std::uint64_t steals = 0;   ///< Items taken from another worker's deque.
    std::uint64_t parks = 0;    ///< How often it went to sleep for lack of work.
    std::uint64_t wakes = 0;    ///< How often the kernel let it run again after that.
    std::uint64_t busy_ns = 0;  ///< Time inside tasks, including the current one.
};

/// Work-stealing threads for short CPU work. Idle threads sleep until there is some.
///
///     WorkerPool pool({.thread_count_override = 4});
///     pool.spawn([chunk] { generate(*chunk); }, {.band = Band::Background, .name = "generate"});
///
///     std::vector<Mesh> meshes = pool.scope([&](Scope<Mesh>& s) {   // borrows locals
///         for (const Chunk& chunk : chunks) s.spawn([&chunk] { return mesh(chunk); }, "mesh");
///     });
///
/// Threads:   any thread, also inside tasks; the destructor: any thread but the pool's own, and
///            never at once with another call.
/// Cost:      spawn: a push, and a system call if a worker has to be woken. Once the pool has held
///            as many tasks before, only closures of more than 48 bytes allocate. An idle pool
///            costs nothing.
/// Lifetime:  the destructor runs every queued detached task, and the tasks that those spawn, then
///            joins. Groups and scopes must have ended.
///            A pool belongs to the process that created it: using it in a child of fork() ends the
///            child with a message; create a new pool there. If one of the pool's own threads calls
///            exit(), the exit code is kept, and queued tasks do not run.
/// Throws:    spawn: std::bad_alloc, with nothing queued, and what copying the closure throws. What
///            waits (scope, join, fork, on_worker, broadcast): NestedTooDeep (nesting.hpp) if
///            nested waits have nearly used up this thread's stack.
class WorkerPool {
public:
    /// Returns when all threads are running and named and have called on_start.
    /// \throws std::system_error if a thread cannot be started; the others are joined first.
    explicit WorkerPool(WorkerPoolConfig config = {});
    ~WorkerPool();
    WorkerPool(const WorkerPool&) = delete;
    WorkerPool& operator=(const WorkerPool&) = delete;

    [[nodiscard]] int thread_count() const noexcept;

    /// Runs f later on a worker. What it throws goes to the panic handler.
    template <class F>
        requires std::is_invocable_v<std::decay_t<F>&>
    void spawn(F&& f, SpawnOptions options = {}) {
        Taken taken{*this, take_item(options.band)};
        taken.item->task.emplace(std::forward<F>(f), options.name);
        spawn_item(std::exchange(taken.item, nullptr), options.order);
    }

    /// Runs f(i) for all i < calls later on workers, each as a task of its own with a copy of f.
    /// All are queued in order behind the tasks of that band, with one lock and one round of
    /// wake-ups. (TaskGroup::spawn_batch, whose end you can wait for, copies f once per thread.)
    /// \throws std::invalid_argument for a negative number of calls, or more than memory can hold.
    template <IndexType Count, class F>
        requires std::is_invocable_v<std::decay_t<F>&, std::size_t>
    void spawn_batch(Count calls, F&& f, SpawnOptions options = {}) {
        using Closure = std::decay_t<F>;
        const std::size_t count = detail::count_of(calls, 0, detail::kNegativeBatch);
        require_argument(count <= kMostItems,
                         "a batch of more calls than the memory of any machine holds: each call is "
                         "queued. Is the count a negative number that was converted? A "
                         "TaskGroup's spawn_batch queues no calls");
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

    /// Calls f on a worker and returns what it returns, or throws what it throws. The calling
    /// thread sleeps meanwhile. On a worker of this pool, or without workers, f is called here.
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

    /// Calls a and b, perhaps at the same time. Inside a join, ForkContext::join() is faster. A
    /// thread that is not a worker may call this, too; it then works with the pool.
    template <class A, class B>
    auto join(A&& a, B&& b) {
        detail::ForkSeat* const here = detail::current_fork_seat;
        if (here != nullptr && &here->pool == core_)
            return ForkContext(*here, here->branches.depth()).join(a, b);
        const detail::JoinRegion region(*core_);
        return region.context().join(a, b);
    }

    /// Calls f(ForkContext) here and returns what it returns. This is the way into a computation
    /// that joins repeatedly, such as quicksort or a walk over a tree.
    ///
    ///     const long answer = pool.fork([](ForkContext fork) { return fib(fork, 40); });
    template <class F>
    decltype(auto) fork(F&& f) {
        static_assert(std::is_invocable_v<F&, ForkContext>, "fork() calls f(ForkContext)");
        detail::ForkSeat* const here = detail::current_fork_seat;
        if (here != nullptr && &here->pool == core_) {
            detail::require_stack();  // there may be no join between this one and the next
            return std::invoke(f, ForkContext(*here, here->branches.depth()));
        }
        const detail::JoinRegion region(*core_);
        return std::invoke(f, region.context());
    }

    /// Calls body(scope) here, helps with the tasks that it spawns, and returns when all of them
    /// have ended. If the body takes a Scope<T>&, it returns nothing, and scope() returns the
    /// results of the tasks in spawn order. If it takes a Scope<>& or `auto&`, scope() returns what
    /// the body returns. The first exception (the body's before any task's) is thrown once all
    /// tasks have ended.
    ///
    /// The calling thread computes, too: with two workers, three threads work on the tasks, and the
    /// main thread of a game is busy until the scope ends. Tasks of other scopes never run on it
    /// unless you ask for that (ScopeOptions::help).
    template <class Body>
    auto scope(Body&& body, ScopeOptions options = {}) {
        using T = detail::ScopeTypeOf<std::remove_cvref_t<Body>>;
        return detail::run_scope<T>(*this, body, options);
    }
    /// The same, but the body also runs on a worker, and the calling thread sleeps. If the body
    /// spawns many tasks, spawning is cheaper there, and the data stays in the worker's cache.
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

    /// For coroutines: `auto mesh = co_await pool.run([chunk] { return mesh(*chunk); })`.
    template <class F>
        requires detail::JobClosure<std::decay_t<F>>
    PoolRun<std::decay_t<F>> run(F&& f, SpawnOptions options = {}) {
        detail::require_awaiter_of_pool_run<std::decay_t<F>>();
        return {*this, std::forward<F>(f), options};
    }

    /// Runs on the calling thread one queued task, or one task of a waiting group, that is at least
    /// as urgent as `least`. For a main thread that has time left. Returns false if there is none,
    /// or if tasks that call try_tick() have nearly used up this thread's stack.
    bool try_tick(Band least = Band::Background) noexcept;
    /// Calls try_tick() until there is nothing to run or the deadline has passed. Starts nothing
    /// after the deadline.
    /// \returns how many tasks it ran.
    std::size_t run_until(Clock::time_point deadline, Band least = Band::Background) noexcept;

    /// Runs f(index) once on each worker and on no other thread. When all calls have ended, it
    /// returns or rethrows the first exception. Workers that sleep in a wait run it, too. A worker
    /// of this pool must not call this: it would wait for itself.
    void broadcast(const std::function<void(int)>& f, const char* name = "broadcast");

    /// Whether work is waiting that is more urgent than what the calling worker is running. A long
    /// Background task checks this from time to time, and returns or spawns the rest of its work.
    /// False on any other thread.
    [[nodiscard]] static bool should_yield() noexcept;

    /// Index and name of the calling worker, in its own pool; -1 and "" on any other thread. A
    /// thread that replaces a worker in a BlockingRegion has an index from thread_count() on, below
    /// worker_index_limit().
    [[nodiscard]] static int current_worker_index() noexcept;
    [[nodiscard]] static std::string_view current_worker_name() noexcept;
    [[nodiscard]] bool is_current_thread_worker() const noexcept;
    /// The size of a table that is indexed by worker.
    [[nodiscard]] int worker_index_limit() const noexcept;

    /// The share of the last window (config: utilization_window) that each worker spent inside
    /// tasks, 0 to 1, in real time, including the current task.
    /// Cost: about 100 ns per worker; takes no lock and disturbs no worker.
    [[nodiscard]] std::vector<double> utilization_per_worker() const;
    /// The same, written into the caller's buffer. Returns how many were written.
    std::size_t utilization_per_worker(std::span<double> out) const noexcept;
    [[nodiscard]] double utilization_average() const noexcept;

    [[nodiscard]] WorkerCounters counters(int worker) const noexcept;
    [[nodiscard]] std::vector<WorkerCounters> counters() const;
    /// The number of detached tasks that have not started plus tasks of groups that have not ended.
    /// Outdated at once, and slightly too high: for an overlay.
    [[nodiscard]] std::uint64_t queued() const noexcept;
    /// The kernel's thread ids, by worker: /proc/self/task/{id}.
    [[nodiscard]] std::vector<long> worker_os_ids() const;

    // ---- views: include task_pools.hpp where you use them

    [[nodiscard]] ComputePool compute() noexcept;        ///< The Frame band.
    [[nodiscard]] ComputePool async_compute() noexcept;  ///< The Background band.
    [[nodiscard]] IoPool io() noexcept;                  ///< Threads that may block.

private:
    friend class TaskGroup;
    friend class detail::JobBlock;
    friend class detail::RankedResultsBase;
    friend void detail::report_lost_error(WorkerPool&, std::exception_ptr, const char*) noexcept;

    static constexpr std::size_t kMostItems = std::size_t{1} << 40U;  // 64 TiB

    // An item that has no owner yet.
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
    // Deleted by the destructor, or leaked: tasks that still run when exit() is called may use it.
    detail::PoolCore* core_ = nullptr;
};

}  // namespace nebula
