// SPDX-License-Identifier: MIT
// Runs the tasks. The owner of the main loop calls it once a frame.
#pragma once

#include "nebula/base/clock.hpp"
#include "nebula/base/require.hpp"
#include "nebula/base/small_function.hpp"
#include "nebula/task/phase.hpp"
#include "nebula/task/remote.hpp"
#include "nebula/task/task.hpp"
#include "nebula/task/task_handle.hpp"
#include "nebula/task/task_options.hpp"

#include <concepts>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <source_location>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nebula {

/// An exception that nobody can receive: the task ended with it and nobody holds a handle, or a
/// destructor threw it while the task was being destroyed.
struct UnhandledError {
    std::uint64_t task_id = 0;
    std::string_view task_name;  ///< Lifetime: the call of the handler; copy it to keep it.
    std::source_location site;   ///< Of the task's last wait, or of its spawn if it never waited.
    std::exception_ptr error;
    std::string what;  ///< The exception's text; for a destructor, a sentence that contains it.
    bool in_destructor = false;
};

/// A row of Runtime::live_tasks().
struct TaskInfo {
    std::uint64_t id = 0;
    std::string name;
    TaskState state = TaskState::Pending;
    std::source_location site;    ///< Of the innermost wait, or of the spawn before the first wait.
    std::string_view reason;      ///< Of the wait: "next frame", "pool job", …
    std::string detail;           ///< For some waits: what exactly, as "'hit' of Node3D 'Door'".
    double age_seconds = 0.0;     ///< Since the spawn, on the Real clock.
    double waited_seconds = 0.0;  ///< Since the wait began.
};

/// What the pumps of a runtime have done since it was created.
struct PumpStats {
    std::uint64_t pumps = 0;
    std::uint64_t resumes = 0;
    std::uint64_t cut_frames = 0;  ///< Frames whose budget ran out before all ready tasks had run.
    std::uint64_t cut_in_a_row = 0;     ///< Consecutive such frames up to now: starvation.
    std::uint64_t longest_cut_row = 0;  ///< The largest cut_in_a_row so far.
};

/// Runs tasks on the thread that created it, and only when that thread calls it.
///
///     Runtime runtime;
///     runtime.spawn(greet(door), {.name = "greet"});
///     while (running) runtime.begin_frame({delta, frame++});
///
/// A task that throws ends without affecting others. begin_frame() advances the time, so a test may
/// fake it.
///
/// Threads:   owner thread (the one that constructed it). Other threads use wakers.
/// Cost:      pump: proportional to the number of ready tasks. spawn: one record and one frame, and
///            one more frame for the form that takes a function, all from the pool.
/// Lifetime:  handles and wakers may outlive it. Everything that a task borrows must outlive
///            shutdown().
class Runtime {
public:
    Runtime();
    ~Runtime();  ///< Calls shutdown(). Must not run inside a task.
    Runtime(const Runtime&) = delete;
    Runtime& operator=(const Runtime&) = delete;

    /// Starts the task: it runs at once, inside this call, up to its first wait. Spawns that are
    /// nested deeper than kEagerDepth start in the next pump instead, so that a task that spawns
    /// itself cannot overflow the stack.
    ///
    /// After shutdown() the task is refused: it never runs, and the handle says RuntimeClosed.
    /// \throws WrongThread on any thread but the owner; the task is destroyed without starting.
    template <class T>
    TaskHandle<T> spawn(task<T> body, TaskOptions options = {},
                        std::source_location site = std::source_location::current());

    /// The same for a function that returns a task. It is stored with the task, so a lambda's
    /// captures live as long as the coroutine that uses them.
    template <TaskFunction F>
    auto spawn(F function, TaskOptions options = {},
               std::source_location site = std::source_location::current()) {
        return task_detail::FunctionHandle<F>(
            spawn(task_detail::call_stored(std::move(function)), options, site));
    }

    static constexpr int kEagerDepth = 32;

    /// Empties the inbox and resumes every task that was ready when the pump began, once each.
    /// Inside a task, or on another thread, it does nothing: an engine may run a deferred call
    /// anywhere, and the next pump in the right place catches up.
    void pump();

    /// Advances the Game, Pausable and Real clocks, ends every next_frame() wait and every sleep
    /// on those clocks whose time has come, then pumps.
    void begin_frame(FrameTime time);
    /// Advances the Physics clock, ends next_physics() waits and its sleeps, then pumps.
    void begin_physics(FrameTime time);
    /// Ends end_of_frame() waits, then pumps.
    void end_of_frame();

