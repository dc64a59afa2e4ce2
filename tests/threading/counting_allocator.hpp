// SPDX-License-Identifier: MIT
// Linking counting_allocator.cpp replaces the program's allocator by one that counts, and that fails
// when it is told to.
#pragma once

#include <cstdint>

namespace nebula::test {

/// Calls of operator new so far, on all threads.
[[nodiscard]] std::uint64_t allocations() noexcept;

/// While it lives, allocation number `n` of this thread, from 0, throws std::bad_alloc.
class FailingAllocation {
public:
    explicit FailingAllocation(std::int64_t n) noexcept;
    ~FailingAllocation();
    FailingAllocation(const FailingAllocation&) = delete;
    FailingAllocation& operator=(const FailingAllocation&) = delete;

    [[nodiscard]] bool has_failed() const noexcept;
};

/// While it lives, within a FailingAllocation, allocations do not fail and do not count for it.
class SteadyAllocation {
public:
    SteadyAllocation() noexcept;
    ~SteadyAllocation();
    SteadyAllocation(const SteadyAllocation&) = delete;
    SteadyAllocation& operator=(const SteadyAllocation&) = delete;

private:
    std::int64_t left_;
};

}  // namespace nebula::test
