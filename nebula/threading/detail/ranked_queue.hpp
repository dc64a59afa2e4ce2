// SPDX-License-Identifier: MIT
// The words through which the threads of a RankedTasks communicate, besides the locks of its rings
// and TicketCount. README.md, "Ranked tasks".
#pragma once

#include "nebula/threading/detail/atomics.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace nebula::detail {

/// One bit per ring that is not empty. A thread that queues a task sets the bit, then checks
/// whether there are enough helpers (TicketCount). A helper that leaves drops its ticket, then
/// looks here. All of that is sequentially consistent, so at least one of the two sees the other.
///
/// Threads:   mask: any thread. The rest: under the lock of that ring.
template <class Atomics = MachineAtomics>
class OccupiedRings {
    template <class V>
    using Atomic = typename Atomics::template Atomic<V>;

public:
    void set(std::size_t ring) noexcept { bits_.fetch_or(bit(ring), std::memory_order_seq_cst); }
    /// Relaxed: taking publishes nothing; a stale bit only costs a look.
    void clear(std::size_t ring) noexcept {
        bits_.fetch_and(~bit(ring), std::memory_order_relaxed);
    }
    [[nodiscard]] std::uint64_t mask() const noexcept {
        return bits_.load(std::memory_order_seq_cst);
    }

private:
    static std::uint64_t bit(std::size_t ring) noexcept { return std::uint64_t{1} << ring; }

    Atomic<std::uint64_t> bits_{0};
};

/// A walk cancels the tasks in the rings, one ring after the other. This count lets it also reach
/// tasks that are out of their ring meanwhile. Odd during a walk. All relaxed: the locks of the
/// rings order it.
///
/// Threads:   begin, end: one walk at a time. note, reached: under the lock of the ring from which
///            a task is taken, or into which it is put.
template <class Atomics = MachineAtomics>
class CancelCount {
    template <class V>
    using Atomic = typename Atomics::template Atomic<V>;

public:
    void begin() noexcept { count_.fetch_add(1, std::memory_order_relaxed); }
    void end() noexcept { count_.fetch_add(1, std::memory_order_relaxed); }

    /// Keep the result with the tasks that are taken out.
    [[nodiscard]] std::uint32_t note() const noexcept {
        return count_.load(std::memory_order_relaxed);
    }
    /// Whether tasks that were taken out at that note are cancelled.
    [[nodiscard]] bool reached(std::uint32_t noted) const noexcept {
        return noted % 2 != 0 || count_.load(std::memory_order_relaxed) != noted;
    }

private:
    Atomic<std::uint32_t> count_{0};
};

}  // namespace nebula::detail
