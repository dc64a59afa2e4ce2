// SPDX-License-Identifier: MIT
// For tests of what workers work out in the background: any number of them, and none.
#pragma once

#include "nebula/base/clock.hpp"
#include "nebula/threading/worker_pool_config.hpp"

#include <chrono>
#include <thread>

namespace nebula::voxel {

/// 0: whoever waits does the work.
inline WorkerPoolConfig config_of(int workers) {
    WorkerPoolConfig config;
    config.run_inline = workers == 0;
    if (workers > 0) config.thread_count_override = workers;
    return config;
}

/// Advances it until it is worked out, or for a minute.
template <class Work>
typename Work::State settle(Work& work) {
    const auto guard = Clock::now() + std::chrono::seconds(60);
    for (;;) {
        const auto state = work.advance(Clock::time_point::min());
        if (state != Work::State::Working || Clock::now() > guard) return state;
        std::this_thread::yield();
    }
}

}  // namespace nebula::voxel
