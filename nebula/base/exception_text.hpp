// SPDX-License-Identifier: MIT
// The text of any exception, whatever its type.
#pragma once

#include <exception>
#include <string>

namespace nebula {

/// what() of a std::exception, a thrown string itself, or "an exception of type X"; the latter also
/// when the text is empty.
///
/// Threads:   any thread.
/// Throws:    std::bad_alloc.
[[nodiscard]] std::string exception_text(const std::exception_ptr& exception);

}  // namespace nebula
