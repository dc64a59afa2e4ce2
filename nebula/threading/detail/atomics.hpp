// SPDX-License-Identifier: MIT
// The atomics, fences and sleeps that the protocols use: those of the machine, or of a model.
#pragma once

#include "nebula/base/clock.hpp"
#include "nebula/base/yield_point.hpp"
#include "nebula/threading/detail/asymmetric_fence.hpp"
#include "nebula/threading/detail/futex.hpp"

#include <atomic>
#include <cstdint>

namespace nebula::detail {

/// The real machine. A protocol is a template over such a struct and touches shared words only
/// through it. So tests/threading/model can run it on atomics whose interleavings, including store
/// buffers, an explorer tries one after the other.
///
/// Threads:   any thread.
struct MachineAtomics {
    template <class T>
    using Atomic = std::atomic<T>;

    /// The owner's half of an asymmetric fence: orders only the compiler.
    static void light_fence() noexcept { nebula::detail::light_fence(); }
    /// The thief's half: as if every thread of the process had executed a full fence at one moment
    /// between the thief's operations before and after it.
    static void heavy_fence() noexcept { nebula::detail::heavy_fence(); }

    /// Sleeps while `word` is `expected`; may return early.
    static void sleep(const Atomic<std::uint32_t>& word, std::uint32_t expected) noexcept {
        futex_wait(word, expected);
    }
    /// The same with a deadline, which is checked before the sleep. False if it has passed.
    static bool sleep_until(const Atomic<std::uint32_t>& word, std::uint32_t expected,
                            Clock::time_point deadline) noexcept {
        if (deadline != Clock::time_point::max() && Clock::now() >= deadline) return false;
        futex_wait(word, expected, deadline);
        return true;
    }
    static void wake_one(const Atomic<std::uint32_t>& word) noexcept { futex_wake_one(word); }

    /// A place where a stress build may yield. The model has one at every operation.
    static void yield_point() noexcept { NEBULA_YIELD_POINT(); }
};

}  // namespace nebula::detail
