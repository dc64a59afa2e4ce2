// SPDX-License-Identifier: MIT
// A library of its own, because it has to stand in two places. The engine loads extensions with
// RTLD_DEEPBIND: the extension finds operator new in what it links before anything that is
// preloaded, so it links this, before the C++ runtime. What the C++ runtime allocates for us
// (std::string) goes by the process's order, so this is preloaded as well. What the engine itself
// allocates goes to malloc and is not counted.
//
// It must not need the C++ runtime: built with -nostdlib++.
#include "bench/task/counting_allocator.hpp"

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>

namespace {

// Relaxed all over: a switch and a number.
std::atomic<bool> counting{false};
std::atomic<long long> count{0};

void* counted(void* memory) noexcept {
    if (counting.load(std::memory_order_relaxed)) count.fetch_add(1, std::memory_order_relaxed);
    if (memory == nullptr) std::abort();
    return memory;
}

}  // namespace

// The matching operator delete is the C++ runtime's, which calls free().
[[gnu::visibility("default")]] void* operator new(std::size_t size) {
    return counted(std::malloc(size != 0 ? size : 1));
}
[[gnu::visibility("default")]] void* operator new(std::size_t size, std::align_val_t alignment) {
    const auto step = static_cast<std::size_t>(alignment);
    return counted(std::aligned_alloc(step, (size + step - 1) / step * step));
}

[[gnu::visibility("default")]] void nebula_bench_count_allocations(bool on) noexcept {
    if (on) count.store(0, std::memory_order_relaxed);
    counting.store(on, std::memory_order_relaxed);
}

[[gnu::visibility("default")]] long long nebula_bench_allocations() noexcept {
    return count.load(std::memory_order_relaxed);
}
