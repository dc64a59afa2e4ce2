// SPDX-License-Identifier: MIT
#include "counting_allocator.hpp"

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>
#include <utility>

namespace {

std::atomic<std::uint64_t> count{0};
// How many allocations of this thread succeed before one fails; negative: all do.
thread_local std::int64_t left = -1;

#if defined(_WIN32)
void* aligned(std::size_t alignment, std::size_t size) { return _aligned_malloc(size, alignment); }
void give_back(void* memory) noexcept { _aligned_free(memory); }
#else
void* aligned(std::size_t alignment, std::size_t size) {
    return std::aligned_alloc(alignment, size);
}
void give_back(void* memory) noexcept { std::free(memory); }
#endif

void* counted(std::size_t size, std::size_t alignment) {
    if (left >= 0 && left-- == 0) throw std::bad_alloc();
    // Relaxed: a number.
    count.fetch_add(1, std::memory_order_relaxed);
    const std::size_t rounded = (size + alignment - 1) / alignment * alignment;
    void* const memory = aligned(alignment, rounded != 0 ? rounded : alignment);
    if (memory == nullptr) throw std::bad_alloc();
    return memory;
}

}  // namespace

// noinline: g++ would see malloc's memory in the hands of operator delete and warn.
[[gnu::noinline]] void* operator new(std::size_t size) {
    return counted(size, alignof(std::max_align_t));
}
[[gnu::noinline]] void* operator new(std::size_t size, std::align_val_t alignment) {
    return counted(size, static_cast<std::size_t>(alignment));
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { give_back(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { give_back(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::align_val_t) noexcept {
    give_back(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
    give_back(memory);
}

namespace nebula::test {

std::uint64_t allocations() noexcept { return count.load(std::memory_order_relaxed); }

FailingAllocation::FailingAllocation(std::int64_t n) noexcept { left = n; }
FailingAllocation::~FailingAllocation() { left = -1; }
bool FailingAllocation::has_failed() const noexcept { return left < 0; }

SteadyAllocation::SteadyAllocation() noexcept : left_(std::exchange(left, -1)) {}
SteadyAllocation::~SteadyAllocation() { left = left_; }

}  // namespace nebula::test
