// SPDX-License-Identifier: MIT
// Right under clang. g++ 12 would destroy the capture twice, so there it must not compile.
#include "nebula/task/runtime.hpp"

#include <memory>

nebula::task<int> joins_in_one_line(nebula::Runtime& runtime, std::shared_ptr<int> box) {
    co_return co_await runtime.spawn([box]() -> nebula::task<int> { co_return *box; });
}
