// SPDX-License-Identifier: MIT
// Loops and maps on the pool that a task waits for.
#pragma once

#include "nebula/base/small_function.hpp"
#include "nebula/base/yield_point.hpp"
#include "nebula/task/await_as.hpp"
#include "nebula/task/detail/frame_pool.hpp"
#include "nebula/task/errors.hpp"
#include "nebula/task/task.hpp"
#include "nebula/task/wait.hpp"
#include "nebula/threading/index_range.hpp"
#include "nebula/threading/par.hpp"
#include "nebula/threading/worker_pool.hpp"

#include <algorithm>
#include <atomic>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

namespace nebula {

namespace task_detail {

/// The pieces of one loop, which workers take one after the other. The worker that ends the last
/// piece wakes the task. Lives until the awaiter and all workers have released it.
///
/// Threads:   see each member.
class LoopState : public InFramePool {
public:
    LoopState(const LoopState&) = delete;
    LoopState& operator=(const LoopState&) = delete;

    void retain() noexcept {
        references_.fetch_add(1, std::memory_order_relaxed);  // the caller holds one already
    }
    void release() noexcept {
        // acq_rel: the last release pairs with the others before it destroys what they wrote.
        if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
    }

    /// Spawns tasks that work on the pieces; if not all can be spawned, those that exist do all the
    /// work. Owner thread.
    /// \throws std::bad_alloc if none could be spawned.
    void start(WorkerPool& pool, SpawnOptions options, Waker waker);
    /// Leaves out pieces that have not begun, and waits for the others. Owner thread.
    void stop_and_wait() noexcept;
    /// Takes pieces until there are none, or until the pool has more urgent work. On a worker.
    void work() noexcept;
    /// Call it after the wake: throws the first exception. Owner thread.
    void rethrow() {
        // Taken out, so that a worker that releases this last does not destroy what the task uses.
        if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
    }

protected:
    explicit LoopState(std::size_t pieces) noexcept : pieces_(pieces) {}
    virtual ~LoopState() = default;

private:
    virtual void run(std::size_t piece) = 0;
    /// Called when no piece will run any more.
    virtual void drop_function() noexcept = 0;

    /// The next piece; pieces_ if there is none.
    [[nodiscard]] std::size_t claim() noexcept;
    void leave_out_the_rest() noexcept;
    void ended(std::size_t pieces) noexcept;
    bool spawn_worker() noexcept;

    const std::size_t pieces_;
    WorkerPool* pool_ = nullptr;
    SpawnOptions options_;
    Waker waker_;
    std::exception_ptr error_;  // written by the thread that set failed_; published by ended()
    std::atomic<std::uint32_t> references_{1};
    std::atomic<bool> failed_{false};
    std::atomic<std::uint32_t> stop_{0};  // for the tokens of the pieces that run
    // The thread whose exchange raises it by one takes that piece. Never above pieces_, or it could
    // wrap around and hand out the first pieces again. At pieces_, none is left.
    std::atomic<std::size_t> next_{0};
    // Pieces that have ended or been left out. The thread that brings it to pieces_ sees them all.
    std::atomic<std::size_t> ended_{0};
    std::atomic<std::uint32_t> done_{0};  // for stop_and_wait()
};

template <class F, class Index>
class LoopOf final : public LoopState {
public:
    using Pieces = nebula::detail::LoopPieces<Index>;

    LoopOf(F&& function, const Pieces& pieces)
        : LoopState(pieces.count()), function_(std::move(function)), indices_(pieces) {}

private:
    void run(std::size_t piece) override { indices_.call(*function_, piece); }
    void drop_function() noexcept override { function_.reset(); }

    std::optional<F> function_;
    const Pieces indices_;
};

template <IndexType Count>
[[nodiscard]] std::size_t loop_count(Count count) {
    return nebula::detail::count_of(
        count, 0, "a loop over fewer than 0 items: the count is negative; use 0 or more");
}

/// What a loop will do. It has a constructor because g++ 12 destroys aggregate temporaries of a
/// co_await expression twice.
template <class F, class Index = std::size_t>
class LoopPlan {
public:
    using Pieces = nebula::detail::LoopPieces<Index>;

    LoopPlan(WorkerPool& where, const Pieces& what, F function_of_each, ParOptions how)
        : pool(where), pieces(what), options(how), function(std::move(function_of_each)) {
        require_nothrow_destructor<F>();
    }

    WorkerPool& pool;
    Pieces pieces;
    ParOptions options;
    F function;
};

}  // namespace task_detail

/// A loop that has not begun, made by pool_for(). Await it once.
template <class F, class Index = std::size_t>
class [[nodiscard]] PoolFor : task_detail::LoopPlan<F, Index> {
public:
    using task_detail::LoopPlan<F, Index>::LoopPlan;

    class Awaiter : public Wait {
    public:
        explicit Awaiter(PoolFor& loop)
            : Wait("pool loop"),
              pool_(loop.pool),
              options_(loop.options),
              empty_(loop.pieces.count() == 0),
              state_(*new task_detail::LoopOf<F, Index>(std::move(loop.function), loop.pieces)) {}
        ~Awaiter() {
            if (started_) state_.stop_and_wait();
            state_.release();
        }
        bool await_ready() const noexcept { return empty_; }
        template <TaskPromise P>
        void await_suspend(std::coroutine_handle<P> h) {
            const Waker waker = suspend(h);
            state_.start(pool_, {.band = options_.band, .name = options_.name}, waker);
            started_ = true;
        }
        void await_resume() { state_.rethrow(); }

