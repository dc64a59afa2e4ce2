// SPDX-License-Identifier: MIT
// Owns the tasks that are spawned in it: none outlives it.
#pragma once

#include "nebula/base/require.hpp"
#include "nebula/task/detail/branch_set.hpp"
#include "nebula/task/detail/intrusive_list.hpp"
#include "nebula/task/detail/waiter.hpp"
#include "nebula/task/remote.hpp"
#include "nebula/task/runtime.hpp"
#include "nebula/task/task.hpp"
#include "nebula/task/task_handle.hpp"
#include "nebula/task/wait.hpp"

#include <concepts>
#include <coroutine>
#include <cstddef>
#include <source_location>
#include <type_traits>
#include <utility>

namespace nebula {

namespace task_detail {
struct ScopeTag {};
class JoinSearch;
class ScopeChild;
}  // namespace task_detail

/// Tasks that end with the scope, so they may borrow anything that is older than the scope.
///
///     task<> explore(Map& map) {
///         Fog fog(map);
///         TaskScope scope(co_await this_runtime());
///         for (Scout& scout : map.scouts) scope.spawn(walk(scout, fog), {.name = "walk"});
///         co_await scope.join();          // all have ended; throws the first error
///     }
///
/// The first child that throws ends the others. The destructor destroys all children before it
/// returns; so does a cancel of the task that has the scope as a local. A scope may also live
/// outside of tasks, for example in a node, for the node's own tasks.
///
/// After cancel() or an error, spawn() refuses until all children have ended and someone has
/// joined; the handle says TaskCancelled. A child that is cancelled does not count as an error. Any
/// number of tasks may join, and each gets the error.
///
/// Outside of tasks, there may be no join. So an error that comes while nobody joins is reported at
/// once, as for any task: to the holder of the child's handle, or otherwise as unhandled. After an
/// error or a cancel(), such a scope can be used again when all children have ended.
///
/// Threads:   owner thread; the destructor, too: a coroutine with a TaskScope among its locals must
///            be back on the owner thread (`co_await main_thread()`) before it leaves the block or
///            ends.
/// Cost:      as Runtime::spawn(), and a node per child from the frame pool.
/// Lifetime:  a scope that was made inside a task must not outlive the task. If a child is on the
///            stack when the scope is destroyed, it ends at its next suspension; if a worker has
///            it, the destructor blocks. A child's destructor must not destroy the scope. The scope
///            may be destroyed while tasks join it and children live: the join throws EmitterFreed.
/// Throws:    see the members. An error that no join() threw is reported as unhandled.
class TaskScope {
    class Joiner : public task_detail::Waiter {
    public:
        Joiner() noexcept = default;
        ~Joiner() { forget(); }
        /// The error of the children it waited for; null for none.
        void take(task_detail::TaskRecord* error) noexcept;
        void rethrow();

        task_detail::TaskRecord* task = nullptr;  // the task that waits

    private:
        void forget() noexcept {
            if (error_ != nullptr) std::exchange(error_, nullptr)->drop_owner();
        }
        task_detail::TaskRecord* error_ = nullptr;  // counted as an owner
    };

public:
    explicit TaskScope(Runtime& runtime);
    TaskScope(const TaskScope&) = delete;
    TaskScope& operator=(const TaskScope&) = delete;
    ~TaskScope();

    /// As Runtime::spawn().
    template <class T>
    TaskHandle<T> spawn(task<T> body, TaskOptions options = {},
                        std::source_location site = std::source_location::current()) {
        check_thread();
        require_argument(static_cast<bool>(body), "an empty task was spawned: it was moved from");
        auto& record = task_detail::new_branch<T>(scheduler_, parent_, options.name, site);
        TaskHandle<T> handle(record);
        adopt(record, body.release().promise());
        return handle;
    }
    template <TaskFunction F>
    auto spawn(F function, TaskOptions options = {},
               std::source_location site = std::source_location::current()) {
        return task_detail::FunctionHandle<F>(
            spawn(task_detail::call_stored(std::move(function)), options, site));
    }

    class Join : public Wait {
    public:
        explicit Join(TaskScope& scope) noexcept : Wait("scope"), scope_(scope) {}
        Join(const Join& other) noexcept : Join(other.scope_) {}
        ~Join() = default;
        bool await_ready() noexcept {
            if (scope_.live_count_ > 0) return false;
            scope_.end_round(&joiner_);
            return true;
        }
        template <TaskPromise P>
        void await_suspend(std::coroutine_handle<P> h) {
            scope_.begin_join(joiner_, h.promise());
            joiner_.waker = suspend(h);
            h.promise().record().waits_for_tasks = true;
            scope_.joiners_.push_back(joiner_);
        }
        void await_resume() {
            joiner_.require_source("a TaskScope");
            joiner_.rethrow();
        }
        void stop_waiting() noexcept { joiner_.unlink(); }

    private:
        TaskScope& scope_;  // may be gone once the join has ended
        Joiner joiner_;
    };
    /// Waits until all children have ended, including those that are spawned meanwhile. \throws the
    /// error of the first child that failed; the scope can then be used again. EmitterFreed if the
    /// scope is destroyed first. std::logic_error in a child of the scope, or in a task that a
    /// child waits for, because it would wait for itself.
    [[nodiscard]] Join join() noexcept { return Join(*this); }

    /// Ends all children, as TaskHandle::cancel() does.
    void cancel() noexcept;
    [[nodiscard]] std::size_t live_count() const noexcept { return live_count_; }

private:
    friend class task_detail::JoinSearch;
    friend class task_detail::ScopeChild;

    void check_thread() const;
    /// \throws std::logic_error if it would wait for itself.
    void begin_join(Joiner& joiner, task_detail::PromiseBase& leaf);
    template <class F>
    void for_each_joiner(F f) noexcept {
        joiners_.for_each(
            [&](task_detail::Waiter& waiter) { f(*static_cast<Joiner&>(waiter).task); });
    }
    void adopt(task_detail::TaskRecord& record, task_detail::PromiseBase& root);
    void child_ended(task_detail::ScopeChild& child) noexcept;
    void end_children() noexcept;
    void begin_anew_if_all_ended() noexcept;
    void end_round(Joiner* one) noexcept;

    task_detail::Scheduler& scheduler_;
    // The task that has it as a local, counted; null outside of tasks.
    task_detail::TaskRecord* parent_ = nullptr;
    task_detail::IntrusiveList<task_detail::ScopeChild, task_detail::ScopeTag> children_;
    task_detail::TaskRecord* first_error_ = nullptr;  // for joiners; counted as an owner
    task_detail::WaiterQueue joiners_;                // of our Joiner
    std::size_t live_count_ = 0;
    bool stopped_ = false;
    bool failed_ = false;
    bool ending_ = false;
    bool dying_ = false;  // so that it refuses to the end
};

}  // namespace nebula
