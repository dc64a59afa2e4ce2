// SPDX-License-Identifier: MIT
// What a bounded queue of news does when nobody takes them.
#pragma once

#include <cstdint>

namespace nebula {

/// What a full queue does with one more. Whichever is lost is counted.
enum class WhenFull : std::uint8_t {
    DropNewest,  ///< For those who want to know how it began; who sends is told, if that is a call.
    DropOldest,  ///< For those who want to know how things are.
};

}  // namespace nebula
