// SPDX-License-Identifier: MIT
// A handle to a spawned task: query it, cancel it, wait for it.
#pragma once

#include "nebula/base/require.hpp"
#include "nebula/task/detail/result.hpp"
#include "nebula/task/detail/task_record.hpp"
#include "nebula/task/task.hpp"
#include "nebula/task/wait.hpp"

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <source_location>
#include <string_view>
#include <type_traits>
#include <utility>

namespace nebula {

namespace task_detail {

template <class T>
class TypedRecord : public TaskRecord {
public:
    using TaskRecord::TaskRecord;

    [[nodiscard]] bool collect(PromiseBase& finished) noexcept final {
        static_assert(
            std::is_void_v<T> || std::is_reference_v<T> || std::is_nothrow_move_constructible_v<T>,
            "the value of a spawned task must have a move constructor that does not throw");
        return result_.move_from(static_cast<Promise<T>&>(finished).result());
    }
    [[nodiscard]] std::exception_ptr error() const noexcept final { return result_.error(); }
    void fail(std::exception_ptr error) noexcept final { result_.set_error(std::move(error)); }
    [[nodiscard]] Result<T>& result() noexcept { return result_; }

private:
    void drop_result() noexcept final { result_.reset(); }

    Result<T> result_;
};

// The parts of TaskHandle that do not depend on its type.
void cancel_task(TaskRecord& record) noexcept;
void cancel_task_and_wait(TaskRecord& record) noexcept;
[[noreturn]] void throw_joined_elsewhere();
[[noreturn]] void throw_no_result(const TaskRecord& record);
/// Throws unless the record holds a result; marks it as looked at.
inline void require_result(TaskRecord& record) {
    if (record.state != TaskState::Done) [[unlikely]]
        throw_no_result(record);
    record.error_observed = true;
}

/// Waits until a task has ended.
class JoinWait : public Wait {
public:
    JoinWait(const JoinWait&) = delete;
    JoinWait& operator=(const JoinWait&) = delete;

    bool await_ready() const {
        if (!target_.inbox().on_owner_thread()) [[unlikely]]
            throw_joined_elsewhere();
        return target_.ended();
    }
    template <TaskPromise P>
    void await_suspend(std::coroutine_handle<P> h) {
        begin(h.promise());
    }
    void stop_waiting() noexcept { node_.unlink(); }

protected:
    explicit JoinWait(TaskRecord& target) noexcept : Wait("join"), target_(target) {}
    ~JoinWait() = default;

private:
    void begin(PromiseBase& leaf);

    TaskRecord& target_;  // kept alive by the handle in the derived class
    JoinWaiter node_;
};

}  // namespace task_detail

/// A handle to a spawned task; a task may have any number. Dropping a handle never cancels the
/// task; dropping the last one destroys the result. If the task has ended, or its runtime is gone,
/// the handle still tells how the task ended. The default constructor makes a handle without a
/// task.
///
///     auto loading = runtime.spawn(load(level), {.name = "load"});
///     …
///     const Level& level = co_await loading;              // stays with the handle
///     Level mine = co_await std::move(loading);           // moved out of the handles
///
/// Threads:   owner thread; copies may be destroyed on any thread (the last one destroys the result
///            there), and request_cancel() may be called on any thread.
/// Cost:      a copy counts a reference; nothing allocates.
/// Throws:    as each member says; joining a cancelled task throws TaskCancelled.
template <class T = void>
class TaskHandle {
public:
    TaskHandle() noexcept = default;
    TaskHandle(const TaskHandle& other) noexcept : record_(other.record_) {
        if (record_ != nullptr) record_->add_owner();
    }
    TaskHandle(TaskHandle&& other) noexcept : record_(std::exchange(other.record_, nullptr)) {}
    TaskHandle& operator=(TaskHandle other) noexcept {
        std::swap(record_, other.record_);
        return *this;
    }
    ~TaskHandle() {
        if (record_ != nullptr) record_->drop_owner();
    }

    /// False once the task has ended in any way, and for a handle without a task.
    [[nodiscard]] bool is_pending() const noexcept {
        return record_ != nullptr && !record_->ended();
    }
    /// True if there is a result(): the task ended with a value or an exception.
    [[nodiscard]] bool done() const noexcept {
        return record_ != nullptr && record_->state == TaskState::Done;
    }
    /// True while a worker has the task, after co_await worker(pool).
    [[nodiscard]] bool is_away() const noexcept {
        return record_ != nullptr && record_->state == TaskState::Away;
    }
    /// True if the task was cancelled, refused, or destroyed by shutdown.
    [[nodiscard]] bool cancelled() const noexcept {
        return record_ != nullptr && record_->state == TaskState::Gone;
    }

