// SPDX-License-Identifier: MIT
// How many helpers a group has, and whether another task needs another helper. README.md, "Groups".
#pragma once

#include "nebula/threading/detail/atomics.hpp"

#include <atomic>
#include <cstdint>

namespace nebula::detail {

/// Counts tickets up to a limit. Two sides meet here: a spawner that has just published a task
/// checks whether there are enough helpers; a helper that found nothing lets go, and looks again.
/// All is sequentially consistent, so at least one of the two sees the other.
///
/// Threads:   any thread.
template <class Atomics = MachineAtomics>
class TicketCount {
    template <class V>
    using Atomic = typename Atomics::template Atomic<V>;

public:
    /// Call it before other threads know of it. `held` tickets are counted from the start.
    void reset(std::uint32_t limit, std::uint32_t held = 0) noexcept {
        limit_ = limit;
        count_.store(held, std::memory_order_relaxed);
    }

    /// Call it after a publication. True: there are fewer than the limit; call take().
    [[nodiscard]] bool wanted() const noexcept {
        return count_.load(std::memory_order_seq_cst) < limit_;
    }
    /// True: one more is counted, and the caller must provide the helper. False: there are enough.
    [[nodiscard]] bool take() noexcept {
        std::uint32_t count = count_.load(std::memory_order_relaxed);  // decided by the exchange
        while (count < limit_) {
            Atomics::yield_point();
            if (count_.compare_exchange_strong(count, count + 1, std::memory_order_seq_cst,
                                               std::memory_order_relaxed))
                return true;
        }
        return false;
    }
    /// Relaxed: a hint.
    [[nodiscard]] bool any() const noexcept { return count_.load(std::memory_order_relaxed) != 0; }

    /// After this, the caller looks for tasks once more, and calls take() again if there are any.
    void drop() noexcept {
        Atomics::yield_point();
        count_.fetch_sub(1, std::memory_order_seq_cst);
        Atomics::yield_point();
    }

    /// A helper has come back, wanted or not, so the count may exceed the limit. Relaxed: a spawner
    /// that does not see it yet calls one helper too many.
    void add() noexcept { count_.fetch_add(1, std::memory_order_relaxed); }

private:
    Atomic<std::uint32_t> count_{0};
    std::uint32_t limit_ = 0;
};

}  // namespace nebula::detail
