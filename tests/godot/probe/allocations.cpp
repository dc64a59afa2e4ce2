// SPDX-License-Identifier: MIT
#include "tests/godot/probe/allocations.hpp"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define NEBULA_ALLOCATIONS_UNCOUNTED 1
#endif
#endif

#if defined(NEBULA_ALLOCATIONS_UNCOUNTED)

std::int64_t nebula::godot::allocations() noexcept { return -1; }
bool nebula::godot::refuse_allocations(std::size_t) noexcept { return false; }

#else

#include <atomic>
#include <cstdlib>
#include <new>

namespace {
std::atomic<std::int64_t> count{0};
std::atomic<std::size_t> refused{0};
}  // namespace

// The library exports nothing but its entry, so these are its own and nobody else's.
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
    count.fetch_add(1, std::memory_order_relaxed);  // no partner: a statistic
    if (size != 0 && size == refused.load(std::memory_order_relaxed)) return nullptr;  // a switch
    return std::malloc(size != 0 ? size : 1);
}
void* operator new[](std::size_t size, const std::nothrow_t& tag) noexcept {
    return operator new(size, tag);
}
void* operator new(std::size_t size) {
    if (void* const memory = operator new(size, std::nothrow)) return memory;
    throw std::bad_alloc();
}
void* operator new[](std::size_t size) { return operator new(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

std::int64_t nebula::godot::allocations() noexcept { return count.load(std::memory_order_relaxed); }
bool nebula::godot::refuse_allocations(std::size_t size) noexcept {
    refused.store(size, std::memory_order_relaxed);  // no partner: a test's own thread looks
    return true;
}

#endif
