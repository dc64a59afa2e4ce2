// SPDX-License-Identifier: MIT
// The waits for a time, earliest first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace nebula::task_detail {

class TaskRecord;

/// One wait for a time; lies in the awaiter.
class Timer {
public:
    double deadline = 0.0;         // on the runtime's clock
    std::uint64_t order = 0;       // among equal deadlines, the older wait goes first
    std::size_t place = 0;         // in the heap
    TaskRecord* record = nullptr;  // null: not in the heap
};

/// A binary heap of borrowed timers that know their place, so that a cancelled sleep is removed at
/// once instead of waiting for its time.
///
/// Threads:   owner thread.
/// Cost:      O(log n) to add, remove and pop; allocates only if it is larger than ever before.
/// Throws:    add() may throw std::bad_alloc; nothing has changed then.
class TimerHeap {
public:
    void add(Timer& timer);
    void remove(Timer& timer) noexcept;
    [[nodiscard]] Timer* soonest() const noexcept {
        return heap_.empty() ? nullptr : heap_.front();
    }

private:
    void put(Timer& timer, std::size_t place) noexcept;
    void sift_up(Timer& timer, std::size_t place) noexcept;
    void sift_down(Timer& timer, std::size_t place) noexcept;

    std::vector<Timer*> heap_;
    std::uint64_t next_order_ = 0;
};

}  // namespace nebula::task_detail