    /// Starts a task from any thread: the next pump calls `function` on the owner thread and spawns
    /// the task that it returns. Refused like spawn() after shutdown.
    ///
    /// Threads:   any thread, while the Runtime lives; a remote() may outlive it.
    template <TaskFunction F>
    auto spawn_from_any_thread(F function, TaskOptions options = {},
                               std::source_location site = std::source_location::current()) {
        return remote().spawn(std::move(function), options, site);
    }
    [[nodiscard]] RuntimeRemote remote() const noexcept;

    /// Sets how long all pumps of a frame together may resume tasks; zero, the default, means no
    /// limit. When the budget is used up, the remaining tasks run first in the next frame; those
    /// that asked for a phase run first in the next such phase. However small the budget, one task
    /// runs in each frame, and in each phase one of the tasks that asked for it. Wakes and cancels
    /// are always processed. For the budget, a new frame starts with begin_frame().
    void set_pump_budget(Clock::duration budget) noexcept;
    [[nodiscard]] const PumpStats& pump_stats() const noexcept;

    /// Destroys the frames of all tasks, newest task first, innermost coroutine first. Afterwards
    /// spawn() refuses, wakes are ignored, and no handler is called any more. A task that is on the
    /// stack ends at its next suspension. If a worker is running a task, shutdown() waits until the
    /// task suspends or ends, and destroys it here. If a destructor of a task that is being
    /// destroyed calls this, some tasks end only after that one. May be called twice.
    void shutdown() noexcept;

    /// The handler is called when the inbox becomes non-empty. It is also called after a pump, or
    /// after other code that ran tasks, if work is left for which it was not called: a spawn that
    /// was nested too deeply, a pump that was refused. It should make the main loop call pump()
    /// soon; it must not pump or block. No lock is held, so it may wake tasks and set another
    /// handler.
    ///
    /// Threads:   set: owner thread. The handler is called on any thread, one call at a time, and
    ///            not after set_on_wake() or shutdown() has returned.
    void set_on_wake(SmallFunction<void()> handler);

    /// The handler is called when a task ends with an exception and there is no handle of it, or
    /// when its last handle is destroyed without a look at the result. It is also called for each
    /// exception that leaves the destructor of a local while a task is being cancelled or has
    /// ended. The default logs an Error line. The handler is called on the owner thread; if the
    /// last handle is destroyed on another thread, or after shutdown(), the default is used
    /// instead.
    void set_on_unhandled(SmallFunction<void(const UnhandledError&)> handler);

    /// The handler is called once for every wait that lasts longer than this many seconds of the
    /// Real clock, except for sleeps. begin_frame() looks for such waits about once a second. Zero
    /// seconds, the default: never.
    void set_on_stuck(double seconds, SmallFunction<void(const TaskInfo&)> handler);

    [[nodiscard]] std::vector<TaskInfo> live_tasks() const;  ///< Oldest first.
    [[nodiscard]] std::size_t live_count() const noexcept;
    /// The sum of the clock's deltas so far.
    [[nodiscard]] double now_seconds(TaskClock clock = TaskClock::Game) const noexcept;
    /// As passed to the last begin_frame() or begin_physics().
    [[nodiscard]] FrameTime frame_time(Phase phase = Phase::Process) const noexcept;
    [[nodiscard]] bool closed() const noexcept;
    [[nodiscard]] bool on_owner_thread() const noexcept;

private:
    friend class TaskScope;
    friend class Wait;

    void check_thread() const;
    task_detail::Inbox& inbox() const noexcept;
    void admit(task_detail::TaskRecord& record, task_detail::PromiseBase& root);
    void refuse(task_detail::TaskRecord& record) noexcept;

    std::unique_ptr<task_detail::Scheduler> scheduler_;
};

template <class T>
TaskHandle<T> Runtime::spawn(task<T> body, TaskOptions options, std::source_location site) {
    check_thread();
    require_argument(static_cast<bool>(body), "an empty task was spawned: it was moved from");
    auto* const record = new task_detail::TypedRecord<T>(inbox(), *scheduler_, options.name, site);
    TaskHandle<T> handle(*record);
    if (closed()) {
        refuse(*record);
    } else {
        admit(*record, body.release().promise());
    }
    return handle;
}

/// `co_await this_runtime()` returns the Runtime that runs the task, without waiting.
class ThisRuntime : public Wait {
public:
    using AwaitableOnWorker = void;

    ThisRuntime() noexcept : Wait("this runtime") {}
    bool await_ready() const noexcept { return false; }
    template <TaskPromise P>
    bool await_suspend(std::coroutine_handle<P> h) noexcept {
        runtime_ = &runtime_of(h);
        return false;
    }
    Runtime& await_resume() const noexcept { return *runtime_; }

private:
    Runtime* runtime_ = nullptr;
};
[[nodiscard]] inline ThisRuntime this_runtime() noexcept { return {}; }

}  // namespace nebula
