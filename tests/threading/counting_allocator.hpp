// SPDX-License-Identifier: MIT
// Linking counting_allocator.cpp replaces the program's allocator by one that counts.
#pragma once

#include <cstdint>

namespace nebula::test {

/// Calls of operator new so far, on all threads.
[[nodiscard]] std::uint64_t allocations() noexcept;

}  // namespace nebula::test
