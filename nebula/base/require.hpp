// SPDX-License-Identifier: MIT
// Checks that stay on in every build and throw, for mistakes that only some inputs reveal.
#pragma once

namespace nebula {

namespace detail {
[[noreturn]] void throw_invalid_argument(const char* why);
[[noreturn]] void throw_logic_error(const char* why);
}  // namespace detail

/// For an argument that a program computes, such as a grain that a division may turn into 0.
/// NEBULA_ASSERT is for what the caller's code alone decides. Both work without exceptions.
///
/// \param why  a whole sentence: what was given, and what to give instead.
/// \throws std::invalid_argument unless `holds`.
inline void require_argument(bool holds, const char* why) {
    if (!holds) [[unlikely]]
        detail::throw_invalid_argument(why);
}

/// For an object in the wrong state for this call, such as a result that was already taken.
///
/// \throws std::logic_error unless `holds`.
inline void require_state(bool holds, const char* why) {
    if (!holds) [[unlikely]]
        detail::throw_logic_error(why);
}

}  // namespace nebula
