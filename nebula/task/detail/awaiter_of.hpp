// SPDX-License-Identifier: MIT
// Finds the awaiter of `co_await thing`.
#pragma once

#include "nebula/task/await_as.hpp"

#include <type_traits>
#include <utility>

namespace nebula {

template <class F>
class PoolRun;
template <class T>
class Job;

namespace task_detail {

/// Types that only pool_bridge.hpp can await.
template <class T>
inline constexpr bool kNeedsPoolBridge = false;
template <class F>
inline constexpr bool kNeedsPoolBridge<PoolRun<F>> = true;
template <class T>
inline constexpr bool kNeedsPoolBridge<Job<T>> = true;

template <class A>
concept IsAwaiter = requires(A& awaiter) {
    awaiter.await_ready();
    awaiter.await_resume();
};

/// The awaiter of `awaited`: a new one, by AwaitAs or operator co_await, or `awaited` itself by
/// reference.
template <class A>
decltype(auto) awaiter_of(A&& awaited) {
    using Bare = std::remove_cvref_t<A>;
    if constexpr (requires { AwaitAs<Bare>::make(std::forward<A>(awaited)); }) {
        return AwaitAs<Bare>::make(std::forward<A>(awaited));
    } else if constexpr (requires { std::forward<A>(awaited).operator co_await(); }) {
        return std::forward<A>(awaited).operator co_await();
    } else if constexpr (requires { operator co_await(std::forward<A>(awaited)); }) {
        return operator co_await(std::forward<A>(awaited));
    } else {
        static_assert(!kNeedsPoolBridge<Bare>,
                      "to await pool.run() or a Job in a task, add "
                      "#include \"nebula/task/pool_bridge.hpp\" to this file");
        static_assert(kNeedsPoolBridge<Bare> || IsAwaiter<Bare>,
                      "a task cannot await a thing of this type: it is no awaiter (see wait.hpp), "
                      "and has neither an operator co_await for it nor an AwaitAs "
                      "(is the header that defines that included?)");
        return std::forward<A>(awaited);
    }
}

}  // namespace task_detail
}  // namespace nebula
