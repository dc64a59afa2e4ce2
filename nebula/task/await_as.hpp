// SPDX-License-Identifier: MIT
// Makes a type that knows nothing about tasks awaitable in a task.
#pragma once

namespace nebula {

/// Specialise it to make `co_await value` mean `co_await AwaitAs<Value>::make(value)` inside a
/// task. `make` returns an awaiter, usually one derived from Wait. Types that are awaiters, or that
/// have an operator co_await, do not need it.
///
///     template <>
///     struct AwaitAs<Door> {
///         static DoorOpens make(Door& door) { return DoorOpens(door); }
///     };
template <class T>
struct AwaitAs;

}  // namespace nebula
