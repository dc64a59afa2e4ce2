// SPDX-License-Identifier: MIT
// The kernel's counters of our worker threads, for comparison with the pool's own counters.
#pragma once

#include <cstdint>

namespace nebula::godot {

struct KernelThreadStats {
    std::uint64_t wakeups = 0;   ///< How often it slept and was woken (voluntary switches).
    std::uint64_t cpu_usec = 0;  ///< Time on a CPU.
};

/// Zero if the thread is gone or the kernel does not keep such counters.
[[nodiscard]] KernelThreadStats kernel_thread_stats(long os_thread_id);

}  // namespace nebula::godot
