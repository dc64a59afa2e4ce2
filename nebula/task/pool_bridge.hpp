// SPDX-License-Identifier: MIT
// `co_await pool.run(fn)`: a worker runs the function, and the task continues with its value. Also
// `co_await` of a Job that the pool already has.
#pragma once

#include "nebula/base/require.hpp"
#include "nebula/task/await_as.hpp"
#include "nebula/task/detail/frame_pool.hpp"
#include "nebula/task/detail/kept_closure.hpp"
#include "nebula/task/detail/result.hpp"
#include "nebula/task/errors.hpp"
#include "nebula/task/wait.hpp"
#include "nebula/threading/detail/caught.hpp"
#include "nebula/threading/io_threads.hpp"
#include "nebula/threading/job.hpp"
#include "nebula/threading/pool_run.hpp"
#include "nebula/threading/stop_token.hpp"
#include "nebula/threading/worker_pool.hpp"

#include <atomic>
#include <concepts>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <type_traits>
#include <utility>

namespace nebula {

namespace detail {
// Lets WorkerPool::run() compile: its result can be awaited.
template <class F>
struct PoolRunAwaiter {};
}  // namespace detail

namespace task_detail {

/// Shared by the awaiter and the worker. Neither needs the other: a cancelled task drops its half
/// at once, and the job ends on its own.
///
/// Threads:   see each member.
/// Lifetime:  counted; the last of the two halves destroys it, with the result if nobody took it.
template <class F>
class PoolJob : public InFramePool {
public:
    using Value = typename nebula::detail::JobCallResult<F>::type;

    PoolJob(WorkerPool& pool, F&& function, const char* name)
        : pool_(pool), function_(std::move(function)), name_(name) {}

    void retain() noexcept {
        references_.fetch_add(1, std::memory_order_relaxed);  // the caller holds one already
    }
    void release() noexcept {
        // acq_rel: the last half pairs with the other before it destroys what that one wrote.
        if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
    }

    /// Call it before the job is spawned. Owner thread.
    void wake_when_done(Waker waker) noexcept { waker_ = std::move(waker); }
    /// Call it after the wake. Owner thread.
    [[nodiscard]] Value take() {
        // Out of here, so that the task, and not the worker's last look, ends what it holds.
        if (std::exception_ptr error = result_.take_error())
            std::rethrow_exception(std::move(error));
        return result_.take();
    }
    /// Nobody waits any more: a job that has not begun is skipped, and a running one should stop.
    /// Owner thread.
    void abandon() noexcept {
        // Relaxed: it only saves work; it guards nothing.
        stop_.store(nebula::detail::kStopRequested, std::memory_order_relaxed);
        release();
    }

    /// Called once, on a worker.
    void run() noexcept {
        {
            const nebula::detail::CurrentStop running(stop_, name_);
            const bool runs = !StopToken(stop_).stop_requested();
            if (runs) call();
            // Before the wake, so that its captures are gone when the task resumes.
            std::exception_ptr at_end = function_.destroy();
            if (runs)
                take_destructor_error(std::move(at_end));
            else
                nebula::detail::log_destructor_error(at_end, name_);
        }
        waker_.wake();  // publishes result_: see Waker
    }

private:
    // If the job was never spawned, the closure is still here.
    ~PoolJob() { nebula::detail::log_destructor_error(function_.destroy(), name_); }

    Value invoke() {
        if constexpr (nebula::detail::JobCall<F>::kTakesToken) {
            return (*function_)(StopToken(stop_));
        } else {
            return (*function_)();
        }
    }
    void call() noexcept {
        auto run_it = [this] {
            if constexpr (std::is_void_v<Value>) {
                invoke();
                result_.set_value();
            } else {
                result_.set_value(invoke());
            }
        };
        if (std::exception_ptr error = nebula::detail::caught(run_it))
            result_.set_error(std::move(error));
    }

    /// After the function has run. It is the task's error unless the function has thrown before, or
    /// the task does not wait any more.
    void take_destructor_error(std::exception_ptr error) noexcept {
        if (error == nullptr) return;
        if (result_.error() == nullptr && !StopToken(stop_).stop_requested())
            result_.set_error(std::move(error));
        else
            nebula::detail::report_lost_error(pool_, std::move(error), name_);
    }

