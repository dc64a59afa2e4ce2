// SPDX-License-Identifier: MIT
// What lies in the queues.
#pragma once

#include "nebula/base/small_function.hpp"
#include "nebula/threading/band.hpp"

#include <cstdint>
#include <utility>

namespace nebula::detail {

/// An item of a deque or an injector: a detached task, or a ticket for a group.
struct Item {
    enum class Kind : std::uint8_t { Task, Ticket };

    Item(Kind k, Band b) noexcept : kind(k), band(b) {}

    const Kind kind;
    const Band band;
};

/// A closure on its way to a worker. Owned by whoever holds the pointer, one at a time.
struct TaskNode : Item {
    /// Closures up to 48 bytes need no allocation of their own.
    using Function = SmallFunction<void(), 48>;

    template <class F>
    TaskNode(F&& f, Band its_band, const char* its_name)
        : Item(Kind::Task, its_band), name(its_name), function(std::forward<F>(f)) {}

    const char* name;          // may be null
    TaskNode* next = nullptr;  // the group's queue
    Function function;
};

}  // namespace nebula::detail
