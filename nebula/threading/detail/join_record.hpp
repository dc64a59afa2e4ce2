// SPDX-License-Identifier: MIT
// One forked branch: who has it, and how its owner learns that it has ended. README.md, "Joins".
#pragma once

#include "nebula/threading/detail/atomics.hpp"

#include <cstdint>

namespace nebula::detail {

/// The word between the owner of a branch and the thief that took it. `Thief` is whatever the owner
/// looks at while it waits; its address must be even.
///
/// The word is 0 until a thief took the branch, then the thief's address, at last kDone. The lowest
/// bit says that the owner sleeps, on a word of its own (`bell`): this one may serve another branch
/// as soon as the owner has seen kDone, so the thief's exchange is its last touch.
///
/// Threads:   taken_by, finish: the thief. The rest: the owner.
template <class Thief, class Atomics = MachineAtomics>
class JoinState {
    template <class V>
    using Atomic = typename Atomics::template Atomic<V>;

public:
    void taken_by(Thief& thief) noexcept {
        // Or, not store: the owner may have announced its sleep already. Release pairs with the
        // acquire in thief(): the address is followed.
        word_.fetch_or(address(thief), std::memory_order_release);
    }

    /// All the branch has done happens before the owner's done(). `bell` is the owner's.
    void finish(Atomic<std::uint32_t>& bell) noexcept {
        Atomics::yield_point();
        // Release pairs with the acquire in done(). Acquire pairs with the release in
        // announce_sleep(): the bell's count that the owner read is older than ours.
        if ((word_.exchange(kDone, std::memory_order_acq_rel) & kSleeping) != 0) {
            // Not ours any more.
            Atomics::yield_point();
            // Release pairs with the acquire in ring_count(): an owner that reads the new count
            // reads kDone after it.
            bell.fetch_add(1, std::memory_order_release);
            Atomics::wake_one(bell);
        }
    }

    [[nodiscard]] bool done() const noexcept {
        return (word_.load(std::memory_order_acquire) & ~kSleeping) == kDone;
    }
    /// Null until the thief has told, and when it has finished.
    [[nodiscard]] Thief* thief() const noexcept {
        const std::uintptr_t word = word_.load(std::memory_order_acquire) & ~kSleeping;
        return word != kDone ? to_thief(word) : nullptr;
    }

    /// To be read before announce_sleep(), and slept on after it.
    [[nodiscard]] static std::uint32_t ring_count(const Atomic<std::uint32_t>& bell) noexcept {
        return bell.load(std::memory_order_acquire);
    }
    /// False: done meanwhile, do not sleep. True: the thief will ring the bell.
    [[nodiscard]] bool announce_sleep() noexcept {
        Atomics::yield_point();
        return (word_.fetch_or(kSleeping, std::memory_order_acq_rel) & ~kSleeping) != kDone;
    }

    /// For the next branch. Relaxed: its thief gets to know of it by the deque.
    void reset() noexcept { word_.store(0, std::memory_order_relaxed); }

private:
    static constexpr std::uintptr_t kSleeping = 1;
    static constexpr std::uintptr_t kDone = 2;

    static std::uintptr_t address(Thief& thief) noexcept {
        return reinterpret_cast<std::uintptr_t>(&thief);
    }
    static Thief* to_thief(std::uintptr_t word) noexcept {
        return reinterpret_cast<Thief*>(word);  // NOLINT(performance-no-int-to-ptr)
    }

    Atomic<std::uintptr_t> word_{0};
};

}  // namespace nebula::detail
