// SPDX-License-Identifier: MIT
// A piece of work whose result you take later.
#pragma once

#include "nebula/base/assert.hpp"
#include "nebula/base/require.hpp"
#include "nebula/threading/band.hpp"
#include "nebula/threading/detail/caught.hpp"
#include "nebula/threading/detail/job_block.hpp"
#include "nebula/threading/nesting.hpp"
#include "nebula/threading/stop_token.hpp"

#include <concepts>
#include <cstddef>
#include <exception>
#include <functional>
#include <optional>
#include <type_traits>
#include <utility>

namespace nebula {

template <class T>
class Job;

namespace detail {
template <class F, class T>
class JobOf;
}

/// What get() throws for a job that was cancelled. A job may throw it itself to say that it stopped
/// because it was asked to; it is then not reported.
class JobCancelled : public std::exception {
public:
    [[nodiscard]] const char* what() const noexcept override;
};

/// Runs f later on a worker of the pool and keeps what it returns or throws. If f accepts a
/// StopToken, it gets one.
///
/// Threads:   any thread.
/// Cost:      one block for state, closure and result, and one spawn of the pool.
/// Throws:    std::bad_alloc, with nothing queued, and what copying the closure throws.
template <class F>
auto spawn_job(WorkerPool& pool, F&& f, SpawnOptions options = {})
    -> Job<typename detail::JobCallResult<std::decay_t<F>>::type>;

/// Stops a Job and reports its status from any thread, even while its owner waits for it, takes its
/// result or drops it. Copy it to any code that may want to stop the job, such as a button or a
/// timeout.
///
///     Job<Mesh> job = spawn_job(pool, [chunk](StopToken token) { return mesh(*chunk, token); });
///     on_leave_area([stop = job.stop_source()] { stop.request_stop(); });
///
/// Threads:   any thread. Do not share one StopSource between threads; copy it.
/// Cost:      one counted reference to the job's block.
/// Lifetime:  keeps the block of the job (state and result, not the closure) alive; the pool need
///            not live that long. It does not keep the job running: a Job that is dropped is
///            cancelled even if there is a StopSource.
class StopSource {
public:
    StopSource() noexcept = default;  ///< Without a job.
    StopSource(const StopSource& other) noexcept : StopSource(other.block_) {}
    StopSource(StopSource&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
    StopSource& operator=(StopSource other) noexcept {
        std::swap(block_, other.block_);
        return *this;
    }
    ~StopSource() {
        if (block_ != nullptr) block_->release();
    }

    /// Whether it belongs to a job.
    explicit operator bool() const noexcept { return block_ != nullptr; }

    /// Drops the closure if the job has not begun; otherwise asks the job to stop. Has no effect if
    /// the job has ended, or without a job.
    void request_stop() const noexcept {
        if (block_ != nullptr) block_->request_cancel();
    }
    /// Whether the job has ended; true without a job.
    [[nodiscard]] bool done() const noexcept { return block_ == nullptr || block_->ended(); }
    /// Cancelled without a job.
    [[nodiscard]] JobStatus status() const noexcept {
        return block_ != nullptr ? block_->status() : JobStatus::Cancelled;
    }

private:
    template <class T>
    friend class Job;
    explicit StopSource(detail::JobBlock* block) noexcept : block_(block) {
        if (block_ != nullptr) block_->retain();
    }

    detail::JobBlock* block_ = nullptr;
};

/// The result of spawn_job(), which can be taken once. Dropping a Job cancels it.
///
///     Job<Mesh> job = spawn_job(pool, [chunk] { return mesh(*chunk); }, {.name = "mesh"});
///     …
///     if (std::optional<Mesh> mesh = job.try_get()) commit(*mesh);   // once a frame
///
/// A thread that waits helps: if the job has not begun, get() runs it right here. So a worker that
/// waits for a job behind it in the queue does not wait for itself. get() runs no other job.
///
/// Threads:   owner thread (one at a time). cancel, done, status and stop_source: any thread, also
///            at once with get() and try_get(); never at once with a move, an assignment, then(),
///            detach() or the destructor. If you cannot know when those happen, keep a
///            stop_source(). The function runs on a worker or in get(), and so does that of then().
/// Cost:      get and done of a job that has ended: one load. A system call for a wait that sleeps.
/// Lifetime:  the pool must outlive the job. The closure is destroyed exactly once, before anybody
///            sees that the job has ended. The destructor drops a job that has not begun and asks a
///            running job to stop; it does not wait. So what a running job borrows must outlive the
///            pool's work, not only the Job.
/// Throws:    get, try_get: what the function threw. If nobody takes the exception, because the job
///            was detached or dropped, it goes to the panic handler with the job's name;
///            JobCancelled is not reported.
template <class T = void>
class [[nodiscard]] Job {
public:
    using value_type = T;

