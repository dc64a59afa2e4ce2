// SPDX-License-Identifier: MIT
// Any bytes as a JSON string.
#pragma once

#include <string>
#include <string_view>

namespace nebula::detail {

/// In quotes. What is not UTF-8 becomes U+FFFD, a byte at a time: JSON knows nothing else, and one
/// odd name must not make the file unreadable.
[[nodiscard]] std::string json_text(std::string_view text);

}  // namespace nebula::detail
