// SPDX-License-Identifier: MIT
// What no_exceptions.cpp, which is compiled with -fno-exceptions, does with a pool.
#pragma once

#include "nebula/threading/worker_pool.hpp"

#include <cstdint>

namespace nebula::test {

[[nodiscard]] bool built_without_exceptions() noexcept;
[[nodiscard]] int spawned_sum(WorkerPool& pool, int count);
[[nodiscard]] int scope_sum(WorkerPool& pool, int count);
[[nodiscard]] std::int64_t join_fib(WorkerPool& pool, int n);
[[nodiscard]] int par_for_sum(WorkerPool& pool, int count);
[[nodiscard]] int channel_sum(WorkerPool& pool, int count);
/// What the task throws comes out of here, through frames that know no exceptions.
void run_in_scope(WorkerPool& pool, void (*task)());

}  // namespace nebula::test
