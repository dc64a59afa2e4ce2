// SPDX-License-Identifier: MIT
// Who looks for branches, since joins wake nobody. README.md, "Joins".
#pragma once

#include "nebula/threading/detail/atomics.hpp"

namespace nebula::detail {

/// Whether the thread of a seat is inside a join. One word, apart from RegionWatch: each thread
/// writes its own.
///
/// Threads:   active: any thread. The rest: the seat's.
template <class Atomics>
class BasicRegionFlag {
    template <class V>
    using Atomic = typename Atomics::template Atomic<V>;

public:
    /// Seq_cst, as active(): with RegionWatch.
    void raise() noexcept { inside_.store(true, std::memory_order_seq_cst); }
    /// Release: nothing is to be seen any more, whenever it is seen.
    void lower() noexcept { inside_.store(false, std::memory_order_release); }
    /// Relaxed: our own.
    [[nodiscard]] bool raised_by_us() const noexcept {
        return inside_.load(std::memory_order_relaxed);
    }
    [[nodiscard]] bool active() const noexcept { return inside_.load(std::memory_order_seq_cst); }

private:
    Atomic<bool> inside_{false};
};

/// The watcher: one parked worker that naps instead of sleeping while any flag is up. Whoever
/// raises a flag asks whether there is one; a watcher that sees no flag lets go, and looks once
/// more. All is sequentially consistent, so one of the two sees the other.
///
/// Threads:   enter, watched: any thread. The rest: a worker that has announced its park.
template <class Atomics>
class BasicRegionWatch {
    template <class V>
    using Atomic = typename Atomics::template Atomic<V>;

public:
    /// Raises a flag. True: nobody watches, and the caller wakes a worker.
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
    /// The watcher goes for other work; once it is on its way, it wakes the next if one is needed.
    void let_go() noexcept { watched_.store(false, std::memory_order_seq_cst); }
    /// The watcher has seen no flag. True: it is no watcher any more, and may sleep.
    template <class AnyActive>
    [[nodiscard]] bool end(const AnyActive& any_active) noexcept {
        let_go();
        Atomics::yield_point();
        // Who entered before it saw that has woken nobody.
        return !any_active() || !take();
    }

    /// Relaxed: who lets go looks after its successor itself.
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
