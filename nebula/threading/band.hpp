// SPDX-License-Identifier: MIT
// How urgent a task is.
#pragma once

#include <cstddef>
#include <cstdint>

namespace nebula {

/// A higher band always comes first; within a band, the order is that of the queues.
enum class Band : std::uint8_t {
    Frame,       ///< Needed before this frame ends, such as meshing an edit.
    Normal,      ///< Needed soon.
    Background,  ///< Needed at some time, such as distant chunks.
};

inline constexpr std::size_t kBandCount = 3;

/// Which task of a band a worker takes first among those that it has spawned itself. It takes tasks
/// from other threads after its own, and always oldest first.
enum class Order : std::uint8_t {
    YoungestFirst,  ///< Its data is still in the worker's cache.
    OldestFirst,    ///< As if another thread had spawned it. Costs a short lock.
};

/// What a thread runs while it waits for tasks.
enum class Help : std::uint8_t {
    OwnGroup,  ///< Only tasks of the group that it waits for.
    /// If none of those is left to begin: any queued task that is at least as urgent as the group.
    /// It runs on the waiting thread's stack, and the wait lasts until it has ended. So do not use
    /// this while you hold a lock, or with a deadline.
    Any,
};

struct SpawnOptions {
    Band band = Band::Normal;
    /// For the panic handler and for traces. Must live until the task has ended; use a literal.
    const char* name = nullptr;
    Order order = Order::YoungestFirst;
};

}  // namespace nebula
