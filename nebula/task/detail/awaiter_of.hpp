// SPDX-License-Identifier: MIT
// What `co_await thing` really awaits.
#pragma once

#include "nebula/task/await_as.hpp"

#include <type_traits>
#include <utility>

namespace nebula::task_detail {

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
        return std::forward<A>(awaited);
    }
}

}  // namespace nebula::task_detail
