// SPDX-License-Identifier: MIT
// What the pool asks of the system about threads: one source file per system.
#pragma once

#include "nebula/base/clock.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#if defined(__linux__)
#include <pthread.h>
#endif

namespace nebula::detail {

/// A thread that was started here and not joined yet.
#if defined(__linux__)
using ThreadHandle = pthread_t;
#else
using ThreadHandle = void*;
#endif

/// Starts `entry(argument)` on a thread with at least `stack_size_bytes` of usable stack. If the
/// calling thread is pinned, the new thread gets the CPUs that the caller had before.
/// \throws std::system_error if the system refuses.
[[nodiscard]] ThreadHandle start_thread(void* (*entry)(void*), void* argument,
                                        std::size_t stack_size_bytes);
/// Waits for the end of a thread and forgets it.
void join_thread(ThreadHandle thread) noexcept;
/// The same until `deadline`. False if the thread runs on; it must then be joined later.
[[nodiscard]] bool join_thread_until(ThreadHandle thread, Clock::time_point deadline) noexcept;

/// For a thread that must not go on.
[[noreturn]] void sleep_forever() noexcept;

/// Names the calling thread; `name` must have at most 15 bytes.
void name_this_thread(const std::string& name) noexcept;
/// What the system calls the calling thread; empty if nobody has named it.
[[nodiscard]] std::string this_thread_name();

/// The system's number of the calling thread; on Linux as in /proc/self/task.
[[nodiscard]] long this_thread_os_id() noexcept;
/// Whether the calling thread is the one with which the process began. On Windows, where no thread
/// has this distinction, it is the one that loaded this library.
[[nodiscard]] bool is_main_thread() noexcept;
/// The system's number of this process.
[[nodiscard]] long this_process_id() noexcept;

/// The addresses of the calling thread's stack. {0, 1}, which holds no object, if unknown.
struct StackRange {
    std::uintptr_t low = 0;
    std::uintptr_t high = 1;
};
[[nodiscard]] StackRange this_stack() noexcept;

/// Keeps the calling thread on the `index`-th CPU of its affinity mask, wrapping around. False if
/// the system refuses.
[[nodiscard]] bool pin_this_thread(std::size_t index) noexcept;
/// How many CPUs the calling thread may use, or might before pin_this_thread(); at least 1.
[[nodiscard]] int allowed_cpus() noexcept;
/// The limit, in CPUs, that a Windows job sets for its processes; empty elsewhere. Control groups are
/// cgroup_cpu_quota()'s.
[[nodiscard]] std::optional<double> job_cpu_quota() noexcept;

/// Sets the OS priority of the calling thread only. Without privileges it can be lowered but never
/// raised again.
void set_this_thread_nice(int nice) noexcept;

/// Has `function` called in every child of fork(), on its only thread, where there is a fork().
/// Without memory it does nothing.
void call_in_children(void (*function)()) noexcept;

/// "{prefix}-{index}" in at most 15 bytes. Linux refuses longer names, so the prefix is cut, and the
/// index, which tells the threads apart, is kept.
[[nodiscard]] std::string os_thread_name(std::string_view prefix, std::size_t index);

}  // namespace nebula::detail
