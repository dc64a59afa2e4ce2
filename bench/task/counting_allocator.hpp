// SPDX-License-Identifier: MIT
// Counts calls of operator new in the whole process, while asked to.
#pragma once

extern "C" {

/// Threads:   any thread.
void nebula_bench_count_allocations(bool on) noexcept;
/// Since the last start.
[[nodiscard]] long long nebula_bench_allocations() noexcept;
}
