// SPDX-License-Identifier: MIT
// How often this library has called the global allocator, for tests that want to see none, and a
// way to make it fail.
#pragma once

#include <cstddef>
#include <cstdint>

namespace nebula::godot {

/// Since the start; -1 under a sanitizer, which has an allocator of its own. What the engine and
/// the C++ runtime's own code allocate is not in it. Threads: any thread.
[[nodiscard]] std::int64_t allocations() noexcept;

/// From now on there is no memory for blocks of exactly this size; 0: for all there is. False under
/// a sanitizer: there always is. Threads: any thread.
bool refuse_allocations(std::size_t size) noexcept;

}  // namespace nebula::godot
