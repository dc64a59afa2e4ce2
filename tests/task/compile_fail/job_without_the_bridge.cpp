// SPDX-License-Identifier: MIT
#include "nebula/task/runtime.hpp"
#include "nebula/threading/job.hpp"
#include "nebula/threading/worker_pool.hpp"

nebula::task<int> waits(nebula::WorkerPool& pool) {
    auto job = nebula::spawn_job(pool, [] { return 1; });
    co_return co_await job;
}
