// SPDX-License-Identifier: MIT
// Any bytes as a JSON string.
#pragma once

#include <string>
#include <string_view>

namespace nebula::detail {

/// In quotes. Each byte that is not UTF-8 becomes U+FFFD: JSON allows nothing else, and one odd
/// name must not make the file unreadable.
[[nodiscard]] std::string json_text(std::string_view text);

}  // namespace nebula::detail
