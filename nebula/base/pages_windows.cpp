// SPDX-License-Identifier: MIT
#include "nebula/base/pages.hpp"

#include <windows.h>

#include <cstdint>
#include <new>

namespace nebula {

void* map_pages(std::size_t bytes) {
    // The system aligns to 64 KiB, and has no way to keep a part of what it gave. So for more, look
    // where twice as much fits, and ask again for the right part of it. Somebody else may be quicker.
    constexpr std::size_t granularity = std::size_t{64} * 1024;
    for (int attempt = 0; attempt < 16; ++attempt) {
        void* place = nullptr;
        if (bytes > granularity) {
            void* const room = VirtualAlloc(nullptr, 2 * bytes, MEM_RESERVE, PAGE_NOACCESS);
            if (room == nullptr) break;
            const std::uintptr_t up = reinterpret_cast<std::uintptr_t>(room) + bytes - 1;
            place = reinterpret_cast<void*>(up / bytes * bytes);
            VirtualFree(room, 0, MEM_RELEASE);
        }
        void* const pages = VirtualAlloc(place, bytes, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
        if (pages != nullptr) return pages;
        if (place == nullptr) break;
    }
    throw std::bad_alloc();
}

void unmap_pages(void* pages, std::size_t /*bytes*/) noexcept {
    VirtualFree(pages, 0, MEM_RELEASE);
}

// They need a privilege that players do not have.
void prefer_large_pages(void* /*pages*/, std::size_t /*bytes*/) noexcept {}

// Possible for pages of our own, in two calls between which a reader would crash; not for the heap's.
bool empty_pages(void* /*pages*/, std::size_t /*bytes*/) noexcept { return false; }

}  // namespace nebula
