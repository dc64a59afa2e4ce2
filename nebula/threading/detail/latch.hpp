// SPDX-License-Identifier: MIT
// The thread that waits for a group sleeps on this. README.md, "Groups".
#pragma once

#include "nebula/base/clock.hpp"
#include "nebula/threading/detail/atomics.hpp"

#include <atomic>
#include <cstdint>

namespace nebula::detail {

/// A counter that a thread can sleep on until it changes. epoch() and advance() are called under
/// the lock of the latch's owner; wait() and wake() after leaving it.
///
/// Threads:   one waiter; advance and wake: any thread.
/// Lifetime:  the waking thread holds a reference to the owner, because the waiter may be gone.
template <class Atomics>
class BasicLatch {
    template <class V>
    using Atomic = typename Atomics::template Atomic<V>;

public:
    // Relaxed, all three: read and changed under the owner's lock; wait() only compares.
    [[nodiscard]] std::uint32_t epoch() const noexcept {
        return epoch_.load(std::memory_order_relaxed);
    }
    void advance() noexcept {
        epoch_.store(epoch_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    }

    /// Sleeps until the epoch is not `epoch` any more or the deadline comes; may return early.
    void wait(std::uint32_t epoch, Clock::time_point deadline) const noexcept {
        Atomics::yield_point();
        Atomics::sleep_until(epoch_, epoch, deadline);
    }
    /// The counter, for a wait that does more than sleep.
    [[nodiscard]] Atomic<std::uint32_t>& word() noexcept { return epoch_; }
    void wake() const noexcept {
        Atomics::yield_point();
        Atomics::wake_one(epoch_);
    }

private:
    Atomic<std::uint32_t> epoch_{0};
};

using Latch = BasicLatch<MachineAtomics>;

}  // namespace nebula::detail
