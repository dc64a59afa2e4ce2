// SPDX-License-Identifier: MIT
// What counts as an index, a count or a grain, for everything that loops.
#pragma once

#include "nebula/base/require.hpp"

#include <concepts>
#include <cstddef>
#include <type_traits>
#include <utility>

namespace nebula {

namespace detail {
template <class I, class... Others>
concept NoneOf = (!std::same_as<I, Others> && ...);
}  // namespace detail

/// Any signed or unsigned integer type; bool and the character types are not numbers.
///
/// Functions that take a count or a grain take any of these, so that a negative number arrives as
/// one: converted to std::size_t it would be a count that never ends.
template <class I>
concept IndexType =
    std::integral<I> &&
    detail::NoneOf<std::remove_cv_t<I>, bool, char, wchar_t, char8_t, char16_t, char32_t>;

/// The half-open range [begin, end).
template <IndexType Index>
struct BasicIndexRange {
    Index begin;
    Index end;
};
using IndexRange = BasicIndexRange<std::size_t>;

namespace detail {

/// How many calls to make, or how many elements to take at a time.
/// \param why  what to say if it is below `least`.
/// \throws std::invalid_argument in that case.
template <IndexType Count>
[[nodiscard]] std::size_t count_of(Count count, std::size_t least, const char* why) {
    require_argument(std::cmp_greater_equal(count, least), why);
    return static_cast<std::size_t>(count);
}
inline constexpr const char* kNegativeBatch =
    "a batch of fewer than 0 calls: the count is negative; use 0 or more";

}  // namespace detail
}  // namespace nebula
