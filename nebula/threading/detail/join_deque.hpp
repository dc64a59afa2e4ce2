// SPDX-License-Identifier: MIT
// The branches a thread has forked and not yet come back to. The protocol and its proof: README.md,
// "Joins".
#pragma once

#include "nebula/base/cache_line.hpp"
#include "nebula/threading/detail/atomics.hpp"
#include "nebula/threading/detail/work_deque.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace nebula::detail {

/// Chase-Lev deque whose owner pays no fence: three plain stores to push, two to pop. A thief pays
/// for both sides, by a heavy fence, and only where it has seen something to take.
///
/// Strictly nested: what is pushed is popped again by the same frame of the same thread.
///
/// Threads:   push, pop, empty: owner thread. steal, has_items: any thread.
/// Cost:      push and pop: no ordered operation but for the last item. steal: 1 to 3 µs.
/// Lifetime:  borrows its items. One that was stolen is the thief's until it says it is done.
template <class T, std::size_t kCapacity = 256, class Atomics = MachineAtomics>
class JoinDeque {
    static_assert(kCapacity > 0 && (kCapacity & (kCapacity - 1)) == 0, "a power of two");
    template <class V>
    using Atomic = typename Atomics::template Atomic<V>;

public:
    /// False when full: the caller runs both branches itself, one after the other.
    [[nodiscard]] bool push(T* item) noexcept {
        const std::int64_t bottom = bottom_.load(std::memory_order_relaxed);  // our own
        if (bottom == limit_) [[unlikely]] {
            // Pairs with the exchange in steal: what the thief read from the slot, it has read.
            limit_ = top_.load(std::memory_order_acquire) + kSize;
            if (bottom == limit_) return false;
        }
        // Published by the store of bottom, whose release pairs with the acquire in steal.
        slot(bottom).store(item, std::memory_order_relaxed);
        bottom_.store(bottom + 1, std::memory_order_release);
        return true;
    }

    /// Takes back the item pushed last. False when a thief has it.
    [[nodiscard]] bool pop() noexcept {
        const std::int64_t bottom = bottom_.load(std::memory_order_relaxed) - 1;  // our own
        // Ordered against the load of top by the fence, whose other half is in steal. Release, as
        // in push: a thief may find a lower item by this value, and must see what was pushed.
        bottom_.store(bottom, std::memory_order_release);
        Atomics::light_fence();
        const std::int64_t top = top_.load(std::memory_order_relaxed);
        if (top < bottom) [[likely]]
            return true;
        return pop_last(bottom, top);
    }

    /// The oldest item.
    [[nodiscard]] StealResult<T> steal() noexcept {
        // Acquire, both: a thief that sees where another one left top sees also what the owner
        // had published for that one.
        std::int64_t top = top_.load(std::memory_order_acquire);
        if (top >= bottom_.load(std::memory_order_acquire)) return {StealOutcome::Empty, nullptr};
        Atomics::heavy_fence();
        if (top >= bottom_.load(std::memory_order_acquire)) return {StealOutcome::Empty, nullptr};
        // May be overwritten meanwhile, and then the exchange fails: not followed before it.
        T* const item = slot(top).load(std::memory_order_relaxed);
        Atomics::yield_point();
        // Relaxed on failure: the value is not used.
        if (!top_.compare_exchange_strong(top, top + 1, std::memory_order_seq_cst,
                                          std::memory_order_relaxed))
            return {StealOutcome::Lost, nullptr};
        return {StealOutcome::Item, item};
    }

    /// Stale at once, and no promise to anybody who goes to sleep on it. Relaxed: a guess.
    [[nodiscard]] bool has_items() const noexcept {
        return bottom_.load(std::memory_order_relaxed) > top_.load(std::memory_order_relaxed);
    }

private:
    static constexpr std::int64_t kSize = static_cast<std::int64_t>(kCapacity);

    // Our item is the last one, or gone.
    [[nodiscard]] bool pop_last(std::int64_t bottom, std::int64_t top) noexcept {
        bool ours = false;
        if (top == bottom) {
            Atomics::yield_point();
            // Who moves top has it. Acquire on failure: see `limit_` in push.
            ours = top_.compare_exchange_strong(top, top + 1, std::memory_order_seq_cst,
                                                std::memory_order_acquire);
        }
        // Empty now, so nobody finds anything by this value; release pairs with steal's loads.
        bottom_.store(bottom + 1, std::memory_order_release);
        return ours;
    }

    Atomic<T*>& slot(std::int64_t index) noexcept {
        return slots_[static_cast<std::size_t>(index) & (kCapacity - 1)];
    }

    // Two lines apart: the CPU fetches lines in pairs. Signed, as in WorkDeque.
    // Where thieves take; only grows. Moved by compare-exchange, by thieves and, for the last
    // item, by the owner.
    alignas(2 * kCacheLine) Atomic<std::int64_t> top_{0};
    // Where the owner works; written by the owner alone.
    alignas(2 * kCacheLine) Atomic<std::int64_t> bottom_{0};
    std::int64_t limit_ = kSize;  // owner only: how far bottom may go by a top it once read
    alignas(2 * kCacheLine) std::array<Atomic<T*>, kCapacity> slots_{};
};

}  // namespace nebula::detail
