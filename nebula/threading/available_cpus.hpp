// SPDX-License-Identifier: MIT
// How many CPUs this process may actually use.
#pragma once

#include <filesystem>
#include <optional>

namespace nebula {

/// Where the kernel describes control groups; tests set their own folders.
struct CgroupPaths {
    std::filesystem::path root = "/sys/fs/cgroup";
    std::filesystem::path self = "/proc/self/cgroup";
};

/// The CPU quota of this process's control group in CPUs (1.5 = 150 ms per 100 ms): the smallest of
/// the quotas of the group and its ancestors, or empty if there is no limit. Reads version 2
/// (`cpu.max`) and version 1 (`cpu.cfs_quota_us`); a missing or unreadable file means no limit, so
/// systems without control groups have none.
///
/// Threads:   any thread.
/// Cost:      reads a few small files; meant for start-up.
[[nodiscard]] std::optional<double> cgroup_cpu_quota(const CgroupPaths& paths = {});

/// The number of CPUs in the calling thread's affinity mask, or the quota rounded up, whichever is
/// less; at least 1. On Windows the quota is that of the job. std::thread::hardware_concurrency() does
/// not know about quotas, so in a container on a large machine it returns too many.
///
/// Threads:   any thread.
/// Cost:      reads a few small files; meant for start-up.
[[nodiscard]] int available_cpus(const CgroupPaths& paths = {});

}  // namespace nebula
