// SPDX-License-Identifier: MIT
// Places between atomic operations where a stress build may lose its turn.
#pragma once

#if defined(NEBULA_YIELD_POINTS)
#include <cstdint>
#include <thread>

namespace nebula::detail {

/// Gives up the time slice in about one of eight calls, by a per-thread generator. Races that stay
/// hidden for hours behind long time slices then appear within a fraction of a second.
inline void maybe_yield() noexcept {
    thread_local std::uint32_t state =
        static_cast<std::uint32_t>(std::hash<std::thread::id>{}(std::this_thread::get_id()) | 1U);
    state ^= state << 13U;
    state ^= state >> 17U;
    state ^= state << 5U;
    if ((state & 7U) == 0) std::this_thread::yield();
}

}  // namespace nebula::detail
#define NEBULA_YIELD_POINT() ::nebula::detail::maybe_yield()
#else
#define NEBULA_YIELD_POINT() ((void)0)
#endif
