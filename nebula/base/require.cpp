// SPDX-License-Identifier: MIT
#include "nebula/base/require.hpp"

#include <stdexcept>

namespace nebula::detail {

void throw_invalid_argument(const char* why) { throw std::invalid_argument(why); }
void throw_logic_error(const char* why) { throw std::logic_error(why); }

}  // namespace nebula::detail
