// SPDX-License-Identifier: MIT
// A fence with its cost on one side: free on the side that runs a billion times, a system call on
// the rare side. Linux: membarrier(2), private expedited (4.14 and newer); Windows:
// FlushProcessWriteBuffers; macOS: a question to each thread that only a running kernel can answer.
#pragma once

#include "nebula/threading/detail/os_thread.hpp"

#include <atomic>

namespace nebula::detail {

/// Registers the process for heavy_fence(), once, without making the caller wait.
///
/// In a process with several threads the kernel takes 5 to 20 ms for this, all of it asleep, so a
/// short-lived thread does it. A process that still has one thread registers at once, which is
/// quick. Until it is done, asymmetric_fences_ready() is false, and branches are not stolen. Windows
/// and macOS need no registration.
///
/// Threads:   made and destroyed by the thread that owns the pool.
/// Lifetime:  the destructor joins the thread, if this one started it.
class FenceRegistration {
public:
    /// \param wanted  false: does nothing.
    explicit FenceRegistration(bool wanted) noexcept;
    ~FenceRegistration();
    FenceRegistration(const FenceRegistration&) = delete;
    FenceRegistration& operator=(const FenceRegistration&) = delete;

private:
    ThreadHandle thread_{};
    bool started_ = false;
};

/// Whether heavy_fence() works by now. Always false on a kernel without membarrier, or in a sandbox
/// that forbids it: light_fence() then orders nothing, and branches are not stolen.
///
/// Threads:   any thread.
/// Cost:      one load.
[[nodiscard]] bool asymmetric_fences_ready() noexcept;

/// The kernel's number of the thread that registered the process; 0 before, and where nobody has to.
/// For tests.
[[nodiscard]] long asymmetric_fence_registrar() noexcept;

/// For the side that runs often: orders only the compiler. With heavy_fence() on the other side,
/// the operations before and after it are ordered as if both sides had executed a full fence
/// (README, "Joins").
inline void light_fence() noexcept { std::atomic_signal_fence(std::memory_order_seq_cst); }

/// For the side that runs rarely: one to three microseconds, and an interrupt for every CPU that
/// runs a thread of this process. Call it only when asymmetric_fences_ready().
void heavy_fence() noexcept;

}  // namespace nebula::detail
