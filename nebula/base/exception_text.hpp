// SPDX-License-Identifier: MIT
// What an exception says, whatever it is.
#pragma once

#include <exception>
#include <string>

namespace nebula {

/// what() of a std::exception, a thrown string itself, else "an exception of type X", also when
/// there are no words.
///
/// Threads:   any thread.
/// Throws:    std::bad_alloc.
[[nodiscard]] std::string exception_text(const std::exception_ptr& exception);

}  // namespace nebula