    /// Where the task waits or last waited, or where it was spawned if it has not waited yet. Empty
    /// without a task.
    [[nodiscard]] std::source_location site() const noexcept {
        return record_ != nullptr ? record_->site : std::source_location();
    }

    /// Ends the task. A waiting task is destroyed before cancel() returns, its innermost locals
    /// first (if a destructor that runs in another cancel calls this: right after that cancel). A
    /// running task, which may be the caller itself, ends at its next suspension; a task on a
    /// worker ends when it is back. If a branch of the task, or a child in one of its scopes, is
    /// running or on a worker, the task ends with it. Until then neither the task nor any of its
    /// branches is resumed, but its locals still exist; after cancel_and_wait() they do not. Has no
    /// effect on a task that has ended. If a destructor throws meanwhile, that is reported:
    /// Runtime::set_on_unhandled().
    void cancel() noexcept {
        if (record_ != nullptr) task_detail::cancel_task(*record_);
    }
    /// The same, but blocks while a worker runs the task: for destructors that destroy what the
    /// task borrows. The code on the worker must not need this thread. It is asked to stop
    /// (job_stop_requested()); a wait of a second or more is logged with the name of the task.
    void cancel_and_wait() noexcept {
        if (record_ != nullptr) task_detail::cancel_task_and_wait(*record_);
    }
    /// Like cancel(), but from any thread; takes effect in the runtime's next pump.
    void request_cancel() const noexcept {
        if (record_ != nullptr) record_->request_cancel();
    }

    /// \throws the task's exception; NotReady while it is pending; TaskCancelled or RuntimeClosed
    /// if
    ///         it ended without a result; std::logic_error from a handle without a task.
    [[nodiscard]] std::add_lvalue_reference_t<const T> result() const& { return typed().value(); }
    /// Moves the value out.
    [[nodiscard]] T result() && { return typed().take(); }

    [[nodiscard]] std::string_view name() const noexcept {
        return record_ != nullptr ? record_->name() : std::string_view();
    }
    [[nodiscard]] std::uint64_t id() const noexcept { return record_ != nullptr ? record_->id : 0; }

    /// `co_await handle` waits for the end and returns what result() returns. Several tasks may
    /// wait for one. \throws also WrongThread if the tasks belong to different threads, and
    /// std::logic_error if a task would wait for itself, directly or in a circle of tasks.
    auto operator co_await() const& { return Join<false>(*this); }
    auto operator co_await() && { return Join<true>(std::move(*this)); }

private:
    friend class Runtime;
    friend class RuntimeRemote;
    friend class TaskScope;

    template <bool kTake>
    class Join : public task_detail::JoinWait {
    public:
        explicit Join(TaskHandle handle) : JoinWait(target(handle)), handle_(std::move(handle)) {}
        decltype(auto) await_resume() {
            if constexpr (kTake) {
                return std::move(handle_).result();
            } else {
                return std::as_const(handle_).result();
            }
        }

    private:
        TaskHandle handle_;
    };

    static task_detail::TaskRecord& target(const TaskHandle& handle) {
        require_state(handle.record_ != nullptr, "an empty TaskHandle was awaited");
        return *handle.record_;
    }

    explicit TaskHandle(task_detail::TypedRecord<T>& record) noexcept : record_(&record) {}

    task_detail::Result<T>& typed() const {
        require_state(record_ != nullptr, "an empty TaskHandle has no result");
        task_detail::require_result(*record_);
        return record_->result();
    }

    task_detail::TypedRecord<T>* record_ = nullptr;
};

namespace task_detail {

/// The handle for a function with captures under g++ 12: it must not be awaited where it is
/// spawned.
template <class T>
class NamedHandle : public TaskHandle<T> {
public:
    explicit NamedHandle(TaskHandle<T>&& handle) noexcept : TaskHandle<T>(std::move(handle)) {}
    auto operator co_await() const& { return TaskHandle<T>::operator co_await(); }
    auto operator co_await() && {
        static_assert(!std::is_same_v<T, T>,
                      "g++ 12 destroys the captures of a lambda inside a co_await expression "
                      "twice. Write `TaskHandle<...> handle = spawn(...); co_await handle;`");
        return TaskHandle<T>(std::move(*this)).operator co_await();
    }
};

/// What the spawn() of a function returns: a TaskHandle.
template <class F, class T = typename std::invoke_result_t<F&>::value_type>
using FunctionHandle = std::conditional_t<kMayStandInAwait<F>, TaskHandle<T>, NamedHandle<T>>;

}  // namespace task_detail

}  // namespace nebula
