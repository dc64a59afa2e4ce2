// SPDX-License-Identifier: MIT
// The branches that a thread has forked and not yet returned to. The protocol and its proof:
// README.md, "Joins".
#pragma once

#include "nebula/base/cache_line.hpp"
#include "nebula/threading/detail/atomics.hpp"
#include "nebula/threading/detail/work_deque.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace nebula::detail {

template <class T>
struct JoinSteal {
    StealOutcome outcome = StealOutcome::Empty;
    T* item = nullptr;       ///< Null unless the outcome is Item.
    std::int64_t index = 0;  ///< Where it was pushed.
};

/// Chase-Lev deque whose owner pays for no fence: three plain stores to push, two to pop. A thief
/// pays for both sides with a heavy fence, and only if it has seen something to take.
///
/// Strictly nested: the same frame of the same thread pops what it has pushed.
///
/// If an item is stolen, its index is *held* from the push until come_back(), with everything that
/// is kept for it modulo kCapacity. No index that shares its place is given out meanwhile.
///
/// Threads:   push, pop, come_back, depth: owner thread. steal, has_items: any thread.
/// Cost:      push and pop: no ordered operation except for the last item. steal: 1 to 3 µs.
/// Lifetime:  borrows its items. A stolen item belongs to the thief until it says it is done.
template <class T, std::size_t kCapacity = 256, class Atomics = MachineAtomics>
class JoinDeque {
    static_assert(kCapacity > 0 && (kCapacity & (kCapacity - 1)) == 0,
                  "the capacity must be a power of two");
    template <class V>
    using Atomic = typename Atomics::template Atomic<V>;

public:
    static constexpr std::int64_t kSize = static_cast<std::int64_t>(kCapacity);

    /// Where the next push goes.
    [[nodiscard]] std::int64_t depth() const noexcept {
        return bottom_.load(std::memory_order_relaxed);  // our own
    }

    /// False if it is full, or if the next place is held while others lie below it. The caller then
    /// runs both branches itself, one after the other.
    /// \param depth  what the caller assumes depth() to be; corrected if it is wrong. An assumption
    ///               in a register makes a join cheap: the processor continues with it while it is
    ///               still checking, instead of waiting for what it has just written.
    [[nodiscard]] bool push(T* item, std::int64_t& depth) noexcept {
        if (depth != bottom_.load(std::memory_order_relaxed) || depth == limit_) [[unlikely]] {
            depth = make_room();
            if (depth == limit_) return false;
        }
        // Published by the store of bottom, whose release pairs with the acquire in steal.
        slot(depth).store(item, std::memory_order_relaxed);
        bottom_.store(depth + 1, std::memory_order_release);
        return true;
    }

    /// Takes back the last item, which was pushed at `depth`. False if a thief has it.
    [[nodiscard]] bool pop(std::int64_t depth) noexcept {
        // The fence orders it before the load of top; its other half is in steal. Release, as in
        // push: a thief may find a lower item through this value, and must see what was pushed.
        bottom_.store(depth, std::memory_order_release);
        Atomics::light_fence();
        const std::int64_t top = top_.load(std::memory_order_relaxed);
        if (top < depth) [[likely]]
            return true;
        return pop_last(depth, top);
    }

    /// The item that was pushed at `index` was stolen, and its thief has finished: the place may be
    /// used again. Call it after everything else that is kept for the index has been reset.
    void come_back(std::int64_t index) noexcept {
        slot(index).store(nullptr, std::memory_order_relaxed);  // read only by make_room()
    }

