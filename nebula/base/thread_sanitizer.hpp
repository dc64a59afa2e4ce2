// SPDX-License-Identifier: MIT
// An order that the thread sanitizer cannot see, because what makes it is not compiled with it.
#pragma once

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#include <sanitizer/tsan_interface.h>
#define NEBULA_SEEN_BY_THREAD_SANITIZER 1
#endif
#endif

namespace nebula {

/// All that this thread has done so far comes before what a thread does after
/// `comes_after(address)`. Say it only where somebody else's code makes it so, and name him.
///
/// Cost:      nothing without the sanitizer, and no order either.
inline void comes_before([[maybe_unused]] void* address) noexcept {
#if defined(NEBULA_SEEN_BY_THREAD_SANITIZER)
    __tsan_release(address);
#endif
}
inline void comes_after([[maybe_unused]] void* address) noexcept {
#if defined(NEBULA_SEEN_BY_THREAD_SANITIZER)
    __tsan_acquire(address);
#endif
}

}  // namespace nebula
