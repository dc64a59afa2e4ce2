// SPDX-License-Identifier: MIT
// One forked branch: who has it, and how its owner learns that it has ended. README.md, "Joins".
#pragma once

#include "nebula/threading/detail/atomics.hpp"

#include <atomic>
#include <cstdint>

namespace nebula::detail {

/// The word between the owner of a branch and the thief that took it. `Thief` is what the owner
/// looks at while it waits; its address must be even.
///
/// The word is 0 until a thief takes the branch, then the thief's address, and finally kDone. The
/// lowest bit says that the owner sleeps, on a word of its own (`bell`): this word may be used for
/// another branch as soon as the owner has seen kDone, so the thief must not touch it after its
/// exchange.
///
/// Threads:   taken_by, finish: the thief. The rest: the owner.
template <class Thief, class Atomics = MachineAtomics>
class JoinState {
    template <class V>
    using Atomic = typename Atomics::template Atomic<V>;

public:
    void taken_by(Thief& thief) noexcept {
        // Or, not store: the owner may already have announced its sleep. Release pairs with the
        // acquire in thief(), which follows the address.
        word_.fetch_or(address(thief), std::memory_order_release);
    }

    /// Everything that the branch did happens before the owner's done(). `bell` is the owner's.
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
    /// Null until the thief has called taken_by(), and after it has finished.
    [[nodiscard]] Thief* thief() const noexcept {
        const std::uintptr_t word = word_.load(std::memory_order_acquire) & ~kSleeping;
        return word != kDone ? to_thief(word) : nullptr;
    }

    /// Read it before announce_sleep(), and sleep on it afterwards.
    [[nodiscard]] static std::uint32_t ring_count(const Atomic<std::uint32_t>& bell) noexcept {
        return bell.load(std::memory_order_acquire);
    }
    /// False: it is done, do not sleep. True: the thief will ring the bell.
    [[nodiscard]] bool announce_sleep() noexcept {
        Atomics::yield_point();
        return (word_.fetch_or(kSleeping, std::memory_order_acq_rel) & ~kSleeping) != kDone;
    }

    /// For the next branch. Relaxed: its thief learns of it through the deque.
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
