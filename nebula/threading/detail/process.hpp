// SPDX-License-Identifier: MIT
// What fork() and exit() mean for threads of a pool. README.md, "fork() and exit()".
#pragma once

#include <atomic>
#include <cstdint>

namespace nebula::detail {

/// How many forks lie between this process and the one with the first pool. Written by the child's
/// only thread, before it can use anything.
extern std::atomic<std::uint32_t> fork_depth;

/// The process that created a pool and in which its threads run.
///
/// Threads:   any thread.
/// Cost:      is_here: one load.
class HomeProcess {
public:
    HomeProcess() noexcept;

    /// False in a child of fork().
    [[nodiscard]] bool is_here() const noexcept {
        // Relaxed: only a fork changes it, and a fork copies one thread with everything it has
        // seen.
        return depth_ == fork_depth.load(std::memory_order_relaxed);
    }
    /// Ends a child of fork() that uses the pool, and says why.
    void require() const noexcept {
        if (!is_here()) [[unlikely]]
            fail();
    }

private:
    [[noreturn, gnu::cold, gnu::noinline]] static void fail() noexcept;

    const std::uint32_t depth_;
};

/// Called on each thread that a pool starts, before it runs user code: from then on
/// exit_was_called_here() notices an exit() on that thread.
void watch_for_exit_here() noexcept;
/// Whether the calling thread belongs to a pool and has called exit(): it never returns from there,
/// so nobody may wait for it.
[[nodiscard]] bool exit_was_called_here() noexcept;

/// Keeps the memory of a pool that could not be ended where a leak checker finds it.
void keep_until_process_ends(void* memory) noexcept;

}  // namespace nebula::detail
