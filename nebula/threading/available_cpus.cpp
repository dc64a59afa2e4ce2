// SPDX-License-Identifier: MIT
#include "nebula/threading/available_cpus.hpp"

#include "nebula/threading/detail/os_thread.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <exception>
#include <fstream>
#include <string>
#include <vector>

namespace nebula {
namespace {

namespace fs = std::filesystem;

std::optional<double> to_quota(double quota_us, double period_us) {
    if (!(quota_us > 0) || !(period_us > 0)) return std::nullopt;
    return quota_us / period_us;
}

// "max 100000" or "150000 100000".
std::optional<double> read_v2(const fs::path& folder) {
    std::ifstream file(folder / "cpu.max");
    std::string quota;
    double period_us = 0;
    if (!(file >> quota >> period_us) || quota == "max") return std::nullopt;
    try {
        return to_quota(std::stod(quota), period_us);
    } catch (const std::exception&) {
        return std::nullopt;  // not a number: treated as a missing file
    }
}

// A quota of -1 means none.
std::optional<double> read_v1(const fs::path& folder) {
    std::ifstream quota_file(folder / "cpu.cfs_quota_us");
    std::ifstream period_file(folder / "cpu.cfs_period_us");
    double quota_us = 0;
    double period_us = 0;
    if (!(quota_file >> quota_us) || !(period_file >> period_us)) return std::nullopt;
    return to_quota(quota_us, period_us);
}

using Reader = std::optional<double> (*)(const fs::path&);

// The smallest quota from `mount / group` up to `mount`. A group whose folder does not exist here
// is skipped (a container sees only its own part of the tree, but the host's name of the group).
std::optional<double> least_on_the_way_up(const fs::path& mount, const fs::path& group,
                                          Reader read) {
    std::optional<double> least;
    for (fs::path at = group.relative_path();; at = at.parent_path()) {
        if (const std::optional<double> here = read(mount / at))
            least = least ? std::min(*least, *here) : *here;
        if (at.empty()) return least;
    }
}

struct Membership {
    std::string controllers;  // "cpu,cpuacct"; empty for version 2
    fs::path group;
};

// Lines are "4:cpu,cpuacct:/user.slice" and, for version 2, "0::/user.slice".
std::vector<Membership> memberships(const fs::path& self) {
    std::vector<Membership> result;
    std::ifstream file(self);
    for (std::string line; std::getline(file, line);) {
        const std::size_t first = line.find(':');
        if (first == std::string::npos) continue;
        const std::size_t second = line.find(':', first + 1);
        if (second == std::string::npos) continue;
        result.push_back({line.substr(first + 1, second - first - 1), line.substr(second + 1)});
    }
    return result;
}

bool names_cpu(const std::string& controllers) {
    return ("," + controllers + ",").find(",cpu,") != std::string::npos;
}

}  // namespace

std::optional<double> cgroup_cpu_quota(const CgroupPaths& paths) {
    std::optional<double> least;
    const auto consider = [&least](std::optional<double> quota) {
        if (quota) least = least ? std::min(*least, *quota) : *quota;
    };
    for (const Membership& member : memberships(paths.self)) {
        if (member.controllers.empty()) {
            consider(least_on_the_way_up(paths.root, member.group, read_v2));
            // If both versions are mounted, version 2 is one folder further down.
            consider(least_on_the_way_up(paths.root / "unified", member.group, read_v2));
        } else if (names_cpu(member.controllers)) {
            consider(least_on_the_way_up(paths.root / member.controllers, member.group, read_v1));
            consider(least_on_the_way_up(paths.root / "cpu", member.group, read_v1));
        }
    }
    return least;
}

int available_cpus(const CgroupPaths& paths) {
    const int cpus = detail::allowed_cpus();
    const double none = cpus;
    const double quota =
        std::min(cgroup_cpu_quota(paths).value_or(none), detail::job_cpu_quota().value_or(none));
    return quota >= cpus ? cpus : std::max(static_cast<int>(std::ceil(quota)), 1);
}

}  // namespace nebula
