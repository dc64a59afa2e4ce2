// SPDX-License-Identifier: MIT
// The per-worker queue. The protocol and its proof: README.md, "The deque".
#pragma once

#include "nebula/base/cache_line.hpp"
#include "nebula/threading/detail/atomics.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace nebula::detail {

enum class StealOutcome : std::uint8_t {
    Item,
    Empty,
    Lost,  ///< Another thread was faster; there may be more, so try again and do not park.
};

template <class T>
struct StealResult {
    StealOutcome outcome;
    T* item;  ///< Null unless the outcome is Item.
};

/// Chase-Lev deque of pointers with a fixed ring. One worker pushes and pops; the others steal.
///
/// The owner works at the young end, whose data is still in the cache; thieves take the oldest
/// item.
///
/// Threads:   push and pop: owner thread. The rest: any thread.
/// Cost:      O(1) each, nothing allocates. push: one ordered store. pop: the same, and a
///            compare-exchange only for the last item. steal: one compare-exchange.
/// Lifetime:  borrows its items, and never looks inside them.
template <class T, std::size_t kCapacity = 512, class Atomics = MachineAtomics>
class WorkDeque {
    static_assert(kCapacity > 0 && (kCapacity & (kCapacity - 1)) == 0,
                  "the capacity must be a power of two");
    template <class V>
    using Atomic = typename Atomics::template Atomic<V>;

public:
    /// False if it is full; the item then still belongs to the caller.
    [[nodiscard]] bool push(T* item) noexcept {
        const std::int64_t bottom = bottom_.load(std::memory_order_relaxed);  // our own
        if (bottom - seen_top_ >= kSize) {
            // Pairs with the exchange in steal: the thief has finished reading the slot.
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

    /// The youngest item; null if there is none (left).
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
            // The last item: the thread that moves top has it. (Relaxed on failure: the value is
            // not used.)
            if (!top_.compare_exchange_strong(top, top + 1, std::memory_order_seq_cst,
                                              std::memory_order_relaxed))
                item = nullptr;
        }
        Atomics::yield_point();
        // Empty now, so nobody finds an item through this value; release pairs with steal's load.
        bottom_.store(bottom + 1, std::memory_order_release);
        return item;
    }

    /// The oldest item.
    [[nodiscard]] StealResult<T> steal() noexcept {
        std::int64_t top = top_.load(std::memory_order_seq_cst);
        Atomics::yield_point();
        const std::int64_t bottom = bottom_.load(std::memory_order_seq_cst);
        if (top >= bottom) return {StealOutcome::Empty, nullptr};
        // Written before the bottom that we read (seq_cst, so acquire). It may be overwritten
        // meanwhile, and then the exchange fails; do not follow it before that has succeeded.
        T* const item = slot(top).load(std::memory_order_relaxed);
        Atomics::yield_point();
        if (!top_.compare_exchange_strong(top, top + 1, std::memory_order_seq_cst,
                                          std::memory_order_relaxed))
            return {StealOutcome::Lost, nullptr};
        return {StealOutcome::Item, item};
    }

    /// Whether an item is visible, in the single order of all seq_cst operations. So a worker that
    /// has announced its park and then reads false will be claimed by the next push.
    [[nodiscard]] bool has_items() const noexcept {
        const std::int64_t top = top_.load(std::memory_order_seq_cst);
        return bottom_.load(std::memory_order_seq_cst) > top;
    }

    /// Outdated at once: for choices that may be wrong, and for metrics.
    [[nodiscard]] std::size_t size_hint() const noexcept {
        // Relaxed: a hint.
        const std::int64_t size =
            bottom_.load(std::memory_order_relaxed) - top_.load(std::memory_order_relaxed);
        return size > 0 ? static_cast<std::size_t>(size) : 0;
    }

private:
    static constexpr std::int64_t kSize = static_cast<std::int64_t>(kCapacity);

    Atomic<T*>& slot(std::int64_t index) noexcept {
        return slots_[static_cast<std::size_t>(index) & (kCapacity - 1)];
    }

    // Two cache lines apart, because the CPU fetches lines in pairs. Signed: see README.
    // Where thieves take; only grows. Moved by compare-exchange, by thieves and, for the last
    // item, by the owner.
    alignas(2 * kCacheLine) Atomic<std::int64_t> top_{0};
    // Where the owner works; written only by the owner.
    alignas(2 * kCacheLine) Atomic<std::int64_t> bottom_{0};
    std::int64_t seen_top_ = 0;  // owner only: an earlier top, so that the real one is read rarely
    alignas(2 * kCacheLine) std::array<Atomic<T*>, kCapacity> slots_{};
};

}  // namespace nebula::detail
