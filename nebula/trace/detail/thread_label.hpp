// SPDX-License-Identifier: MIT
// The name of a thread in a trace.
#pragma once

#include <string>

namespace nebula::detail {

/// "nebula-worker-3" in full for a worker, "main" for the thread that started the process, and the
/// kernel's name for any other thread.
[[nodiscard]] std::string this_thread_label();

}  // namespace nebula::detail
