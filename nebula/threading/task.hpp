// SPDX-License-Identifier: MIT
// One piece of work whose result one asks for later.
#pragma once

#include "nebula/base/assert.hpp"
#include "nebula/base/require.hpp"
#include "nebula/threading/band.hpp"
#include "nebula/threading/detail/task_block.hpp"

#include <concepts>
#include <cstddef>
#include <exception>
#include <functional>
#include <optional>
#include <type_traits>
#include <utility>

namespace nebula {

template <class T>
class Task;

namespace detail {
template <class F, class T>
class TaskOf;
}

/// What get() throws for a task that was cancelled. A task may throw it to say that it stopped
/// because it was asked to; nobody reports it then.
class TaskWasCancelled : public std::exception {
public:
    [[nodiscard]] const char* what() const noexcept override;
};

/// Says to a task that runs whether it should stop. For closures that take one:
///
///     Task<Mesh> task = spawn_task(pool, [=](CancelToken token) {
///         for (Slab slab : slabs) if (!token.cancelled()) march(slab);
///         …
///     });
///
/// Threads:   any thread.
/// Lifetime:  borrows its task: for as long as that runs.
class CancelToken {
public:
    CancelToken() noexcept = default;  ///< Never cancelled.
    [[nodiscard]] bool cancelled() const noexcept {
        return block_ != nullptr && block_->asked_to_stop();
    }

private:
    template <class F, class T>
    friend class detail::TaskOf;
    friend CancelToken current_cancel_token() noexcept;
    explicit CancelToken(const detail::TaskBlock* block) noexcept : block_(block) {}

    const detail::TaskBlock* block_ = nullptr;
};

/// Of the Task that runs on this thread, innermost; outside of one, a token that never says stop.
[[nodiscard]] CancelToken current_cancel_token() noexcept;
/// Whether the Task that runs on this thread should stop.
[[nodiscard]] inline bool task_cancelled() noexcept { return current_cancel_token().cancelled(); }

namespace detail {

/// What a closure gives, called with a CancelToken if it takes one.
template <class F>
struct TaskCall {
    static constexpr bool kTakesToken = std::is_invocable_v<F&, CancelToken>;
};
template <class F, bool kTakesToken = TaskCall<F>::kTakesToken>
struct TaskCallResult {
    using type = std::invoke_result_t<F&, CancelToken>;
};
template <class F>
struct TaskCallResult<F, false> {
    using type = std::invoke_result_t<F&>;
};

}  // namespace detail

/// Runs f some time on a worker of the pool and keeps what it returns or throws. f is called with
/// a CancelToken if it can be.
///
/// Threads:   any thread.
/// Cost:      one block for state, closure and result, and one spawn of the pool.
/// Throws:    std::bad_alloc, with nothing queued, and what copying the closure throws.
template <class F>
auto spawn_task(WorkerPool& pool, F&& f, SpawnOptions options = {})
    -> Task<typename detail::TaskCallResult<std::decay_t<F>>::type>;

/// The result of spawn_task(), to be taken once. Dropping it cancels.
///
///     Task<Mesh> task = spawn_task(pool, [chunk] { return mesh(*chunk); }, {.name = "mesh"});
///     …
///     if (std::optional<Mesh> mesh = task.try_get()) commit(*mesh);   // once a frame
///
/// Whoever waits helps: get() of a task that nobody has begun runs it right here, so a worker that
/// waits for a task behind it in the queue does not wait for itself. It runs that one task and no
/// other.
///
/// Threads:   owner thread (one at a time); cancel, done, status: any thread while the Task lives.
///            The function runs on a worker or in get(); then()'s as well.
/// Cost:      get and done of a task that has ended: one load. A system call for one that sleeps.
/// Lifetime:  the pool must outlive the task. The closure is destroyed exactly once, before anybody
///            sees that the task has ended. The destructor drops a task that nobody has begun and
///            asks one that runs to stop; it does not wait: what such a task borrows must outlive
///            the pool's work, not the Task.
/// Throws:    get, try_get: what the function threw. What nobody takes, because the task was
///            detached or dropped, goes to the panic handler with the task's name;
///            TaskWasCancelled goes nowhere.
template <class T = void>
class [[nodiscard]] Task {
public:
    using value_type = T;

