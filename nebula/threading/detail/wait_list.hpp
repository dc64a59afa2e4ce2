// SPDX-License-Identifier: MIT
// Threads that wait for something that a lock guards, longest waiting first.
#pragma once

#include "nebula/base/clock.hpp"
#include "nebula/threading/detail/atomics.hpp"

#include <atomic>
#include <cstdint>

namespace nebula::detail {

/// One sleeper, on its own stack.
///
/// Threads:   sleep, sleep_by: the sleeper, without the lock. The rest: under the lock of the list.
template <class Atomics>
class BasicSleeper {
    template <class V>
    using Atomic = typename Atomics::template Atomic<V>;

public:
    /// Returns when claimed or at the deadline. It may also be claimed just then: take the lock,
    /// leave the list, and check once more what you waited for.
    void sleep(Clock::time_point deadline) const noexcept {
        // Relaxed: what the claim stands for is read under the lock.
        while (claimed_.load(std::memory_order_relaxed) == 0) {
            Atomics::yield_point();
            if (!Atomics::sleep_until(claimed_, 0, deadline)) return;
        }
    }
    /// Returns when claimed. Sleeps by `sleep(word, expected)`, which may return early, and during
    /// which kNudge may be added to the word.
    template <class Sleep>
    void sleep_by(const Sleep& sleep) noexcept {
        // Relaxed: as above.
        for (std::uint32_t word = 0;
             !is_claimed(word = claimed_.load(std::memory_order_relaxed));) {
            Atomics::yield_point();
            sleep(claimed_, word);
        }
    }

    /// May be added to the word at any time during sleep_by().
    static constexpr std::uint32_t kNudge = 2;

private:
    template <class>
    friend class BasicWaitList;

    static constexpr std::uint32_t kClaimed = 1;
    [[nodiscard]] static bool is_claimed(std::uint32_t word) noexcept {
        return (word & kClaimed) != 0;
    }

    BasicSleeper* older_ = nullptr;
    BasicSleeper* younger_ = nullptr;
    Atomic<std::uint32_t> claimed_{0};  // kClaimed, set under the lock, plus any number of kNudge
};

/// The list of sleepers. A claim takes one off the list, so no thread is woken twice, and none is
/// woken if nobody sleeps.
///
/// Threads:   everything under the owner's lock; wake: after leaving it.
/// Lifetime:  borrows its sleepers, which leave before they return.
template <class Atomics>
class BasicWaitList {
    using Sleeper = BasicSleeper<Atomics>;

public:
    /// The word of a claimed sleeper, or null. The sleeper may be gone when it is woken; the kernel
    /// then finds nobody at that address, and reads none of our memory.
    using Claim = const typename Atomics::template Atomic<std::uint32_t>*;

    void add(Sleeper& sleeper) noexcept {
        sleeper.older_ = youngest_;
        (youngest_ != nullptr ? youngest_->younger_ : oldest_) = &sleeper;
        youngest_ = &sleeper;
    }

    /// Every sleeper calls it once, after its sleep.
    void leave(Sleeper& sleeper) noexcept {
        // Relaxed: under the lock.
        if (!Sleeper::is_claimed(sleeper.claimed_.load(std::memory_order_relaxed))) unlink(sleeper);
    }

    [[nodiscard]] Claim claim_oldest() noexcept {
        Sleeper* const sleeper = oldest_;
        if (sleeper == nullptr) return nullptr;
        unlink(*sleeper);
        // Read again under the lock. A nudge that it overwrites would wake the same thread.
        sleeper->claimed_.store(Sleeper::kClaimed, std::memory_order_relaxed);
        return &sleeper->claimed_;
    }

    static void wake(Claim claim) noexcept {
        if (claim == nullptr) return;
        Atomics::yield_point();
        Atomics::wake_one(*claim);
    }

private:
    void unlink(Sleeper& sleeper) noexcept {
        (sleeper.older_ != nullptr ? sleeper.older_->younger_ : oldest_) = sleeper.younger_;
        (sleeper.younger_ != nullptr ? sleeper.younger_->older_ : youngest_) = sleeper.older_;
    }

    Sleeper* oldest_ = nullptr;
    Sleeper* youngest_ = nullptr;
};

using Sleeper = BasicSleeper<MachineAtomics>;
using WaitList = BasicWaitList<MachineAtomics>;

}  // namespace nebula::detail
