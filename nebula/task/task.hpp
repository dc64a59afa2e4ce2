// SPDX-License-Identifier: MIT
// The coroutine type. Runtime::spawn() (runtime.hpp) starts one; README.md describes a task's life.
#pragma once

#include "nebula/base/require.hpp"
#include "nebula/task/detail/promise.hpp"
#include "nebula/task/detail/result.hpp"

#include <concepts>
#include <coroutine>
#include <exception>
#include <type_traits>
#include <utility>

namespace nebula {

template <class T>
class task;

namespace task_detail {

template <class T>
class Promise : public PromiseBase {
public:
    Promise() noexcept : PromiseBase(std::coroutine_handle<Promise>::from_promise(*this)) {}

    task<T> get_return_object() noexcept;
    void unhandled_exception() noexcept {
        if (!this->was_thrown_by_a_destructor()) result_.set_error(std::current_exception());
    }
    template <class U = T>
        requires std::constructible_from<T, U&&>
    void return_value(U&& value) {
        result_.set_value(std::forward<U>(value));
    }
    [[nodiscard]] Result<T>& result() noexcept { return result_; }

private:
    Result<T> result_;
};

template <class T>
class Promise<T&> : public PromiseBase {
public:
    Promise() noexcept : PromiseBase(std::coroutine_handle<Promise>::from_promise(*this)) {}

    task<T&> get_return_object() noexcept;
    void unhandled_exception() noexcept {
        if (!this->was_thrown_by_a_destructor()) result_.set_error(std::current_exception());
    }
    void return_value(T& value) noexcept { result_.set_value(value); }
    [[nodiscard]] Result<T&>& result() noexcept { return result_; }

private:
    Result<T&> result_;
};

template <>
class Promise<void> : public PromiseBase {
public:
    Promise() noexcept : PromiseBase(std::coroutine_handle<Promise>::from_promise(*this)) {}

    task<void> get_return_object() noexcept;
    void unhandled_exception() noexcept {
        if (!this->was_thrown_by_a_destructor()) result_.set_error(std::current_exception());
    }
    void return_void() noexcept { result_.set_value(); }
    [[nodiscard]] Result<void>& result() noexcept { return result_; }

private:
    Result<void> result_;
};

}  // namespace task_detail

/// A coroutine that runs and waits on the main loop, and ends with a T or an exception.
///
///     task<int> count(Door& door, int times) {
///         for (int i = 0; i < times; ++i) co_await opens(door);
///         co_return times;
///     }
///     task<> greet(Door& door) { use(co_await count(door, 3)); }
///     runtime.spawn(greet(door), {.name = "greet"});
///
/// Lazy: nothing runs before the task is spawned or awaited, and a task that is dropped before that
/// never runs. `co_await std::move(child)` runs the child inside the same task, with its runtime
/// and its cancellation, and returns its value or throws its exception.
///
/// Threads:   owner thread (its runtime's) once started; until then any thread, one at a time.
/// Cost:      one frame from the thread's pool. Awaiting a child is two indirect jumps, and the
///            stack does not grow, however many children end without waiting (g++ below -O2:
///            compile with -foptimize-sibling-calls).
/// Lifetime:  arguments are kept as declared. An argument by value lives as long as the task; an
///            argument by reference must outlive the task. Locals and arguments may be
///            over-aligned: README.md.
template <class T = void>
class [[nodiscard]] task {
public:
    using promise_type = task_detail::Promise<T>;
    using value_type = T;

    task() noexcept = default;
    task(task&& other) noexcept : frame_(std::exchange(other.frame_, nullptr)) {}
    task& operator=(task&& other) noexcept {
        if (this != &other) {
            if (frame_) frame_.destroy();
            frame_ = std::exchange(other.frame_, nullptr);
        }
        return *this;
    }
    task(const task&) = delete;
    task& operator=(const task&) = delete;
    ~task() {
        if (frame_) frame_.destroy();
    }

    /// False if it was default-constructed, moved from, spawned or awaited.
    explicit operator bool() const noexcept { return frame_ != nullptr; }

    /// For awaiters and runtimes: gives up the frame, which the caller then owns.
    [[nodiscard]] std::coroutine_handle<promise_type> release() noexcept {
        return std::exchange(frame_, nullptr);
    }

private:
    friend promise_type;
    explicit task(std::coroutine_handle<promise_type> frame) noexcept : frame_(frame) {}

    std::coroutine_handle<promise_type> frame_;
};

namespace task_detail {

template <class T>
task<T> Promise<T>::get_return_object() noexcept {
    return task<T>(std::coroutine_handle<Promise>::from_promise(*this));
}
template <class T>
task<T&> Promise<T&>::get_return_object() noexcept {
    return task<T&>(std::coroutine_handle<Promise>::from_promise(*this));
}
inline task<void> Promise<void>::get_return_object() noexcept {
    return task<void>(std::coroutine_handle<Promise>::from_promise(*this));
}

/// Runs a child inside the task that awaits it.
template <class T>
class ChildAwait {
public:
    using AwaitableOnWorker = void;

    explicit ChildAwait(task<T>&& child) noexcept : child_(child.release()), frame_(child_) {}
    ChildAwait(const ChildAwait&) = delete;
    ChildAwait& operator=(const ChildAwait&) = delete;
    ~ChildAwait() {
        if (!frame_) return;
        TaskRecord* const record = child_.promise().record_or_null();
#if defined(__cpp_exceptions)
        try {
            frame_.destroy();
        } catch (...) {
            tell_of_throwing_destructor(record);  // of a parameter: they are destroyed last
        }
#else
        (void)record;
        frame_.destroy();
#endif
    }

    bool await_ready() const {
        require_state(static_cast<bool>(child_), "an empty task was awaited: it was moved from");
        return false;
    }
    template <std::derived_from<PromiseBase> Parent>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Parent> parent) noexcept {
        return child_.promise().enter(parent.promise(), frame_);
    }
    T await_resume() { return child_.promise().result().take(); }

private:
    std::coroutine_handle<Promise<T>> child_;
    std::coroutine_handle<> frame_;  // the same, null once a cancelled chain was destroyed
};

}  // namespace task_detail

template <class T>
struct AwaitAs<task<T>> {
    static task_detail::ChildAwait<T> make(task<T>&& child) noexcept {
        return task_detail::ChildAwait<T>(std::move(child));
    }
    template <class Lvalue>
    static task_detail::ChildAwait<T> make(Lvalue& child) noexcept {
        static_assert(!std::is_same_v<Lvalue, Lvalue>,
                      "a task can be awaited only once: write `co_await std::move(child)`");
        return make(std::move(child));
    }
};

}  // namespace nebula
