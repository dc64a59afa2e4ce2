// SPDX-License-Identifier: MIT
// A fence whose cost lies on one side: free where it runs a billion times, a system call where it
// is rare. Linux: membarrier(2), private expedited (4.14 and newer).
#pragma once

#include <atomic>

namespace nebula::detail {

/// Set by enable_asymmetric_fences(), before any thread that fences is started, and never again.
/// False on a kernel without membarrier, or in a sandbox that forbids it: then both halves are
/// full fences.
extern bool asymmetric_fences_enabled;

/// Asks the kernel, once.
///
/// Threads:   any thread.
void enable_asymmetric_fences() noexcept;

/// For the side that runs often. With heavy_fence() on the other side, the operations before and
/// after it are ordered as if both sides had executed a full fence (README, "Joins").
inline void light_fence() noexcept {
    if (asymmetric_fences_enabled) [[likely]]
        std::atomic_signal_fence(std::memory_order_seq_cst);
    else
        std::atomic_thread_fence(std::memory_order_seq_cst);
}

/// For the side that runs seldom: one to three microseconds, and an interrupt for every CPU that
/// runs a thread of this process.
void heavy_fence() noexcept;

}  // namespace nebula::detail
