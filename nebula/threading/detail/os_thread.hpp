// SPDX-License-Identifier: MIT
// Threads with a given stack size and a name that fits into the kernel.
#pragma once

#include <pthread.h>

#include <cstddef>
#include <string>
#include <string_view>

namespace nebula::detail {

/// Starts `entry(argument)` on a thread with at least `stack_size_bytes` of usable stack. If the
/// calling thread is pinned, the new thread gets the CPUs that the caller had before.
/// \throws std::system_error if the system refuses.
[[nodiscard]] pthread_t start_thread(void* (*entry)(void*), void* argument,
                                     std::size_t stack_size_bytes);

/// Names the calling thread; `name` must have at most 15 bytes.
void name_this_thread(const std::string& name) noexcept;

/// The kernel's number of the calling thread, as in /proc/self/task.
[[nodiscard]] long this_thread_os_id() noexcept;

/// Keeps the calling thread on the `index`-th CPU of its affinity mask, wrapping around. False if
/// the system refuses.
[[nodiscard]] bool pin_this_thread(std::size_t index) noexcept;
/// How many CPUs the calling thread had before pin_this_thread(); 0 if it was not pinned.
[[nodiscard]] int cpus_before_pinning() noexcept;

/// Sets the OS priority of the calling thread only. Without privileges it can be lowered but never
/// raised again.
void set_this_thread_nice(int nice) noexcept;

/// "{prefix}-{index}" in at most 15 bytes. The kernel refuses longer names, so the prefix is cut,
/// and the index, which tells the threads apart, is kept.
[[nodiscard]] std::string os_thread_name(std::string_view prefix, std::size_t index);

}  // namespace nebula::detail
