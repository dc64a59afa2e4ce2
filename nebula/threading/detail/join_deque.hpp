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

template <class T>
struct JoinSteal {
    StealOutcome outcome = StealOutcome::Empty;
    T* item = nullptr;       ///< Null unless the outcome is Item.
    std::int64_t index = 0;  ///< Where it was pushed.
};

/// Chase-Lev deque whose owner pays no fence: three plain stores to push, two to pop. A thief pays
/// for both sides, by a heavy fence, and only where it has seen something to take.
///
/// Strictly nested: what is pushed is popped again by the same frame of the same thread.
///
/// An index whose item was stolen is *held*, with all that is kept for it modulo kCapacity, from
/// its push until come_back(). No index that shares its place is given out meanwhile.
///
/// Threads:   push, pop, come_back, depth: owner thread. steal, has_items: any thread.
/// Cost:      push and pop: no ordered operation but for the last item. steal: 1 to 3 µs.
/// Lifetime:  borrows its items. One that was stolen is the thief's until it says it is done.
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

    /// False when full, or the next place is held while others lie below it: the caller runs both
    /// branches itself, one after the other.
    /// \param depth  what the caller believes depth() to be; corrected if it is not. A belief kept
    ///               in a register is what makes a join cheap: the processor goes on with it while
    ///               it still checks, where it would have to wait for what it wrote a moment ago.
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

    /// Takes back the item that was pushed at `depth`, the last one. False when a thief has it.
    [[nodiscard]] bool pop(std::int64_t depth) noexcept {
        // Ordered against the load of top by the fence, whose other half is in steal. Release, as
        // in push: a thief may find a lower item by this value, and must see what was pushed.
        bottom_.store(depth, std::memory_order_release);
        Atomics::light_fence();
        const std::int64_t top = top_.load(std::memory_order_relaxed);
        if (top < depth) [[likely]]
            return true;
        return pop_last(depth, top);
    }

    /// The item that was pushed at `index` was stolen, and its thief has finished: the place may
    /// serve again. After all else that is kept for it has been put back.
    void come_back(std::int64_t index) noexcept {
        slot(index).store(nullptr, std::memory_order_relaxed);  // read by make_room() alone
    }

    /// The oldest item.
    [[nodiscard]] JoinSteal<T> steal() noexcept {
        return steal_if([] { return true; });
    }
    /// The same, if `wanted()` says so of what lies there at that moment: it is asked when the item
    /// has been seen, and what it says of the owner held while the item lay there.
    template <class Wanted>
    [[nodiscard]] JoinSteal<T> steal_if(const Wanted& wanted) noexcept {
        // Acquire, both: a thief that sees where another one left top sees also what the owner
        // had published for that one.
        std::int64_t top = top_.load(std::memory_order_acquire);
        if (top >= bottom_.load(std::memory_order_acquire)) return {};
        Atomics::heavy_fence();
        if (top >= bottom_.load(std::memory_order_acquire)) return {};
        // May be overwritten meanwhile, and then the exchange fails: not followed before it.
        T* const item = slot(top).load(std::memory_order_relaxed);
        Atomics::yield_point();
        if (!wanted()) return {};
        // Relaxed on failure: the value is not used.
        if (!top_.compare_exchange_strong(top, top + 1, std::memory_order_seq_cst,
                                          std::memory_order_relaxed))
            return {StealOutcome::Lost};
        return {StealOutcome::Item, item, top};
    }

    /// Stale at once, and no promise to anybody who goes to sleep on it. Relaxed: a guess.
    [[nodiscard]] bool has_items() const noexcept {
        return bottom_.load(std::memory_order_relaxed) > top_.load(std::memory_order_relaxed);
    }

private:
    // Moves limit_ up to the first index that is held, and tells where the next push goes. Top is
    // read relaxed: an old one is lower, and places are given back by the owner itself. README,
    // "Joins".
    [[nodiscard, gnu::noinline, gnu::cold]] std::int64_t make_room() noexcept {
        std::int64_t bottom = bottom_.load(std::memory_order_relaxed);
        std::int64_t top = top_.load(std::memory_order_relaxed);
        if (bottom == limit_ && bottom == top && is_held(bottom)) {
            // Empty, so an index may be left out: nobody moves top but us.
            std::int64_t next = bottom;
            while (next < bottom + kSize && is_held(next)) ++next;
            if (next == bottom + kSize) return bottom;
            top_.store(next, std::memory_order_relaxed);
            // Release pairs with the acquire in steal(): who sees it sees top, and no item below.
            bottom_.store(next, std::memory_order_release);
            limit_ = bottom = top = next;
        }
        while (limit_ < top + kSize && !is_held(limit_)) ++limit_;
        return bottom;
    }

    // Our item is the last one, or gone.
    [[nodiscard, gnu::noinline, gnu::cold]] bool pop_last(std::int64_t depth,
                                                          std::int64_t top) noexcept {
        bool ours = false;
        std::int64_t end = top;  // of an empty deque: thieves may have come further than `depth`
        if (top == depth) {
            Atomics::yield_point();
            // Who moves top has it. Acquire on failure, as in steal().
            ours = top_.compare_exchange_strong(top, top + 1, std::memory_order_seq_cst,
                                                std::memory_order_acquire);
            end = depth + 1;
            if (ours) come_back(depth);
        }
        // Empty now, so nobody finds anything by this value; release pairs with steal's loads.
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

    // Two lines apart: the CPU fetches lines in pairs. Signed, as in WorkDeque.
    // Where thieves take; only grows. Moved by compare-exchange, by thieves and, for the last
    // item, by the owner.
    alignas(2 * kCacheLine) Atomic<std::int64_t> top_{0};
    // Where the owner works; written by the owner alone.
    alignas(2 * kCacheLine) Atomic<std::int64_t> bottom_{0};
    // Owner only: no place below it, from top on, is held. Only grows.
    std::int64_t limit_ = kSize;
    alignas(2 * kCacheLine) std::array<Atomic<T*>, kCapacity> slots_{};
};

}  // namespace nebula::detail
