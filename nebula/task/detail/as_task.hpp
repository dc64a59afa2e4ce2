// SPDX-License-Identifier: MIT
// Turns anything that a task can await into a task of its own, for the branches of combinations.
#pragma once

#include "nebula/task/detail/promise.hpp"
#include "nebula/task/detail/result.hpp"
#include "nebula/task/task.hpp"
#include "nebula/threading/detail/caught.hpp"

#include <coroutine>
#include <exception>
#include <type_traits>
#include <utility>

namespace nebula::task_detail {

/// The awaiter of `co_await a`, and its result.
template <class A>
using AwaiterOf = decltype(std::declval<Promise<void>&>().await_transform(std::declval<A>()));
template <class A>
using AwaitValue = decltype(std::declval<AwaiterOf<A>&>().await_resume());

/// That value as a task can keep it.
template <class T>
using Kept = std::conditional_t<std::is_lvalue_reference_v<T>, T, std::remove_cvref_t<T>>;

/// Whether the awaited object is itself the awaiter that a wait registers.
template <class A>
inline constexpr bool kIsAwaiter =
    std::is_base_of_v<AwaiterRef<std::remove_reference_t<A>>, AwaiterOf<A>>;

template <class T>
inline constexpr bool kIsTask = false;
template <class T>
inline constexpr bool kIsTask<task<T>> = true;

template <class A>
task<Kept<AwaitValue<A>>> await_owned(A awaited) {
    co_return co_await AtCallersSite(std::move(awaited));
}
template <class A>
task<Kept<AwaitValue<A&>>> await_borrowed(A& awaited) {
    co_return co_await AtCallersSite(awaited);
}

template <class A>
constexpr auto kept_to_await() {
    using Bare = std::remove_cvref_t<A>;
    if constexpr (!std::is_lvalue_reference_v<A>) {
        static_assert(std::is_move_constructible_v<Bare>,
                      "this awaiter cannot move into a branch: give it a constructor that copies "
                      "or moves it before it is awaited, or await it in a task");
        return std::type_identity<Bare>();
    } else if constexpr (!kIsAwaiter<A>) {
        return std::type_identity<A>();
    } else if constexpr (std::is_copy_constructible_v<Bare>) {
        return std::type_identity<Bare>();
    } else {
        static_assert(std::is_move_constructible_v<Bare>,
                      "this awaiter cannot be a branch: give it a constructor that copies or moves "
                      "it before it is awaited, or await it in a task");
        return std::type_identity<A>();
    }
}
/// What a coroutine that awaits on behalf of another keeps: a value, or a reference to something
/// borrowed.
template <class A>
using KeptToAwait = typename decltype(kept_to_await<A>())::type;

/// A temporary moves into the task, so the end of the task is the end of the wait. A named awaiter
/// is copied if possible: the copy is another wait of the same kind. Other named objects are
/// borrowed and stay with their owner: handles, pool jobs, a signal wait, whose connection stays.
///
/// Borrowed awaiters outlive a task that was cancelled while it waited for them. Those that must
/// not continue then (a send that would still be made) have a stop_waiting(), which is called:
/// StopsWaiting.
template <class A>
auto as_task(A&& awaited) {
    using Bare = std::remove_cvref_t<A>;
    if constexpr (kIsTask<Bare> && !std::is_lvalue_reference_v<A>) {
        return Bare(std::forward<A>(awaited));
    } else if constexpr (std::is_lvalue_reference_v<KeptToAwait<A>>) {
        return await_borrowed(awaited);
    } else {
        return await_owned<Bare>(std::forward<A>(awaited));
    }
}

/// Awaits `awaited` and returns the outcome as a Result, so that no exception passes through the
/// coroutine, which may be built without exceptions.
template <class A>
class CaughtAwaiter {
    using Inner = decltype(make_awaiter(std::declval<A>()));
    using Value = decltype(std::declval<Inner&>().await_resume());

public:
    using AwaitableOnWorker = void;  // if `awaited` is not, it reports that itself

    explicit CaughtAwaiter(A&& awaited) : inner_(make_awaiter(std::forward<A>(awaited))) {}
    CaughtAwaiter(const CaughtAwaiter&) = delete;
    CaughtAwaiter& operator=(const CaughtAwaiter&) = delete;

    bool await_ready() const noexcept { return false; }
    template <class P>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<P> h) noexcept {
        std::coroutine_handle<> next = h;
        auto begin = [&] {
            using Made = std::remove_cvref_t<decltype(awaiter_of(std::declval<A>()))>;
            if constexpr (!task_detail::AwaitableOnWorker<Made>)
                if (h.promise().record().away) refuse_on_worker();
            if (inner_.await_ready()) return;
            using Suspended = decltype(inner_.await_suspend(h));
            if constexpr (std::is_void_v<Suspended>) {
                inner_.await_suspend(h);
                next = std::noop_coroutine();
            } else if constexpr (std::is_same_v<Suspended, bool>) {
                if (inner_.await_suspend(h)) next = std::noop_coroutine();
            } else {
                next = inner_.await_suspend(h);
            }
        };
        if (std::exception_ptr error = nebula::detail::caught(begin)) {
            result_.set_error(std::move(error));
            return h;
        }
        return next;
    }
    Result<Kept<Value>> await_resume() noexcept {
        if (result_.error() != nullptr) return std::move(result_);
        auto take = [this] {
            if constexpr (std::is_void_v<Value>) {
                inner_.await_resume();
                result_.set_value();
            } else {
                result_.set_value(inner_.await_resume());
            }
        };
        if (std::exception_ptr error = nebula::detail::caught(take))
            result_.set_error(std::move(error));
        return std::move(result_);
    }

private:
    Inner inner_;
    Result<Kept<Value>> result_;
};

template <class A>
using TaskValue = typename decltype(as_task(std::declval<A>()))::value_type;

}  // namespace nebula::task_detail
