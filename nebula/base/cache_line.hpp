// SPDX-License-Identifier: MIT
// The distance two threads keep between what each of them writes.
#pragma once

#include <cstddef>

namespace nebula {

/// In bytes. A constant of ours because std::hardware_destructive_interference_size may change
/// with compiler flags and so cannot stand in a header that several builds share.
inline constexpr std::size_t kCacheLine = 64;

}  // namespace nebula
