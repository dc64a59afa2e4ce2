// SPDX-License-Identifier: MIT
// What a bounded queue does when it is full.
#pragma once

#include <cstdint>

namespace nebula {

/// What a full queue does with another value. Lost values are counted.
enum class WhenFull : std::uint8_t {
    DropNewest,  ///< Drops the new value. A sender that calls send() is told.
    DropOldest,  ///< Drops the oldest value in the queue.
};

}  // namespace nebula
