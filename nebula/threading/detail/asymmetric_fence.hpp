// SPDX-License-Identifier: MIT
// A fence whose cost lies on one side: free where it runs a billion times, a system call where it
// is rare. Linux: membarrier(2), private expedited (4.14 and newer).
#pragma once

#include <atomic>

namespace nebula::detail {

/// Asks the kernel for the heavy half, once. False on a kernel without membarrier, or in a sandbox
/// that forbids it: then nobody may rely on light_fence(), and branches are not stolen.
///
/// Threads:   any thread.
[[nodiscard]] bool enable_asymmetric_fences() noexcept;

/// For the side that runs often: orders for the compiler alone. With heavy_fence() on the other
/// side, the operations before and after it are ordered as if both sides had executed a full fence
/// (README, "Joins").
inline void light_fence() noexcept { std::atomic_signal_fence(std::memory_order_seq_cst); }

/// For the side that runs seldom: one to three microseconds, and an interrupt for every CPU that
/// runs a thread of this process.
void heavy_fence() noexcept;

}  // namespace nebula::detail
