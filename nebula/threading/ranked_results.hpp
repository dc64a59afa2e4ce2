// SPDX-License-Identifier: MIT
// Results as they finish, most urgent first. If you need all at once, use WorkerPool::scope().
#pragma once

#include "nebula/base/clock.hpp"
#include "nebula/base/mutex.hpp"
#include "nebula/threading/detail/caught.hpp"
#include "nebula/threading/detail/wait_list.hpp"
#include "nebula/threading/ranked_tasks.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace nebula {

namespace detail {

/// The part of RankedResults that does not depend on its type.
class RankedResultsBase {
public:
    RankedResultsBase(const RankedResultsBase&) = delete;
    RankedResultsBase& operator=(const RankedResultsBase&) = delete;

    [[nodiscard]] std::size_t pending() const noexcept NEBULA_EXCLUDES(mutex_);
    [[nodiscard]] std::size_t finished() const noexcept NEBULA_EXCLUDES(mutex_);

protected:
    struct Result {
        explicit Result(const char* its_name) noexcept : name(its_name) {}
        Result(const Result&) = delete;
        Result& operator=(const Result&) = delete;
        virtual ~Result() = default;

        Result* later = nullptr;
        std::uint64_t begun = 0;  // the place of its task in the order of beginning
        std::exception_ptr error;
        const char* name;
    };

    /// Stands for a result from its spawn until it has finished or its task is dropped.
    class Place {
    public:
        explicit Place(RankedResultsBase& owner) noexcept;
        Place(Place&& other) noexcept : owner_(std::exchange(other.owner_, nullptr)) {}
        Place& operator=(Place&&) = delete;
        ~Place() {
            if (owner_ != nullptr) owner_->drop();
        }
        [[nodiscard]] std::uint64_t begin() noexcept { return owner_->begin(); }
        void finish(std::unique_ptr<Result> result) noexcept {
            std::exchange(owner_, nullptr)->finish(std::move(result));
        }

    private:
        RankedResultsBase* owner_;
    };

    RankedResultsBase(WorkerPool& pool, RankedOptions options);
    ~RankedResultsBase() = default;

    /// A waiting thread may be the only one that can run the spawned task.
    void announce_spawn() noexcept NEBULA_EXCLUDES(mutex_);
    [[nodiscard]] std::unique_ptr<Result> try_take() noexcept NEBULA_EXCLUDES(mutex_);
    [[nodiscard]] std::unique_ptr<Result> wait_and_take() NEBULA_EXCLUDES(mutex_);

private:
    // The finished results, in the order in which their tasks began.
    struct Finished {
        explicit Finished(WorkerPool& its_pool) noexcept : pool(its_pool) {}
        Finished(const Finished&) = delete;
        Finished& operator=(const Finished&) = delete;
        ~Finished();
        WorkerPool& pool;
        Result* first = nullptr;
        std::size_t size = 0;
    };

    std::uint64_t begin() noexcept NEBULA_EXCLUDES(mutex_);
    void finish(std::unique_ptr<Result> result) noexcept NEBULA_EXCLUDES(mutex_);
    void drop() noexcept NEBULA_EXCLUDES(mutex_);
    [[nodiscard]] Result* pop() noexcept NEBULA_REQUIRES(mutex_);

    PoolCore& pool_;
    mutable Mutex mutex_;
    Finished finished_ NEBULA_GUARDED_BY(mutex_);
    std::size_t unfinished_ NEBULA_GUARDED_BY(mutex_) = 0;
    std::uint64_t begun_ NEBULA_GUARDED_BY(mutex_) = 0;
    WaitList waiting_ NEBULA_GUARDED_BY(mutex_);

protected:
    RankedTasks tasks_;  // last: its destructor waits for tasks that use all of the above
};

}  // namespace detail

