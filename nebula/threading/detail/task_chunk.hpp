// SPDX-License-Identifier: MIT
// A run of tasks of one group, handed out one by one. README.md, "Groups".
#pragma once

#include "nebula/threading/detail/claim_range.hpp"
#include "nebula/threading/detail/task_slot.hpp"

#include <cstddef>
#include <cstdint>

namespace nebula::detail {

/// Tasks per chunk: enough to make the group's lock rare, but few enough that a group of three
/// tasks does not own kilobytes that it never touches.
inline constexpr std::uint32_t kChunkTasks = 32;

/// Either up to kChunkTasks tasks with a closure each, or a batch: `capacity` calls of one closure.
///
/// Threads:   `range` and the slots: by the protocol of ClaimRange. The rest: under the lock of the
///            group.
struct TaskChunk {
    using BatchCall = void (*)(TaskSlot& closure, std::size_t index);

    ClaimRange<> range;
    std::uint32_t capacity = kChunkTasks;
    std::uint32_t users = 0;         // threads that claim from it, or run what they claimed
    BatchCall batch_call = nullptr;  // a batch: calls slots[0] with an index
    std::size_t batch_begin = 0;     // the index of number 0
    bool for_owner = false;          // only the owner claims from it
    std::uint32_t held_back = 0;     // a batch: ended calls, reported when all have ended
    bool called = false;             // a batch: at least one of those was not dropped
    TaskChunk* older = nullptr;      // the group's list of chunks that may have tasks left
    TaskChunk* newer = nullptr;      // the same; also the list of free chunks
    TaskSlot slots[kChunkTasks];

    /// The name of a task that the caller has claimed.
    [[nodiscard]] const char* name_of(std::uint32_t number) const noexcept {
        return slots[batch_call != nullptr ? 0 : number].name();
    }

    /// Makes it like new. Nobody else may use it.
    void reset() noexcept {
        range.reset();
        capacity = kChunkTasks;
        batch_call = nullptr;
        for_owner = false;
        held_back = 0;
        called = false;
    }
};

}  // namespace nebula::detail
