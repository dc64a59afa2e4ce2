// SPDX-License-Identifier: MIT
#include "nebula/threading/detail/futex.hpp"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <ctime>

namespace nebula::detail {

static_assert(sizeof(std::atomic<std::uint32_t>) == sizeof(std::uint32_t),
              "the kernel reads the plain word, so the atomic must have the same size");

void futex_wait(const std::atomic<std::uint32_t>& word, std::uint32_t expected,
                Clock::time_point deadline) noexcept {
    timespec until{};
    timespec* until_or_never = nullptr;
    if (deadline != Clock::time_point::max()) {
        using std::chrono::duration_cast;
        const auto since_start = deadline.time_since_epoch();
        const auto seconds = std::chrono::floor<std::chrono::seconds>(since_start);
        if (seconds.count() < 0) return;  // long past; the kernel would call it invalid
        until.tv_sec = static_cast<time_t>(seconds.count());
        until.tv_nsec = static_cast<long>(
            duration_cast<std::chrono::nanoseconds>(since_start - seconds).count());
        until_or_never = &until;
    }
    // The bitset form takes an absolute time on CLOCK_MONOTONIC, which is what Clock is.
    syscall(SYS_futex, &word, FUTEX_WAIT_BITSET_PRIVATE, expected, until_or_never, nullptr,
            FUTEX_BITSET_MATCH_ANY);
}

void futex_wake_one(const std::atomic<std::uint32_t>& word) noexcept {
    syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
}

}  // namespace nebula::detail