    /// The oldest item.
    [[nodiscard]] JoinSteal<T> steal() noexcept {
        return steal_if([] { return true; });
    }
    /// The same, but only if `wanted()` is true. It is called after the item has been seen, and its
    /// answer about the owner was true while the item was there.
    template <class Wanted>
    [[nodiscard]] JoinSteal<T> steal_if(const Wanted& wanted) noexcept {
        // Acquire, both: a thief that sees where another thief left top also sees what the owner
        // had published for that one.
        std::int64_t top = top_.load(std::memory_order_acquire);
        if (top >= bottom_.load(std::memory_order_acquire)) return {};
        Atomics::heavy_fence();
        if (top >= bottom_.load(std::memory_order_acquire)) return {};
        // It may be overwritten meanwhile, and then the exchange fails; do not follow it before.
        T* const item = slot(top).load(std::memory_order_relaxed);
        Atomics::yield_point();
        if (!wanted()) return {};
        // Relaxed on failure: the value is not used.
        if (!top_.compare_exchange_strong(top, top + 1, std::memory_order_seq_cst,
                                          std::memory_order_relaxed))
            return {StealOutcome::Lost};
        return {StealOutcome::Item, item, top};
    }

    /// Outdated at once: a thread must not go to sleep because of it. Relaxed: a hint.
    [[nodiscard]] bool has_items() const noexcept {
        return bottom_.load(std::memory_order_relaxed) > top_.load(std::memory_order_relaxed);
    }

private:
    // Moves limit_ up to the first index that is held, and returns where the next push goes. Top is
    // read relaxed: an old value is lower, and the owner itself gives places back. README, "Joins".
    [[nodiscard, gnu::noinline, gnu::cold]] std::int64_t make_room() noexcept {
        std::int64_t bottom = bottom_.load(std::memory_order_relaxed);
        std::int64_t top = top_.load(std::memory_order_relaxed);
        if (bottom == limit_ && bottom == top && is_held(bottom)) {
            // Empty, so an index may be skipped: only we move top.
            std::int64_t next = bottom;
            while (next < bottom + kSize && is_held(next)) ++next;
            if (next == bottom + kSize) return bottom;
            top_.store(next, std::memory_order_relaxed);
            // Release pairs with the acquire in steal(): a thief that sees it also sees top, and no
            // item below.
            bottom_.store(next, std::memory_order_release);
            limit_ = bottom = top = next;
        }
        while (limit_ < top + kSize && !is_held(limit_)) ++limit_;
        return bottom;
    }

    // Our item is the last one, or was stolen.
    [[nodiscard, gnu::noinline, gnu::cold]] bool pop_last(std::int64_t depth,
                                                          std::int64_t top) noexcept {
        bool ours = false;
        std::int64_t end = top;  // of an empty deque: thieves may have come further than `depth`
        if (top == depth) {
            Atomics::yield_point();
            // The thread that moves top has the item. Acquire on failure, as in steal().
            ours = top_.compare_exchange_strong(top, top + 1, std::memory_order_seq_cst,
                                                std::memory_order_acquire);
            end = depth + 1;
            if (ours) come_back(depth);
        }
        // Empty now, so nobody finds an item through this value; release pairs with steal's loads.
        bottom_.store(end, std::memory_order_release);
        return ours;
    }

    // Whether a branch below shares the place of `index`, which has never been pushed at.
    [[nodiscard]] bool is_held(std::int64_t index) noexcept {
        return slot(index).load(std::memory_order_relaxed) != nullptr;  // our own
    }

    Atomic<T*>& slot(std::int64_t index) noexcept {
        return slots_[static_cast<std::size_t>(index) & (kCapacity - 1)];
    }

    // Two cache lines apart, because the CPU fetches lines in pairs. Signed, as in WorkDeque.
    // Where thieves take; only grows. Moved by compare-exchange, by thieves and, for the last
    // item, by the owner.
    alignas(2 * kCacheLine) Atomic<std::int64_t> top_{0};
    // Where the owner works; written only by the owner.
    alignas(2 * kCacheLine) Atomic<std::int64_t> bottom_{0};
    // Owner only: no place below it, from top on, is held. Only grows.
    std::int64_t limit_ = kSize;
    alignas(2 * kCacheLine) std::array<Atomic<T*>, kCapacity> slots_{};
};

}  // namespace nebula::detail
