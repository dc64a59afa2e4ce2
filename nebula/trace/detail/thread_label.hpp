// SPDX-License-Identifier: MIT
// What a tracer calls a thread.
#pragma once

#include <string>

namespace nebula::detail {

/// "nebula-worker-3" for a worker, in full; "main" for the thread that began the process; else the
/// kernel's name of the thread.
[[nodiscard]] std::string this_thread_label();

}  // namespace nebula::detail
