// SPDX-License-Identifier: MIT
// What the kernel says of our workers, to be held against what they say of themselves.
#pragma once

#include <cstdint>

namespace nebula::godot {

struct KernelThreadStats {
    std::uint64_t wakeups = 0;   ///< Times the thread slept and was woken (voluntary switches).
    std::uint64_t cpu_usec = 0;  ///< Time on a CPU.
};

/// Zero when the thread is gone or the kernel keeps no such figures.
[[nodiscard]] KernelThreadStats kernel_thread_stats(long os_thread_id);

}  // namespace nebula::godot
