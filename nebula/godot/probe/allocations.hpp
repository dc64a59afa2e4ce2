// SPDX-License-Identifier: MIT
// How often this library has called the global allocator, for tests that want to see none. Built
// only with NEBULA_GODOT_TESTS.
#pragma once

#include <cstdint>

namespace nebula::godot {

/// Since the start; -1 under a sanitizer, which has an allocator of its own. What the engine and
/// the C++ runtime's own code allocate is not in it. Threads: any thread.
[[nodiscard]] std::int64_t allocations() noexcept;

}  // namespace nebula::godot
