// SPDX-License-Identifier: MIT
#include "nebula/threading/channel.hpp"

#include "nebula/threading/worker_pool.hpp"

namespace nebula::detail {

bool on_worker() noexcept { return WorkerPool::current_worker_index() >= 0; }

}  // namespace nebula::detail
