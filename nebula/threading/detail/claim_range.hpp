// SPDX-License-Identifier: MIT
// Numbers handed out one by one to several threads while one thread still adds more. The protocol:
// README.md, "Groups".
#pragma once

#include "nebula/base/cache_line.hpp"
#include "nebula/threading/detail/atomics.hpp"

#include <atomic>
#include <cstdint>

namespace nebula::detail {

/// The numbers from 0 up to the published end, each given to exactly one claimer, in order.
///
/// Threads:   publish: one thread at a time. claim, claim_rest, has_items, exhausted: any thread.
///            reset: never at once with any other call.
/// Cost:      claim: one compare-exchange, on a cache line that stays with the claimer while it is
///            the only one.
template <class Atomics = MachineAtomics>
class ClaimRange {
    template <class V>
    using Atomic = typename Atomics::template Atomic<V>;

public:
    static constexpr std::uint32_t kNone = ~std::uint32_t{0};

    /// From now on all numbers below `end` may be claimed. Sequentially consistent: the publisher
    /// then reads how many helpers there are, and a helper that leaves reads has_items() last.
    void publish(std::uint32_t end) noexcept {
        Atomics::yield_point();
        end_.store(end, std::memory_order_seq_cst);
    }

    /// The next number; kNone if all published numbers are taken.
    [[nodiscard]] std::uint32_t claim() noexcept {
        // Relaxed, like the exchange: only the number matters. The task with that number is
        // published by `end_`.
        std::uint32_t next = next_.load(std::memory_order_relaxed);
        for (;;) {
            // Acquire pairs with publish().
            if (next >= end_.load(std::memory_order_acquire)) return kNone;
            Atomics::yield_point();
            if (next_.compare_exchange_strong(next, next + 1, std::memory_order_relaxed,
                                              std::memory_order_relaxed))
                return next;
        }
    }

    /// Claims all that are left, for a caller that only counts them. \returns how many.
    [[nodiscard]] std::uint32_t claim_rest() noexcept {
        // All relaxed: as in claim(), and the tasks with these numbers are not looked at.
        std::uint32_t next = next_.load(std::memory_order_relaxed);
        for (;;) {
            const std::uint32_t end = end_.load(std::memory_order_relaxed);
            if (next >= end) return 0;
            Atomics::yield_point();
            if (next_.compare_exchange_strong(next, end, std::memory_order_relaxed,
                                              std::memory_order_relaxed))
                return end - next;
        }
    }

    [[nodiscard]] bool has_items() const noexcept {
        // Relaxed: an old `next_` may give a wrong yes, but never a wrong no.
        return end_.load(std::memory_order_seq_cst) > next_.load(std::memory_order_relaxed);
    }
    /// Whether all numbers of a range that ends at `end` are taken. Relaxed: it only grows, and the
    /// lock of the group orders the rest.
    [[nodiscard]] bool exhausted(std::uint32_t end) const noexcept {
        return next_.load(std::memory_order_relaxed) >= end;
    }
    /// Relaxed: the next user gets the range under a lock.
    void reset() noexcept {
        next_.store(0, std::memory_order_relaxed);
        end_.store(0, std::memory_order_relaxed);
    }

private:
    alignas(2 * kCacheLine) Atomic<std::uint32_t> next_{0};  // claimers
    alignas(2 * kCacheLine) Atomic<std::uint32_t> end_{0};   // the publisher
};

}  // namespace nebula::detail
