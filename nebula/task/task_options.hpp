// SPDX-License-Identifier: MIT
// Options of a task, given when it is spawned.
#pragma once

#include <string_view>

namespace nebula {

struct TaskOptions {
    std::string_view name;  ///< Copied; the first 48 bytes are kept. Empty: "task".
};

}  // namespace nebula
