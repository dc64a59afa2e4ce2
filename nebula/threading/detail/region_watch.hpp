// SPDX-License-Identifier: MIT
// Joins wake nobody, so one worker watches for branches. README.md, "Joins".
#pragma once

#include "nebula/threading/detail/atomics.hpp"

#include <atomic>

namespace nebula::detail {

/// Whether the thread of a seat is inside a join. It is separate from RegionWatch because each
/// thread writes its own.
///
/// Threads:   active: any thread. The rest: the seat's thread.
template <class Atomics>
class BasicRegionFlag {
    template <class V>
    using Atomic = typename Atomics::template Atomic<V>;

public:
    /// Seq_cst, like active(): ordered with RegionWatch.
    void raise() noexcept { inside_.store(true, std::memory_order_seq_cst); }
    /// Release: there is nothing left to see, so it does not matter when it is seen.
    void lower() noexcept { inside_.store(false, std::memory_order_release); }
    /// Relaxed: our own.
    [[nodiscard]] bool raised_by_us() const noexcept {
        return inside_.load(std::memory_order_relaxed);
    }
    [[nodiscard]] bool active() const noexcept { return inside_.load(std::memory_order_seq_cst); }

private:
    Atomic<bool> inside_{false};
};

/// The watcher: one parked worker that naps instead of sleeping while any flag is raised. A thread
/// that raises a flag checks whether there is a watcher; a watcher that sees no flag lets go, and
/// looks once more. All is sequentially consistent, so one of the two sees the other.
///
/// Threads:   enter, watched: any thread. The rest: a worker that has announced its park.
template <class Atomics>
class BasicRegionWatch {
    template <class V>
    using Atomic = typename Atomics::template Atomic<V>;

public:
    /// Raises a flag. True: nobody watches, and the caller must wake a worker.
    [[nodiscard]] bool enter(BasicRegionFlag<Atomics>& flag) noexcept {
        flag.raise();
        Atomics::yield_point();
        return !watched_.load(std::memory_order_seq_cst);
    }

    /// True: the caller is the watcher now. `any_active` asks active() of every flag.
    template <class AnyActive>
    [[nodiscard]] bool begin(const AnyActive& any_active) noexcept {
        return any_active() && take();
    }
    /// The watcher leaves for other work; afterwards it wakes the next one if one is needed.
    void let_go() noexcept { watched_.store(false, std::memory_order_seq_cst); }
    /// The watcher has seen no flag. True: it is not the watcher any more, and may sleep.
    template <class AnyActive>
    [[nodiscard]] bool end(const AnyActive& any_active) noexcept {
        let_go();
        Atomics::yield_point();
        // A thread that entered before it saw that has woken nobody.
        return !any_active() || !take();
    }

    /// Relaxed: a watcher that lets go wakes its successor itself.
    [[nodiscard]] bool watched() const noexcept { return watched_.load(std::memory_order_relaxed); }

private:
    [[nodiscard]] bool take() noexcept {
        return !watched_.exchange(true, std::memory_order_seq_cst);
    }

    Atomic<bool> watched_{false};
};

using RegionFlag = BasicRegionFlag<MachineAtomics>;
using RegionWatch = BasicRegionWatch<MachineAtomics>;

}  // namespace nebula::detail
