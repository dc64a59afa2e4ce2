// SPDX-License-Identifier: MIT
// What lies in the deques and injectors.
#pragma once

#include "nebula/threading/band.hpp"
#include "nebula/threading/detail/task_slot.hpp"

#include <cstdint>

namespace nebula::detail {

class GroupState;

/// A detached task, or a ticket: "somebody help this group". Made and kept by the pool's store.
///
/// Lifetime:  owned by whoever holds the pointer, one at a time.
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