    private:
        WorkerPool& pool_;
        ParOptions options_;
        bool empty_;
        bool started_ = false;
        task_detail::LoopOf<F, Index>& state_;
    };
};

template <class F, class Index>
struct AwaitAs<PoolFor<F, Index>> {
    using Awaiter = typename PoolFor<F, Index>::Awaiter;
    static Awaiter make(PoolFor<F, Index>& loop) { return Awaiter(loop); }
    static Awaiter make(PoolFor<F, Index>&& loop) {
        static_assert(task_detail::kMayStandInAwait<F>,
                      "g++ 12 destroys the captures of a lambda inside a co_await expression "
                      "twice. Write `auto loop = pool_for(...); co_await loop;`");
        return Awaiter(loop);
    }
};

/// Calls fn(i), or fn(IndexRange), on workers for all i < count, in pieces of `grain`. The task
/// waits; the main thread does not. The worker that ends the last piece wakes the task. With a
/// begin and an end instead of a count, the range is as for par_for: any integers, also negative
/// ones.
///
///     co_await pool_for(pool, columns.size(), 64, [&](std::size_t i) { fill(columns[i]); });
///     auto loop = pool_for(pool, n, 64, [box](std::size_t i) { … });   // g++: captures by value
///     co_await loop;                                                   // need a name
///
/// fn may refer to the task's own locals: if the task is cancelled meanwhile, the pieces that have
/// not begun are left out, and the cancel blocks until the others have ended. Keep pieces short, or
/// check job_stop_requested() (stop_token.hpp) in a long piece: it is true if the task is cancelled
/// or another piece has thrown. A piece must not wait for this thread, or cancel the task.
///
/// Threads:   made and awaited on the owner thread; fn runs on several workers at once.
/// Cost:      a block from the frame pool, one spawn per worker, and per piece two atomic exchanges
///            on shared cache lines, so a piece should take a microsecond or more.
/// Lifetime:  fn is destroyed before the task continues; the destructors of its captures must not
///            throw. The pool must outlive the loop.
/// Throws:    the first exception of fn; pieces that have not begun by then are left out.
///            std::bad_alloc. pool_for and pool_map themselves: std::invalid_argument for a grain
///            below 1, a count below 0, and for a range that par_for refuses.
template <IndexType Count, IndexType Grain, class F>
    requires(!IndexType<F>)
auto pool_for(WorkerPool& pool, Count count, Grain grain, F fn,
              ParOptions options = {.name = "pool_for"}) {
    return PoolFor<F>(
        pool, nebula::detail::LoopPieces(std::size_t{0}, task_detail::loop_count(count), grain),
        std::move(fn), options);
}
template <IndexType Begin, IndexType End, IndexType Grain, class F>
auto pool_for(WorkerPool& pool, Begin begin, End end, Grain grain, F fn,
              ParOptions options = {.name = "pool_for"}) {
    using Index = nebula::detail::IndexOf<Begin, End>;
    return PoolFor<F, Index>(pool, nebula::detail::LoopPieces(begin, end, grain), std::move(fn),
                             options);
}

namespace task_detail {

template <class Result, class F>
class MapCall {
public:
    MapCall(nebula::detail::MapSlots<Result>& slots, F function)
        : slots_(&slots), function_(std::move(function)) {}
    void operator()(std::size_t i) { slots_->set(i, function_(i)); }

private:
    nebula::detail::MapSlots<Result>* slots_;
    F function_;
};

template <class Result, class F>
task<std::vector<Result>> map_on_pool(WorkerPool& pool,
                                      nebula::detail::LoopPieces<std::size_t> pieces, F fn,
                                      ParOptions options) {
    nebula::detail::MapSlots<Result> slots(pieces.size());
    PoolFor<MapCall<Result, F>> loop(pool, pieces, {slots, std::move(fn)}, options);
    co_await AtCallersSite(loop);
    co_return slots.take();
}

}  // namespace task_detail

/// A map that has not begun, made by pool_map(). Await it once.
template <class F>
class [[nodiscard]] PoolMap : task_detail::LoopPlan<F> {
public:
    using Result = std::decay_t<std::invoke_result_t<F&, std::size_t>>;
    static_assert(!std::is_void_v<Result>, "the function returns nothing; use pool_for instead");

    using task_detail::LoopPlan<F>::LoopPlan;

    /// The task that computes it.
    task<std::vector<Result>> begin() {
        return task_detail::map_on_pool<Result>(this->pool, this->pieces, std::move(this->function),
                                                this->options);
    }
};

template <class F>
struct AwaitAs<PoolMap<F>> {
    using Child = task_detail::ChildAwait<std::vector<typename PoolMap<F>::Result>>;
    static Child make(PoolMap<F>& map) { return Child(map.begin()); }
    static Child make(PoolMap<F>&& map) {
        static_assert(task_detail::kMayStandInAwait<F>,
                      "g++ 12 destroys the captures of a lambda inside a co_await expression "
                      "twice. Write `auto map = pool_map(...); co_await map;`");
        return Child(map.begin());
    }
};

/// Calls fn(i) for all i < count and returns the results in order. Otherwise like pool_for().
///
///     const auto mesh_one = [&](std::size_t i) { return mesh(chunks[i]); };
///     std::vector<Mesh> meshes = co_await pool_map(pool, chunks.size(), 1, mesh_one);
template <IndexType Count, IndexType Grain, class F>
auto pool_map(WorkerPool& pool, Count count, Grain grain, F fn,
              ParOptions options = {.name = "pool_map"}) {
    return PoolMap<F>(
        pool, nebula::detail::LoopPieces(std::size_t{0}, task_detail::loop_count(count), grain),
        std::move(fn), options);
}

}  // namespace nebula
