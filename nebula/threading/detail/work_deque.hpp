// SPDX-License-Identifier: MIT
// The per-worker queue. The protocol and its proof: README.md, "The deque".
#pragma once

#include "nebula/base/cache_line.hpp"
#include "nebula/threading/detail/atomics.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace nebula::detail {

enum class StealOutcome : std::uint8_t {
    Item,
    Empty,
    Lost,  ///< Another thread was faster, and there may be more: try again, do not park.
};

template <class T>
struct StealResult {
    StealOutcome outcome;
    T* item;  ///< Null unless the outcome is Item.
};

/// Chase-Lev deque of pointers with a fixed ring: fed and emptied by one worker, raided by others.
///
/// The owner works at the young end, where its data is still in cache; thieves take the oldest.
///
/// Threads:   push and pop: owner thread. The rest: any thread.
/// Cost:      O(1) each, nothing allocates. push: one ordered store. pop: the same, and a
///            compare-exchange for the last item only. steal: one compare-exchange.
/// Lifetime:  borrows its items, and never looks inside one.
template <class T, std::size_t kCapacity = 512, class Atomics = MachineAtomics>
class WorkDeque {
    static_assert(kCapacity > 0 && (kCapacity & (kCapacity - 1)) == 0,
                  "the capacity must be a power of two");
    template <class V>
    using Atomic = typename Atomics::template Atomic<V>;

public:
    /// False when full: the item is still the caller's.
    [[nodiscard]] bool push(T* item) noexcept {
        const std::int64_t bottom = bottom_.load(std::memory_order_relaxed);  // our own
        if (bottom - seen_top_ >= kSize) {
            // Pairs with the exchange in steal: what the thief read from the slot, it has read.
            seen_top_ = top_.load(std::memory_order_acquire);
            if (bottom - seen_top_ >= kSize) return false;
        }
        Atomics::yield_point();
        // Published by the store of bottom.
        slot(bottom).store(item, std::memory_order_relaxed);
        Atomics::yield_point();
        bottom_.store(bottom + 1, std::memory_order_seq_cst);
        return true;
    }

    /// The youngest item; null when there is none (left).
    [[nodiscard]] T* pop() noexcept {
        const std::int64_t bottom = bottom_.load(std::memory_order_relaxed) - 1;  // our own
        // top only grows: if even an old value of it is past bottom, the deque is empty.
        if (top_.load(std::memory_order_relaxed) > bottom) return nullptr;
        Atomics::yield_point();
        bottom_.store(bottom, std::memory_order_seq_cst);
        Atomics::yield_point();
        std::int64_t top = top_.load(std::memory_order_seq_cst);
        // Relaxed reads of slots here: this thread wrote them.
        if (top < bottom) return slot(bottom).load(std::memory_order_relaxed);
        T* item = nullptr;
        if (top == bottom) {
            item = slot(bottom).load(std::memory_order_relaxed);
            Atomics::yield_point();
            // The last item: who moves top has it. (Relaxed on failure: the value is not used.)
            if (!top_.compare_exchange_strong(top, top + 1, std::memory_order_seq_cst,
                                              std::memory_order_relaxed))
                item = nullptr;
        }
        Atomics::yield_point();
        // Empty now, so nobody finds anything by this value; release pairs with steal's load.
        bottom_.store(bottom + 1, std::memory_order_release);
        return item;
    }

    /// The oldest item.
    [[nodiscard]] StealResult<T> steal() noexcept {
        std::int64_t top = top_.load(std::memory_order_seq_cst);
        Atomics::yield_point();
        const std::int64_t bottom = bottom_.load(std::memory_order_seq_cst);
        if (top >= bottom) return {StealOutcome::Empty, nullptr};
        // Written before the bottom we read (seq_cst, so acquire). May be overwritten meanwhile,
        // and then the exchange fails: not to be followed before it succeeded.
        T* const item = slot(top).load(std::memory_order_relaxed);
        Atomics::yield_point();
        if (!top_.compare_exchange_strong(top, top + 1, std::memory_order_seq_cst,
                                          std::memory_order_relaxed))
            return {StealOutcome::Lost, nullptr};
        return {StealOutcome::Item, item};
    }

    /// Whether an item is visible. In the one order of all seq_cst operations, so that a worker
    /// that announced its park and then reads false will be claimed by the next push.
    [[nodiscard]] bool has_items() const noexcept {
        const std::int64_t top = top_.load(std::memory_order_seq_cst);
        return bottom_.load(std::memory_order_seq_cst) > top;
    }

    /// Stale at once: for choices that may be wrong, and for metrics.
    [[nodiscard]] std::size_t size_hint() const noexcept {
        // Relaxed: a guess, nothing is read by it.
        const std::int64_t size =
            bottom_.load(std::memory_order_relaxed) - top_.load(std::memory_order_relaxed);
        return size > 0 ? static_cast<std::size_t>(size) : 0;
    }

private:
    static constexpr std::int64_t kSize = static_cast<std::int64_t>(kCapacity);

    Atomic<T*>& slot(std::int64_t index) noexcept {
        return slots_[static_cast<std::size_t>(index) & (kCapacity - 1)];
    }

    // Two lines apart: the CPU fetches lines in pairs. Signed, see README.
    // Where thieves take; only grows. Moved by compare-exchange, by thieves and, for the last
    // item, by the owner.
    alignas(2 * kCacheLine) Atomic<std::int64_t> top_{0};
    // Where the owner works; written by the owner alone.
    alignas(2 * kCacheLine) Atomic<std::int64_t> bottom_{0};
    std::int64_t seen_top_ = 0;  // owner only: a top it once read, to read the real one rarely
    alignas(2 * kCacheLine) std::array<Atomic<T*>, kCapacity> slots_{};
};

}  // namespace nebula::detail
