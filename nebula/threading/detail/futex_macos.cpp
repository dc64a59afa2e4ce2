// SPDX-License-Identifier: MIT
// Written from the documentation: nobody has compiled or run this file yet. The calls came with macOS
// 14.4; older systems have nothing of the kind that is public.
#include "nebula/threading/detail/futex.hpp"

#include <os/os_sync_wait_on_address.h>

#include <chrono>

namespace nebula::detail {

static_assert(sizeof(std::atomic<std::uint32_t>) == sizeof(std::uint32_t),
              "the kernel reads the plain word, so the atomic must have the same size");

void futex_wait(const std::atomic<std::uint32_t>& word, std::uint32_t expected,
                Clock::time_point deadline) noexcept {
    auto* const address = const_cast<std::atomic<std::uint32_t>*>(&word);  // it is only read
    if (deadline == Clock::time_point::max()) {
        os_sync_wait_on_address(address, expected, sizeof expected, OS_SYNC_WAIT_ON_ADDRESS_NONE);
        return;
    }
    const auto left =
        std::chrono::duration_cast<std::chrono::nanoseconds>(deadline - Clock::now()).count();
    if (left <= 0) return;  // a wait of nothing would be an error
    os_sync_wait_on_address_with_timeout(address, expected, sizeof expected,
                                         OS_SYNC_WAIT_ON_ADDRESS_NONE, OS_CLOCK_MACH_ABSOLUTE_TIME,
                                         static_cast<std::uint64_t>(left));
}

void futex_wake_one(const std::atomic<std::uint32_t>& word) noexcept {
    os_sync_wake_by_address_any(const_cast<std::atomic<std::uint32_t>*>(&word), sizeof word,
                                OS_SYNC_WAKE_BY_ADDRESS_NONE);
}

}  // namespace nebula::detail
