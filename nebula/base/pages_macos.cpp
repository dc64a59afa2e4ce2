// SPDX-License-Identifier: MIT
// Written from the documentation: nobody has compiled or run this file yet.
#include "nebula/base/pages.hpp"

namespace nebula {

void prefer_large_pages(void* /*pages*/, std::size_t /*bytes*/) noexcept {}

// Its pages have 16 KiB on ARM, and its madvise() promises no zeros.
bool empty_pages(void* /*pages*/, std::size_t /*bytes*/) noexcept { return false; }

}  // namespace nebula
