// SPDX-License-Identifier: MIT
// Tells the thread sanitizer about an order that code outside of its view guarantees.
#pragma once

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#include <sanitizer/tsan_interface.h>
#define NEBULA_SEEN_BY_THREAD_SANITIZER 1
#endif
#endif

namespace nebula {

/// Everything this thread has done so far happens before what a thread does after
/// `comes_after(address)`. Use it only where other code guarantees this order, and name that code.
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
