// SPDX-License-Identifier: MIT
// The three familiar pools, as views of one: WorkerPool::compute(), async_compute() and io().
#pragma once

#include "nebula/threading/io_threads.hpp"
#include "nebula/threading/worker_pool.hpp"

#include <type_traits>
#include <utility>

namespace nebula {

/// One band of a pool. compute() is the Frame band, for work that this frame needs; async_compute()
/// is the Background band, for work that may take several frames. Both run on the same workers, so
/// neither leaves cores idle that the other could use.
///
///     pool.async_compute().spawn([chunk] { generate(*chunk); }, "generate");
///     const Mesh mesh = co_await pool.compute().run([chunk] { return mesh(*chunk); });
///
/// Threads, cost, throws: as the same functions of WorkerPool.
/// Lifetime:  a small value that borrows the pool.
class ComputePool {
public:
    ComputePool(WorkerPool& pool, Band band) noexcept : pool_(&pool), band_(band) {}

    template <class F>
        requires std::is_invocable_v<std::decay_t<F>&>
    void spawn(F&& f, const char* name = nullptr) const {
        pool_->spawn(std::forward<F>(f), {.band = band_, .name = name});
    }
    template <class Body>
    auto scope(Body&& body, OnError on_error = OnError::RunAll) const {
        return pool_->scope(std::forward<Body>(body), {.band = band_, .on_error = on_error});
    }
    template <class T, class Body>
        requires std::is_invocable_v<Body&, Scope<T>&>
    auto scope(Body&& body, OnError on_error = OnError::RunAll) const {
        return pool_->template scope<T>(std::forward<Body>(body),
                                        {.band = band_, .on_error = on_error});
    }
    /// For coroutines: `co_await` the result.
    template <class F>
        requires detail::JobClosure<std::decay_t<F>>
    PoolRun<std::decay_t<F>> run(F&& f, const char* name = nullptr) const {
        return pool_->run(std::forward<F>(f), {.band = band_, .name = name});
    }

    [[nodiscard]] Band band() const noexcept { return band_; }

private:
    WorkerPool* pool_;
    Band band_;
};

/// The pool's threads for work that waits. They are not workers, and start when first needed.
///
///     pool.io().spawn([path] { save(path); }, "save");
///     const Bytes bytes = co_await pool.io().run([path] { return read(path); });
///
/// Threads:   any thread.
/// Lifetime:  a small value that borrows the pool. When the pool is destroyed, queued jobs run
///            first; jobs that its last tasks spawn here run where they are spawned.
/// Cost, throws: as IoThreads.
class IoPool {
public:
    IoPool(WorkerPool& pool, IoThreads& threads) noexcept : pool_(&pool), threads_(&threads) {}

    template <class F>
        requires std::is_invocable_v<std::decay_t<F>&>
    void spawn(F&& f, const char* name = nullptr) const {
        threads_->spawn(std::forward<F>(f), name);
    }
    /// Calls body(scope) here and returns when all jobs that it spawned have ended. The calling
    /// thread sleeps meanwhile, so it should not be a worker.
    template <class Body>
    void scope(Body&& body) const {
        IoScope scope(*threads_);
        body(scope);
        scope.wait_and_rethrow();
    }
    /// For coroutines: `co_await` the result.
    template <class F>
        requires detail::JobClosure<std::decay_t<F>>
    PoolRun<std::decay_t<F>> run(F&& f, const char* name = nullptr) const {
        PoolRun<std::decay_t<F>> run = pool_->run(std::forward<F>(f), {.name = name});
        run.io = threads_;
        return run;
    }

    [[nodiscard]] IoThreads& threads() const noexcept { return *threads_; }

private:
    WorkerPool* pool_;
    IoThreads* threads_;
};

}  // namespace nebula
