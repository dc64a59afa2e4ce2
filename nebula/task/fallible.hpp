// SPDX-License-Identifier: MIT
// Any wait, but returns the error instead of throwing it.
#pragma once

#include "nebula/task/detail/as_task.hpp"
#include "nebula/task/errors.hpp"
#include "nebula/task/task.hpp"

#include <exception>
#include <type_traits>
#include <utility>

namespace nebula {

namespace task_detail {

/// Its code if it is an AsyncError; rethrows any other.
[[nodiscard]] AsyncErrorCode code_or_rethrow(const std::exception_ptr& error);

/// A is a value that moves in, or a reference to something that its owner keeps. The body uses no
/// exceptions, so it may be built without them.
template <class A, class T = Kept<AwaitValue<A>>>
task<Outcome<T>> fallible_task(A awaited) {
    Result<T> result = co_await AtCallersSite(CaughtAwaiter<A&&>(std::forward<A>(awaited)));
    if (const std::exception_ptr error = result.error())
        co_return tl::unexpected(code_or_rethrow(error));
    if constexpr (std::is_void_v<T>) {
        co_return Outcome<void>();
    } else {
        co_return Outcome<T>(result.take());
    }
}

}  // namespace task_detail

/// Turns an AsyncError into its code; any other exception is still thrown. In code that is built
/// without exceptions, use this for every wait that can fail.
///
///     Outcome<int> damage = co_await fallible(timeout(signal<int>(player, "hit"), 3.0));
///     if (!damage && damage.error() == AsyncErrorCode::TimedOut) co_return;
///
/// Threads:   owner thread.
/// Cost:      a frame from the pool.
/// Lifetime:  a named argument is borrowed until the wait has ended.
template <class A>
[[nodiscard]] auto fallible(A&& awaited) {
    static_assert(!std::is_reference_v<task_detail::AwaitValue<A>>,
                  "an Outcome cannot hold a reference; await a copy");
    return task_detail::fallible_task<task_detail::KeptToAwait<A>>(std::forward<A>(awaited));
}

}  // namespace nebula
