// SPDX-License-Identifier: MIT
// The items in the deques and injectors.
#pragma once

#include "nebula/threading/band.hpp"
#include "nebula/threading/detail/task_slot.hpp"

#include <cstdint>

namespace nebula::detail {

class GroupState;

/// A detached task, or a ticket, which asks a worker to help a group. Made and kept by the pool's
/// store.
///
/// Lifetime:  owned by the one thread or queue that holds the pointer.
struct Item {
    enum class Kind : std::uint8_t { Task, Ticket };

    TaskSlot task;                // a task's closure
    GroupState* group = nullptr;  // a ticket's group, with one counted reference
    Item* next = nullptr;         // the injector's list, or the store's
    Item* before = nullptr;       // the injector's list
    Kind kind = Kind::Task;
    Band band = Band::Normal;
};

}  // namespace nebula::detail
