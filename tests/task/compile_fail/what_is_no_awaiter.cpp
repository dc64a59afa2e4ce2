// SPDX-License-Identifier: MIT
#include "nebula/task/runtime.hpp"

nebula::task<> waits() { co_await 5; }
