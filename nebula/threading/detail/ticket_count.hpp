// SPDX-License-Identifier: MIT
// How many helpers a group has, and whether one more task needs one more. README.md, "Groups".
#pragma once

#include "nebula/threading/detail/atomics.hpp"

#include <cstdint>

namespace nebula::detail {

/// Counts tickets up to a limit. The two sides meet here: a spawner that has just published a task
/// asks whether there are helpers enough; a helper that found nothing lets go, and looks again.
/// All is sequentially consistent, so at least one of the two sees the other.
///
/// Threads:   any thread.
template <class Atomics = MachineAtomics>
class TicketCount {
    template <class V>
    using Atomic = typename Atomics::template Atomic<V>;

public:
    /// Alone: before anybody else knows of it. `held` are counted from the start.
    void reset(std::uint32_t limit, std::uint32_t held = 0) noexcept {
        limit_ = limit;
        count_.store(held, std::memory_order_relaxed);
    }

    /// After a publication. True: there are fewer than the limit; call take().
    [[nodiscard]] bool wanted() const noexcept {
        return count_.load(std::memory_order_seq_cst) < limit_;
    }
    /// True: one more is counted, and the caller has to bring it about. False: enough by now.
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
    /// Relaxed: a guess.
    [[nodiscard]] bool any() const noexcept { return count_.load(std::memory_order_relaxed) != 0; }

    /// The caller looks for tasks once more after this, and if there are any, take()s again.
    void drop() noexcept {
        Atomics::yield_point();
        count_.fetch_sub(1, std::memory_order_seq_cst);
        Atomics::yield_point();
    }

    /// A helper that is back, wanted or not: the count may pass the limit. Relaxed: a spawner that
    /// does not see it yet calls a helper too many.
    void add() noexcept { count_.fetch_add(1, std::memory_order_relaxed); }

private:
    Atomic<std::uint32_t> count_{0};
    std::uint32_t limit_ = 0;
};

}  // namespace nebula::detail
