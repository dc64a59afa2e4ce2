// SPDX-License-Identifier: MIT
#include "nebula/godot/probe/allocations.hpp"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define NEBULA_ALLOCATIONS_UNCOUNTED 1
#endif
#endif

#if defined(NEBULA_ALLOCATIONS_UNCOUNTED)

std::int64_t nebula::godot::allocations() noexcept { return -1; }

#else

#include <atomic>
#include <cstdlib>
#include <new>

namespace {
std::atomic<std::int64_t> count{0};
}  // namespace

// The library exports nothing but its entry, so these are its own and nobody else's.
void* operator new(std::size_t size) {
    count.fetch_add(1, std::memory_order_relaxed);  // no partner: a statistic
    if (void* const memory = std::malloc(size != 0 ? size : 1)) return memory;
    throw std::bad_alloc();
}
void* operator new[](std::size_t size) { return operator new(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

std::int64_t nebula::godot::allocations() noexcept { return count.load(std::memory_order_relaxed); }

#endif
