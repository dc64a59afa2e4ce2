// SPDX-License-Identifier: MIT
// How many CPUs this process may really use.
#pragma once

#include <filesystem>
#include <optional>

namespace nebula {

/// Where the kernel tells about control groups; tests put a folder of their own here.
struct CgroupPaths {
    std::filesystem::path root = "/sys/fs/cgroup";
    std::filesystem::path self = "/proc/self/cgroup";
};

/// The CPU quota of this process's control group in CPUs (1.5 = 150 ms each 100 ms), the least of
/// the group's own and its ancestors'; empty when nothing limits it. Reads version 2 (`cpu.max`)
/// and version 1 (`cpu.cfs_quota_us`); a file that is missing or unreadable limits nothing.
///
/// Threads:   any thread.
/// Cost:      a few small files; meant for start-up.
[[nodiscard]] std::optional<double> cgroup_cpu_quota(const CgroupPaths& paths = {});

/// CPUs in the calling thread's affinity mask, or the quota rounded up, whichever is less; at
/// least 1. A container on a large machine has many cores and little time on them:
/// std::thread::hardware_concurrency() does not know about the quota.
///
/// Threads:   any thread.
/// Cost:      a few small files; meant for start-up.
[[nodiscard]] int available_cpus(const CgroupPaths& paths = {});

}  // namespace nebula
