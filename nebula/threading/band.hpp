// SPDX-License-Identifier: MIT
// How urgent a task is.
#pragma once

#include <cstddef>
#include <cstdint>

namespace nebula {

/// A higher band is always looked at first; within a band, the order is that of the queues.
enum class Band : std::uint8_t {
    Frame,       ///< Needed before this frame ends: an edit's remesh.
    Normal,      ///< Needed soon.
    Background,  ///< Needed some time: far chunks.
};

inline constexpr std::size_t kBandCount = 3;

/// Which task of a band a worker takes first of those that it has spawned itself. What comes from
/// other threads it takes oldest first in any case, and after its own.
enum class Order : std::uint8_t {
    YoungestFirst,  ///< Its data is still in the worker's cache.
    OldestFirst,    ///< As if another thread had spawned it. Costs a short lock.
};

/// What a thread runs that waits for tasks.
enum class Help : std::uint8_t {
    OwnGroup,  ///< Tasks of what it waits for, and no others.
    /// When it has none of those to begin: any that is queued, as urgent as its group or more. They
    /// run on the waiter's stack, inside of whatever it holds, and the wait lasts until the one it
    /// has begun has ended: not for who holds a lock or has a deadline.
    Any,
};

struct SpawnOptions {
    Band band = Band::Normal;
    /// For the panic handler and for traces. Borrowed until the task has ended: a literal.
    const char* name = nullptr;
    Order order = Order::YoungestFirst;
};

}  // namespace nebula
