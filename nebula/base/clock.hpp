// SPDX-License-Identifier: MIT
// The one clock: monotonic, never adjusted.
#pragma once

#include <chrono>
#include <cstdint>

namespace nebula {

using Clock = std::chrono::steady_clock;

/// Nanoseconds since an arbitrary start, for counters that live in one atomic word.
[[nodiscard]] inline std::uint64_t now_ns() noexcept {
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now().time_since_epoch())
            .count());
}

}  // namespace nebula
