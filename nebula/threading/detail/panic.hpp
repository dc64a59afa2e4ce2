// SPDX-License-Identifier: MIT
// Reports a task that failed.
#pragma once

#include "nebula/threading/worker_pool_config.hpp"

#include <exception>
#include <string_view>

namespace nebula::detail {

/// Reports what a task threw to the handler, or to the log if the handler is empty. The message is
/// what() of a std::exception, a thrown string itself, or "an exception of type X".
/// \param task_name  null for a task without a name.
///
/// Threads:   any thread.
/// Throws:    whatever the handler throws.
void tell_panic(const PanicHandler& handler, const std::exception_ptr& exception,
                std::string_view worker_name, const char* task_name);

}  // namespace nebula::detail
