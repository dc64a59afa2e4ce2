// SPDX-License-Identifier: MIT
// What a bounded queue does when it is full.
#pragma once

#include <cstdint>

namespace nebula {

/// What a full queue does with one more value. Lost values are counted.
enum class WhenFull : std::uint8_t {
    DropNewest,  ///< Keeps how it began. The sender is told, if it sends by a call.
    DropOldest,  ///< Keeps the latest news.
};

}  // namespace nebula
