// SPDX-License-Identifier: MIT
// Sleeps on a 32-bit word until another thread says that it has changed: the futex of Linux,
// WaitOnAddress of Windows, os_sync_wait_on_address of macOS.
#pragma once

#include "nebula/base/clock.hpp"

#include <atomic>
#include <cstdint>

namespace nebula::detail {

/// Sleeps while `word` is `expected`, until woken or until `deadline` (never, if it is max()).
/// May return early for no reason, so check the word again.
///
/// Threads:   any thread.
void futex_wait(const std::atomic<std::uint32_t>& word, std::uint32_t expected,
                Clock::time_point deadline = Clock::time_point::max()) noexcept;

/// Wakes one thread that sleeps on `word`, if there is one.
///
/// Threads:   any thread.
/// Lifetime:  the word must still exist: hold whatever keeps it alive.
void futex_wake_one(const std::atomic<std::uint32_t>& word) noexcept;

}  // namespace nebula::detail
