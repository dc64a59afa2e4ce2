// SPDX-License-Identifier: MIT
#include "nebula/task/fallible.hpp"

#include "nebula/task/errors.hpp"

#include <exception>

namespace nebula::task_detail {

AsyncErrorCode code_or_rethrow(const std::exception_ptr& error) {
    try {
        std::rethrow_exception(error);
    } catch (const AsyncError& known) {
        return known.code();
    }
}

}  // namespace nebula::task_detail
