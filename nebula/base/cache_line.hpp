// SPDX-License-Identifier: MIT
// The distance to keep between data that different threads write.
#pragma once

#include <cstddef>

namespace nebula {

/// In bytes. Our own constant, because std::hardware_destructive_interference_size may change with
/// compiler flags and therefore must not be used in a header that several builds share.
inline constexpr std::size_t kCacheLine = 64;

}  // namespace nebula
