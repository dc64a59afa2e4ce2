// SPDX-License-Identifier: MIT
// How a type that knows nothing of tasks becomes something a task can await.
#pragma once

namespace nebula {

/// Specialise it to make `co_await value` mean `co_await AwaitAs<Value>::make(value)` inside a
/// task; `make` returns an awaiter, usually one derived from Wait. Types that are awaiters, or
/// have an operator co_await, need none.
///
///     template <>
///     struct AwaitAs<Door> {
///         static DoorOpens make(Door& door) { return DoorOpens(door); }
///     };
template <class T>
struct AwaitAs;

}  // namespace nebula
