// SPDX-License-Identifier: MIT
// Memory that comes from the system and goes back to it, past the heap: one source file per system.
#pragma once

#include <cstddef>

namespace nebula {

/// Pages of zeros for reading and writing, at an address that is a multiple of their size.
/// Free them with unmap_pages().
///
/// \param bytes  a power of two, 64 KiB at least.
/// Threads:   any thread.
/// Cost:      a system call or a few, and a fault for each page that is touched first.
/// Throws:    std::bad_alloc.
[[nodiscard]] void* map_pages(std::size_t bytes);
/// \param pages  what map_pages() has returned for as many bytes.
void unmap_pages(void* pages, std::size_t bytes) noexcept;

/// Asks for large pages below `pages`, of map_pages(). A system without them has small ones.
void prefer_large_pages(void* pages, std::size_t bytes) noexcept;

/// Gives the memory below `pages` back, of whichever allocator: it then reads as zeros, and is there
/// again when it is written. False, and nothing has changed, if the system cannot do that or if its
/// pages are larger than 4 KiB.
///
/// \param pages  a multiple of 4 KiB, and so are the bytes.
[[nodiscard]] bool empty_pages(void* pages, std::size_t bytes) noexcept;

}  // namespace nebula
