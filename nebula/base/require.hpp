// SPDX-License-Identifier: MIT
// What a caller gets wrong for one input in a thousand: told in every build, by an exception.
#pragma once

namespace nebula {

namespace detail {
[[noreturn]] void throw_invalid_argument(const char* why);
[[noreturn]] void throw_logic_error(const char* why);
}  // namespace detail

/// For an argument that a program computes: a grain that comes out of a division as 0 one day.
/// NEBULA_ASSERT is for what the caller's code alone decides. Both fit code without exceptions.
///
/// \param why  a whole sentence: what was given, and what to give instead.
/// \throws std::invalid_argument unless `holds`.
inline void require_argument(bool holds, const char* why) {
    if (!holds) [[unlikely]]
        detail::throw_invalid_argument(why);
}

/// For an object that cannot do now what it is asked: its result was taken before.
///
/// \throws std::logic_error unless `holds`.
inline void require_state(bool holds, const char* why) {
    if (!holds) [[unlikely]]
        detail::throw_logic_error(why);
}

}  // namespace nebula
