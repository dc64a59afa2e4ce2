// SPDX-License-Identifier: MIT
// Sleep on a 32-bit word until somebody says it changed: the kernel's futex, nothing more.
#pragma once

#include "nebula/base/clock.hpp"

#include <atomic>
#include <cstdint>

namespace nebula::detail {

/// Sleeps while `word` is `expected`, until woken or until `deadline` (never, if it is max()).
/// May return early for no reason: look at the word again.
///
/// Threads:   any thread.
void futex_wait(const std::atomic<std::uint32_t>& word, std::uint32_t expected,
                Clock::time_point deadline = Clock::time_point::max()) noexcept;

/// Wakes one sleeper of `word`, if there is one.
///
/// Threads:   any thread.
/// Lifetime:  the word must still be there: hold whatever keeps it alive.
void futex_wake_one(const std::atomic<std::uint32_t>& word) noexcept;

}  // namespace nebula::detail
