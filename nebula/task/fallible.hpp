// SPDX-License-Identifier: MIT
// Any wait, returning what it would throw.
#pragma once

#include "nebula/task/detail/as_task.hpp"
#include "nebula/task/errors.hpp"
#include "nebula/task/task.hpp"

#include <type_traits>
#include <utility>

namespace nebula {

namespace task_detail {

template <class T>
task<Outcome<T>> fallible_task(task<T> awaited) {
    try {
        if constexpr (std::is_void_v<T>) {
            co_await AtCallersSite(std::move(awaited));
            co_return Outcome<void>();
        } else {
            co_return Outcome<T>(co_await AtCallersSite(std::move(awaited)));
        }
    } catch (const AsyncError& error) {
        co_return tl::unexpected(error.code());
    }
}

}  // namespace task_detail

/// An AsyncError becomes its code; any other exception is thrown as ever.
///
///     Outcome<int> damage = co_await fallible(timeout(signal<int>(player, "hit"), 3.0));
///     if (!damage && damage.error() == AsyncErrorCode::TimedOut) co_return;
///
/// Threads:   owner thread.
/// Cost:      two frames from the pool at most.
/// Lifetime:  an argument with a name is borrowed until the wait has ended.
template <class A>
[[nodiscard]] auto fallible(A&& awaited) {
    static_assert(!std::is_reference_v<task_detail::TaskValue<A>>,
                  "an Outcome holds no reference: await a copy");
    return task_detail::fallible_task(task_detail::as_task(std::forward<A>(awaited)));
}

}  // namespace nebula