/// Work that begins most urgent first and whose results are handed out as they finish. It lies
/// between scope(), which returns all results at the end and in spawn order, and a Channel, which
/// has no urgency.
///
///     RankedResults<Mesh> meshes(pool);
///     for (ChunkCoord c : missing)
///         meshes.spawn(distance(camera, c), [=] { return mesh(c); }, pack(c));
///     meshes.drain(2ms, [&](Mesh mesh) { commit(std::move(mesh)); });       // once a frame
///     meshes.rerank([camera](const RankedTask& t) { return distance(camera, unpack(t.tag)); });
///
/// Among the finished results, the one whose task began first is handed out first. Tasks begin by
/// rank, so that is the most urgent one. A slow task does not hold up those behind it.
///
/// Threads:   any thread; the destructor: never at once with another call. Tasks run on workers,
///            and in next(), which helps. On a pool without workers a task runs in spawn().
/// Cost:      that of RankedTasks, and one allocation per result.
/// Lifetime:  the destructor drops queued tasks, waits for running ones, and destroys results that
///            nobody took. The pool must outlive it.
/// Throws:    spawn: std::bad_alloc, with nothing queued. next, try_next, drain: what the task of
///            that result threw; the result then counts as handed out. An error that nobody took
///            goes to the panic handler. next also: NestedTooDeep (nesting.hpp), with nothing
///            handed out, if nested waits have nearly used up this thread's stack.
template <class T>
class RankedResults : public detail::RankedResultsBase {
    static_assert(!std::is_void_v<T> && !std::is_reference_v<T>,
                  "RankedResults hands out values: for tasks without a result use RankedTasks");

public:
    using Id = RankedTasks::Id;

    explicit RankedResults(WorkerPool& pool, RankedOptions options = {})
        : RankedResultsBase(pool, options) {}

    /// \param rank  how far away it is: smaller begins sooner. See RankedTasks.
    /// \param tag   passed to the rank function.
    /// \param name  for the panic handler; a literal.
    template <class F>
        requires std::is_invocable_r_v<T, std::decay_t<F>&>
    Id spawn(float rank, F&& f, std::uint64_t tag = 0, const char* name = nullptr) {
        const Id id = tasks_.spawn(
            rank,
            [place = Place(*this), result = std::make_unique<Value>(name),
             f = std::decay_t<F>(std::forward<F>(f))]() mutable {
                result->begun = place.begin();
                auto call = [&] { result->value.emplace(std::invoke(f)); };
                result->error = detail::caught(call);
                place.finish(std::move(result));
            },
            tag, name);
        announce_spawn();
        return id;
    }

    /// The most urgent result that has finished, or nothing if there is none. Runs nothing.
    [[nodiscard]] std::optional<T> try_next() { return give(try_take()); }
    /// The same, but waits, and runs tasks of this queue meanwhile. Returns nothing when all
    /// results have been handed out.
    [[nodiscard]] std::optional<T> next() { return give(wait_and_take()); }

    /// Calls fn(result) for one finished result after the other, until none is left or `budget` has
    /// passed; for at least one if there is one. \returns how many.
    template <class F>
        requires std::is_invocable_v<F&, T&&>
    std::size_t drain(Clock::duration budget, F&& fn) {
        const Clock::time_point start = Clock::now();
        std::size_t count = 0;
        do {
            std::optional<T> value = try_next();
            if (!value) break;
            ++count;
            std::invoke(fn, std::move(*value));
        } while (Clock::now() - start < budget);
        return count;
    }

    /// As in RankedTasks. A task that has begun is not cancelled, and its result is handed out.
    bool cancel(Id id) noexcept { return tasks_.cancel(id); }
    std::size_t cancel_all() noexcept { return tasks_.cancel_all(); }
    bool rerank(Id id, float rank) noexcept {
        const bool queued = tasks_.rerank(id, rank);
        announce_spawn();  // it was out of the queue for a moment
        return queued;
    }
    void rerank(RankedTasks::RankFunction rank_of) { tasks_.rerank(std::move(rank_of)); }

private:
    struct Value final : Result {
        using Result::Result;
        std::optional<T> value;
    };

    static std::optional<T> give(std::unique_ptr<Result> result) {
        if (result == nullptr) return std::nullopt;
        if (result->error != nullptr) std::rethrow_exception(std::exchange(result->error, nullptr));
        return std::move(static_cast<Value&>(*result).value);
    }
};

}  // namespace nebula
