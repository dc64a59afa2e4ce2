// SPDX-License-Identifier: MIT
#include "nebula/threading/detail/futex.hpp"

#include <windows.h>

#include <algorithm>
#include <chrono>

namespace nebula::detail {

static_assert(sizeof(std::atomic<std::uint32_t>) == sizeof(std::uint32_t),
              "the system reads the plain word, so the atomic must have the same size");

void futex_wait(const std::atomic<std::uint32_t>& word, std::uint32_t expected,
                Clock::time_point deadline) noexcept {
    DWORD milliseconds = INFINITE;
    if (deadline != Clock::time_point::max()) {
        // Rounded up: a wait that ends before its deadline would be begun again at once.
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
        constexpr std::int64_t most = 1'000'000'000;  // eleven days, after which the caller looks
        if (left.count() <= 0) return;
        milliseconds = static_cast<DWORD>(std::min<std::int64_t>(left.count(), most));
    }
    auto* const address = const_cast<std::atomic<std::uint32_t>*>(&word);  // it is only read
    WaitOnAddress(address, &expected, sizeof expected, milliseconds);
}

void futex_wake_one(const std::atomic<std::uint32_t>& word) noexcept {
    WakeByAddressSingle(const_cast<std::atomic<std::uint32_t>*>(&word));
}

}  // namespace nebula::detail
