// SPDX-License-Identifier: MIT
// Telling about a task that failed.
#pragma once

#include "nebula/threading/worker_pool_config.hpp"

#include <exception>
#include <string>

namespace nebula::detail {

/// what() of a std::exception, a thrown string itself, else "an exception of type X".
[[nodiscard]] std::string describe(const std::exception_ptr& exception);

/// The handler of a config that names none: one Error line.
void log_panic(const PanicInfo& info);

}  // namespace nebula::detail
