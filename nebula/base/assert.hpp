// SPDX-License-Identifier: MIT
// NEBULA_ASSERT: the caller broke a contract. For bad input from outside, throw instead.
#pragma once

#include <source_location>

namespace nebula {

/// What a failed assertion does. It is called on the thread that failed; when it returns, the
/// program aborts.
using AssertHandler = void (*)(const char* condition, const char* why, std::source_location where);

/// Replaces the handler and returns the one before it. The default prints one line to stderr.
///
/// Threads:   any thread; meant to be called once, at start-up.
AssertHandler set_assert_handler(AssertHandler handler) noexcept;

namespace detail {
[[noreturn]] void assert_failed(const char* condition, const char* why,
                                std::source_location where = std::source_location::current());
}

}  // namespace nebula

// Enabled in every build except Release. Release still compiles the condition, so it stays valid.
#if defined(NDEBUG) && !defined(NEBULA_ASSERTIONS)
#define NEBULA_ASSERT(condition, why) ((void)sizeof(!(condition)))
#else
#define NEBULA_ASSERT(condition, why) \
    ((condition) ? (void)0 : ::nebula::detail::assert_failed(#condition, why))
#endif