    Task() noexcept = default;  ///< Empty.
    Task(Task&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
    Task& operator=(Task&& other) noexcept {
        if (this != &other) {
            drop();
            block_ = std::exchange(other.block_, nullptr);
        }
        return *this;
    }
    Task(const Task&) = delete;
    Task& operator=(const Task&) = delete;
    ~Task() { drop(); }

    /// False for one made by its default constructor, moved from, detached, or whose result was
    /// taken. All below is for those that are not empty.
    explicit operator bool() const noexcept { return block_ != nullptr; }

    /// Waits, helping, and takes the result. The Task is empty then.
    /// \throws TaskWasCancelled, or what the function threw; std::logic_error from an empty Task.
    T get() {
        require_task();
        block_->finish();
        return take();
    }

    /// Takes the result if there is one; the Task is empty then. Runs nothing. void: whether it has
    /// ended.
    /// \throws as get().
    [[nodiscard]] auto try_get() {
        require_task();
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

    /// Whether get() would not wait.
    [[nodiscard]] bool done() const noexcept {
        NEBULA_ASSERT(block_ != nullptr, "an empty Task is never done");
        return block_->ended();
    }
    [[nodiscard]] TaskStatus status() const noexcept {
        NEBULA_ASSERT(block_ != nullptr, "an empty Task has no status");
        return block_->status();
    }

    /// Drops the closure if nobody has begun it; else asks it to stop.
    void cancel() noexcept {
        NEBULA_ASSERT(block_ != nullptr, "an empty Task cannot be cancelled");
        block_->request_cancel();
    }

    /// Lets it run to its end without us. The Task is empty then.
    void detach() noexcept {
        NEBULA_ASSERT(block_ != nullptr, "an empty Task cannot be detached");
        std::exchange(block_, nullptr)->leave();
    }

    /// Spawns f(value) when this has ended, with f() for a Task<void>; the new Task owns this one,
    /// so dropping it drops both. If this ends with an error or is cancelled, f is not called, and
    /// so ends the new one. Chains of some thousands: dropping one, and waiting for one that has
    /// not begun, goes a stack frame deeper per link.
    template <class F>
    auto then(F&& f, SpawnOptions options = {}) &&;

    /// Calls `callback` once, when the task has ended or was cancelled: on the thread where that
    /// happens, at once and here if it has. It must be short and must not throw. One per Task, and
    /// none on one that has gone into then().
    void on_done(SmallFunction<void(), 32> callback) noexcept {
        NEBULA_ASSERT(block_ != nullptr, "an empty Task is never done");
        block_->on_end(std::move(callback));
    }

private:
    template <class U>
    friend class Task;
    template <class F>
    friend auto spawn_task(WorkerPool& pool, F&& f, SpawnOptions options)
        -> Task<typename detail::TaskCallResult<std::decay_t<F>>::type>;

    explicit Task(detail::TaskResult<T>* block) noexcept : block_(block) {}

    void require_task() const {
        require_state(block_ != nullptr,
                      "an empty Task has no result: its result was taken before, or it was "
                      "detached or moved from");
    }
    T take() {
        struct Leave {
            ~Leave() { block->leave(); }
            detail::TaskResult<T>* block;
        } const leave{std::exchange(block_, nullptr)};
        leave.block->rethrow();
        return leave.block->take();
    }
    void drop() noexcept {
        if (block_ == nullptr) return;
        block_->request_cancel();
        std::exchange(block_, nullptr)->leave();
    }

    detail::TaskResult<T>* block_ = nullptr;
};

namespace detail {

/// The whole block.
template <class F, class T>
class TaskOf final : public TaskResult<T> {
    static_assert(alignof(F) <= alignof(std::max_align_t) &&
                      (std::is_void_v<T> || std::is_reference_v<T> ||
                       alignof(std::conditional_t < std::is_void_v<T> || std::is_reference_v<T>,
                               int, T >) <= alignof(std::max_align_t)),
                  "over-aligned captures or results: hold them in a std::unique_ptr");

public:
    template <class G>
    TaskOf(WorkerPool& pool, G&& f, SpawnOptions options)
        : TaskResult<T>(pool, options), closure_(std::in_place, std::forward<G>(f)) {}

private:
    void call() override {
        this->set_from([this]() -> T {
            if constexpr (TaskCall<F>::kTakesToken) {
                return (*closure_)(CancelToken(this));
            } else {
                return (*closure_)();
            }
        });
    }
    void drop_closure() noexcept override { closure_.reset(); }

    std::optional<F> closure_;  // of who claimed the task
};

}  // namespace detail

template <class F>
auto spawn_task(WorkerPool& pool, F&& f, SpawnOptions options)
    -> Task<typename detail::TaskCallResult<std::decay_t<F>>::type> {
    using T = typename detail::TaskCallResult<std::decay_t<F>>::type;
    Task<T> task(new detail::TaskOf<std::decay_t<F>, T>(pool, std::forward<F>(f), options));
    detail::spawn_block(*task.block_);
    return task;
}

template <class T>
template <class F>
auto Task<T>::then(F&& f, SpawnOptions options) && {
    require_task();
    detail::TaskBlock& before = *block_;
    auto next = [task = std::move(*this), f = std::decay_t<F>(std::forward<F>(f))]() mutable {
        if constexpr (std::is_void_v<T>) {
            task.get();
            return f();
        } else {
            return f(task.get());
        }
    };
    using U = std::invoke_result_t<decltype(next)&>;
    Task<U> after(new detail::TaskOf<decltype(next), U>(before.pool(), std::move(next), options));
    before.on_end([run = detail::TaskRun(*after.block_)]() mutable { run.block().spawn_or_run(); });
    return after;
}

}  // namespace nebula
