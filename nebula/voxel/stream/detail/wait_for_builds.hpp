// SPDX-License-Identifier: MIT
// The end of a terrain, while workers are still building its chunks.
#pragma once

#include "nebula/threading/detail/slow_wait.hpp"
#include "nebula/threading/task_group.hpp"

#include <cstdint>
#include <string>

namespace nebula::voxel::detail {

/// Waits for the group's tasks, which build chunks, and logs a warning while that lasts.
///
/// Threads:   owner thread of the group.
inline void wait_for_builds(TaskGroup& group) noexcept {
    for (nebula::detail::SlowWait slow; !group.wait_until(slow.due());)
        slow.tell_if_due([](std::int64_t seconds) {
            return "the end of a VoxelTerrain is waiting for the chunks that workers are building, "
                   "for " +
                   std::to_string(seconds) + " s so far; its generator may be slow";
        });
}

}  // namespace nebula::voxel::detail