    WorkerPool& pool_;
    KeptClosure<F> function_;  // the worker's, once spawned
    Result<Value> result_;     // the worker's until the wake, then the task's
    Waker waker_;
    std::atomic<std::uint32_t> references_{1};
    std::atomic<std::uint32_t> stop_{0};
    const char* const name_;
};

/// The worker's half, as the closure that the pool keeps.
template <class F>
class PoolJobCall {
public:
    explicit PoolJobCall(PoolJob<F>& job) noexcept : job_(&job) { job.retain(); }
    PoolJobCall(PoolJobCall&& other) noexcept : job_(std::exchange(other.job_, nullptr)) {}
    PoolJobCall(const PoolJobCall&) = delete;
    PoolJobCall& operator=(const PoolJobCall&) = delete;
    ~PoolJobCall() {
        if (job_ != nullptr) job_->release();
    }
    void operator()() noexcept { job_->run(); }

private:
    PoolJob<F>* job_;
};

}  // namespace task_detail

/// Waits for a function that a worker runs. Returns its value or throws its exception, on the main
/// loop. If the task is cancelled, or its runtime shuts down, a job that has not begun is skipped,
/// and a running job is asked to stop, through its StopToken if the function takes one, and through
/// job_stop_requested(). The job then ends on its own; its closure and its result are destroyed
/// once, on the thread that is last.
///
///     auto job = pool.run([chunk] { return mesh(*chunk); }, {.name = "mesh"});
///     Mesh mesh = co_await job;                       // every compiler
///     Mesh mesh = co_await pool.run([chunk] { … });   // clang
///
/// Awaiting takes the closure out of the PoolRun: await each one once.
///
/// Threads:   made and awaited on the owner thread; the function runs on a worker.
/// Cost:      one block from the frame pool, one spawn of the pool, one wake.
/// Lifetime:  the pool must outlive its jobs; the task need not.
/// Throws:    what the function throws, or else what the destructor of something that it captures
///            throws; std::bad_alloc if the job cannot be spawned. If nobody can take what such a
///            destructor throws, the pool's panic handler gets it, with the name of the job; of a
///            job that was skipped, it is one Error line.
template <class F>
class PoolJobWait : public Wait {
public:
    explicit PoolJobWait(PoolRun<F>& run)
        : Wait("pool job"),
          pool_(run.pool),
          options_(run.options),
          io_(run.io),
          job_(*new task_detail::PoolJob<F>(run.pool, std::move(run.function), run.options.name)) {}
    ~PoolJobWait() { job_.abandon(); }

    bool await_ready() const noexcept { return false; }
    template <TaskPromise P>
    void await_suspend(std::coroutine_handle<P> h) {
        job_.wake_when_done(suspend(h));
        if (io_ != nullptr)
            io_->spawn(task_detail::PoolJobCall<F>(job_), options_.name);
        else
            pool_.spawn(task_detail::PoolJobCall<F>(job_), options_);
    }
    typename PoolRun<F>::result_type await_resume() { return job_.take(); }

private:
    WorkerPool& pool_;
    SpawnOptions options_;
    IoThreads* io_;
    task_detail::PoolJob<F>& job_;
};

template <class F>
struct AwaitAs<PoolRun<F>> {
    static PoolJobWait<F> make(PoolRun<F>& run) { return PoolJobWait<F>(run); }
    static PoolJobWait<F> make(PoolRun<F>&& run) {
#if defined(__GNUC__) && !defined(__clang__)
        static_assert(!std::is_class_v<F> || std::is_empty_v<F>,
                      "g++ 12 destroys the captures of a lambda inside a co_await expression "
                      "twice. Write `auto job = pool.run(...); co_await job;`");
#endif
        return PoolJobWait<F>(run);
    }
};

/// Waits for a Job of a pool, which may already be running, or may have ended. Returns its value or
/// throws its error, on the main loop. The waiting task does not help: the Job runs on a worker.
///
///     Job<Mesh> job = spawn_job(pool, [chunk] { return mesh(*chunk); });
///     …
///     Mesh mesh = co_await job;
///
/// Awaiting takes the Job over: await each one once. If the coroutine is cancelled, the Job is
/// dropped, and thereby cancelled.
///
/// Threads:   awaited on the owner thread.
/// Cost:      one wake.
/// Throws:    TaskCancelled if the Job was cancelled; otherwise what the function threw.
///            std::logic_error for an empty Job.
template <class T>
class JobWait : public Wait {
public:
    explicit JobWait(Job<T>&& job) noexcept : Wait("job"), job_(std::move(job)) {}

    bool await_ready() const {
        require_state(static_cast<bool>(job_),
                      "an empty Job was awaited: its result was taken "
                      "before, or it was detached or moved from");
        return job_.done();
    }
    template <TaskPromise P>
    void await_suspend(std::coroutine_handle<P> h) {
        job_.on_done([waker = suspend(h)] { waker.wake(); });
    }
    T await_resume() {
        if (job_.status() == JobStatus::Cancelled) throw_async_error(AsyncErrorCode::TaskCancelled);
        return job_.get();
    }

private:
    Job<T> job_;
};

template <class T>
struct AwaitAs<Job<T>> {
    static JobWait<T> make(Job<T>& job) noexcept { return JobWait<T>(std::move(job)); }
    static JobWait<T> make(Job<T>&& job) noexcept {
#if defined(__GNUC__) && !defined(__clang__)
        static_assert(std::is_same_v<T, Job<T>>,
                      "g++ 12 destroys the captures of a lambda inside a co_await expression "
                      "twice. Write `auto job = spawn_job(...); co_await job;`");
#endif
        return JobWait<T>(std::move(job));
    }
};

}  // namespace nebula