    Job() noexcept = default;  ///< Empty.
    Job(Job&& other) noexcept
        : block_(std::exchange(other.block_, nullptr)), taken_(other.taken_) {}
    Job& operator=(Job&& other) noexcept {
        if (this != &other) {
            drop();
            block_ = std::exchange(other.block_, nullptr);
            taken_ = other.taken_;
        }
        return *this;
    }
    Job(const Job&) = delete;
    Job& operator=(const Job&) = delete;
    ~Job() { drop(); }

    /// False if it was default-constructed, moved from or detached, or if its result was taken.
    /// Owner thread.
    explicit operator bool() const noexcept { return block_ != nullptr && !taken_; }

    /// Waits, helping meanwhile, and takes the result, which can be done once.
    /// \throws JobCancelled, or what the function threw; std::logic_error if the Job is empty;
    ///         NestedTooDeep if too many waits are nested on this thread.
    T get() {
        require_job();
        if (!block_->ended()) detail::require_stack();
        block_->finish();
        return take();
    }

    /// Takes the result if there is one, which can be done once. Runs nothing. For a Job<void>,
    /// returns whether it has ended.
    /// \throws as get().
    [[nodiscard]] auto try_get() {
        require_job();
        if constexpr (std::is_void_v<T>) {
            if (!done()) return false;
            take();
            return true;
        } else {
            std::optional<std::conditional_t<std::is_reference_v<T>,
                                             std::reference_wrapper<std::remove_reference_t<T>>, T>>
                value;
            if (done()) value.emplace(take());
            return value;
        }
    }

    /// Whether get() would not wait. True if the result was taken.
    [[nodiscard]] bool done() const noexcept {
        NEBULA_ASSERT(block_ != nullptr, "an empty Job is never done");
        return block_->ended();
    }
    [[nodiscard]] JobStatus status() const noexcept {
        NEBULA_ASSERT(block_ != nullptr, "an empty Job has no status");
        return block_->status();
    }

    /// Drops the closure if the job has not begun; otherwise asks the job to stop. Has no effect if
    /// it has ended.
    void cancel() noexcept {
        NEBULA_ASSERT(block_ != nullptr, "an empty Job cannot be cancelled");
        block_->request_cancel();
    }
    /// For cancelling the job from elsewhere, whatever its owner does meanwhile. An empty Job gives
    /// an empty StopSource.
    [[nodiscard]] StopSource stop_source() const noexcept { return StopSource(block_); }

    /// Lets the job run to its end. The Job is empty afterwards.
    void detach() noexcept {
        NEBULA_ASSERT(block_ != nullptr, "an empty Job cannot be detached");
        std::exchange(block_, nullptr)->leave();
    }

    /// Spawns f(value), or f() for a Job<void>, when this job has ended. The new Job owns this one,
    /// so dropping it drops both. If this job ends with an error or is cancelled, f is not called,
    /// and the new Job ends in the same way. A chain may have any number of links; but get() runs
    /// links that have not begun inside each other, so after some thousands it throws NestedTooDeep
    /// and the chain is dropped. Let a long chain run, and then take its result.
    template <class F>
    auto then(F&& f, SpawnOptions options = {}) &&;

