// SPDX-License-Identifier: MIT
#include "nebula/base/pages.hpp"

#include <sys/mman.h>
#include <unistd.h>

namespace nebula {

void prefer_large_pages(void* pages, std::size_t bytes) noexcept {
    (void)madvise(pages, bytes, MADV_HUGEPAGE);
}

bool empty_pages(void* pages, std::size_t bytes) noexcept {
    static const bool kPagesFit = sysconf(_SC_PAGESIZE) == 4096;
    return kPagesFit && madvise(pages, bytes, MADV_DONTNEED) == 0;
}

}  // namespace nebula
