// SPDX-License-Identifier: MIT
#include "nebula/threading/detail/os_thread.hpp"

#include <algorithm>

namespace nebula::detail {

std::string os_thread_name(std::string_view prefix, std::size_t index) {
    constexpr std::size_t most = 15;
    const std::string suffix = "-" + std::to_string(index);
    return std::string(prefix.substr(0, most - std::min(most, suffix.size()))) + suffix;
}

}  // namespace nebula::detail
