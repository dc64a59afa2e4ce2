// SPDX-License-Identifier: MIT
// For the tests, where the C++ runtime is that of g++ 12 and the system is Windows. Its std::atomic::wait(),
// std::latch and std::barrier lose wake-ups there: without a futex, they look at the value before they
// take the lock under which they sleep. Nebula uses none of them, but its tests do. So they get the calls
// that the runtime asks for where there is something better than a lock. Included before all else.
#pragma once
#pragma GCC system_header  // the names are the runtime's

#include <algorithm>
#include <chrono>
#include <cstdint>

extern "C" {
int WaitOnAddress(volatile void* address, void* compared, unsigned long long bytes,
                  unsigned long milliseconds);
void WakeByAddressSingle(void* address);
void WakeByAddressAll(void* address);
}

#if defined(_GLIBCXX_ATOMIC_WAIT_H)
#error "include this first"
#endif
#define _GLIBCXX_HAVE_PLATFORM_WAIT 1
#define _GLIBCXX_HAVE_PLATFORM_TIMED_WAIT 1

namespace std::__detail {

inline void __platform_wait(const std::uint64_t* address, std::uint64_t expected) noexcept {
    constexpr unsigned long for_ever = 0xFFFFFFFF;
    WaitOnAddress(const_cast<std::uint64_t*>(address), &expected, sizeof expected, for_ever);
}

/// True if it ended before the time was over.
template <class ItsClock, class Duration>
bool __platform_wait_until(const std::uint64_t* address, std::uint64_t expected,
                           const chrono::time_point<ItsClock, Duration>& deadline) {
    const auto left = chrono::ceil<chrono::milliseconds>(deadline - ItsClock::now()).count();
    const auto wait = static_cast<unsigned long>(std::clamp<std::int64_t>(left, 0, 1'000'000'000));
    WaitOnAddress(const_cast<std::uint64_t*>(address), &expected, sizeof expected, wait);
    return ItsClock::now() < deadline;
}

inline void __platform_notify(const std::uint64_t* address, bool all) noexcept {
    auto* const word = const_cast<std::uint64_t*>(address);
    all ? WakeByAddressAll(word) : WakeByAddressSingle(word);
}

}  // namespace std::__detail
