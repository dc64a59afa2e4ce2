// SPDX-License-Identifier: MIT
// A closure that was sent to another thread ends wherever the runtime drops it.
#include "nebula/task/runtime.hpp"

struct Flushes {
    ~Flushes() noexcept(false) {}
};

void sends(nebula::Runtime& runtime) {
    (void)runtime.spawn_from_any_thread([f = Flushes()]() -> nebula::task<> { co_return; });
}
