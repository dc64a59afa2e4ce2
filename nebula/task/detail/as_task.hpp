// SPDX-License-Identifier: MIT
// Whatever a task can await, as a task of its own: what the branches of a combination are.
#pragma once

#include "nebula/task/detail/promise.hpp"
#include "nebula/task/task.hpp"

#include <type_traits>
#include <utility>

namespace nebula::task_detail {

/// The awaiter of `co_await a`, and what that gives.
template <class A>
using AwaiterOf = decltype(std::declval<Promise<void>&>().await_transform(std::declval<A>()));
template <class A>
using AwaitValue = decltype(std::declval<AwaiterOf<A>&>().await_resume());

/// That value as a task can keep it.
template <class T>
using Kept = std::conditional_t<std::is_lvalue_reference_v<T>, T, std::remove_cvref_t<T>>;

/// Whether what is awaited is itself the awaiter, and so is what a wait registers.
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

/// A temporary moves into the task, so that the task's end is the end of the wait. A named awaiter
/// that can be copied is: the copy is another wait of the same kind. What else has a name is
/// borrowed, and stays its owner's: handles, pool jobs, a signal wait, whose connection lives on.
///
/// Borrowed awaiters outlive a task that was cancelled while it waited for them. Those that must
/// not go on then (a send that would still be made) have a stop_waiting(), which is called:
/// StopsWaiting.
template <class A>
auto as_task(A&& awaited) {
    using Bare = std::remove_cvref_t<A>;
    if constexpr (!std::is_lvalue_reference_v<A>) {
        if constexpr (kIsTask<Bare>) {
            return Bare(std::forward<A>(awaited));
        } else {
            static_assert(std::is_move_constructible_v<Bare>,
                          "this awaiter cannot move into a branch: give it a constructor that "
                          "copies or moves it before it is awaited, or await it in a task");
            return await_owned<Bare>(std::forward<A>(awaited));
        }
    } else if constexpr (!kIsAwaiter<A>) {
        return await_borrowed(awaited);
    } else if constexpr (std::is_copy_constructible_v<Bare>) {
        return await_owned<Bare>(awaited);
    } else {
        static_assert(std::is_move_constructible_v<Bare>,
                      "this awaiter cannot be a branch: give it a constructor that copies or moves "
                      "it before it is awaited, or await it in a task");
        return await_borrowed(awaited);
    }
}

template <class A>
using TaskValue = typename decltype(as_task(std::declval<A>()))::value_type;

}  // namespace nebula::task_detail
