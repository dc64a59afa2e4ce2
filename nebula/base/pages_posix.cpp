// SPDX-License-Identifier: MIT
#include "nebula/base/pages.hpp"

#include <sys/mman.h>

#include <cstdint>
#include <new>

namespace nebula {
namespace {

std::byte* map(std::size_t bytes) {
    void* const pages = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (pages == MAP_FAILED) throw std::bad_alloc();
    return static_cast<std::byte*>(pages);
}

}  // namespace

void* map_pages(std::size_t bytes) {
    // The kernel puts mappings next to each other, so after the first one this is usually enough.
    std::byte* pages = map(bytes);
    if (reinterpret_cast<std::uintptr_t>(pages) % bytes == 0) return pages;
    munmap(pages, bytes);
    pages = map(2 * bytes);
    const std::size_t before = -reinterpret_cast<std::uintptr_t>(pages) & (bytes - 1);
    if (before != 0) munmap(pages, before);
    munmap(pages + before + bytes, bytes - before);
    return pages + before;
}

void unmap_pages(void* pages, std::size_t bytes) noexcept { munmap(pages, bytes); }

}  // namespace nebula