    /// Calls `callback` once when the job has ended or was cancelled, on the thread where that
    /// happens; if it already has, at once and here. The callback must be short and must not throw.
    /// A Job can have only one, and none if then() was called.
    void on_done(SmallFunction<void(), 32> callback) noexcept {
        NEBULA_ASSERT(block_ != nullptr, "an empty Job is never done");
        block_->on_end(std::move(callback));
    }

private:
    template <class U>
    friend class Job;
    template <class F>
    friend auto spawn_job(WorkerPool& pool, F&& f, SpawnOptions options)
        -> Job<typename detail::JobCallResult<std::decay_t<F>>::type>;

    explicit Job(detail::JobResult<T>* block) noexcept : block_(block) {}

    void require_job() const {
        require_state(static_cast<bool>(*this),
                      "an empty Job has no result: its result was taken before, or it was "
                      "detached or moved from");
    }
    // The block stays, because another thread may be in cancel(), done() or status().
    T take() {
        taken_ = true;
        block_->rethrow();
        return block_->take();
    }
    void drop() noexcept {
        if (block_ != nullptr) std::exchange(block_, nullptr)->drop();
    }

    detail::JobResult<T>* block_ = nullptr;  // used by other threads, too: see Threads
    bool taken_ = false;                     // owner thread
};

namespace detail {

/// The whole block.
template <class F, class T>
class JobOf final : public JobResult<T> {
    static_assert(alignof(F) <= alignof(std::max_align_t) &&
                      (std::is_void_v<T> || std::is_reference_v<T> ||
                       alignof(std::conditional_t < std::is_void_v<T> || std::is_reference_v<T>,
                               int, T >) <= alignof(std::max_align_t)),
                  "captures or results that need more than the default alignment are not "
                  "supported; keep them in a std::unique_ptr");

public:
    template <class G>
    JobOf(WorkerPool& pool, G&& f, SpawnOptions options)
        : JobResult<T>(pool, options), closure_(std::in_place, std::forward<G>(f)) {}

private:
    void call() override {
        this->set_from([this]() -> T {
            if constexpr (JobCall<F>::kTakesToken) {
                return (*closure_)(this->stop_token());
            } else {
                return (*closure_)();
            }
        });
    }
    std::exception_ptr drop_closure() noexcept override {
        if constexpr (std::is_nothrow_destructible_v<F>) {
            closure_.reset();
            return nullptr;
        } else {
            auto destroy = [this] { delete closure_.release(); };
            return caught(destroy);
        }
    }

    // Holds a closure whose destructor may throw on the heap, where the exception can be caught.
    struct Apart {
        template <class G>
        Apart(std::in_place_t, G&& f) : closure(new F(std::forward<G>(f))) {}
        ~Apart() { NEBULA_ASSERT(closure == nullptr, "a job ended with its closure"); }
        F& operator*() noexcept { return *closure; }
        F* release() noexcept { return std::exchange(closure, nullptr); }
        F* closure;
    };
    std::conditional_t<std::is_nothrow_destructible_v<F>, std::optional<F>, Apart>
        closure_;  // belongs to the thread that has claimed the job
};

}  // namespace detail

template <class F>
auto spawn_job(WorkerPool& pool, F&& f, SpawnOptions options)
    -> Job<typename detail::JobCallResult<std::decay_t<F>>::type> {
    using T = typename detail::JobCallResult<std::decay_t<F>>::type;
    Job<T> job(new detail::JobOf<std::decay_t<F>, T>(pool, std::forward<F>(f), options));
    detail::spawn_block(*job.block_);
    return job;
}

template <class T>
template <class F>
auto Job<T>::then(F&& f, SpawnOptions options) && {
    require_job();
    detail::JobBlock& before = *block_;
    auto next = [job = std::move(*this), f = std::decay_t<F>(std::forward<F>(f))]() mutable {
        if constexpr (std::is_void_v<T>) {
            job.get();
            return f();
        } else {
            return f(job.get());
        }
    };
    using U = std::invoke_result_t<decltype(next)&>;
    Job<U> after(new detail::JobOf<decltype(next), U>(before.pool(), std::move(next), options));
    before.on_end([run = detail::JobRun(*after.block_)]() mutable { run.block().spawn_or_run(); });
    return after;
}

}  // namespace nebula
