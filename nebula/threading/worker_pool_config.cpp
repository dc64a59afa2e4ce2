// SPDX-License-Identifier: MIT
#include "nebula/threading/worker_pool_config.hpp"

#include "nebula/threading/available_cpus.hpp"

#include <algorithm>

namespace nebula {

int WorkerPoolConfig::thread_count() const {
    return thread_count_override ? thread_count(1) : thread_count(available_cpus());
}

int WorkerPoolConfig::thread_count(int available) const noexcept {
    if (thread_count_override) return std::max(*thread_count_override, 1);
    return std::max(available - std::max(reserved_cores, 0), 1);
}

}  // namespace nebula
