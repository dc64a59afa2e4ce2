// SPDX-License-Identifier: MIT
#include "nebula/godot/server/worker_stats.hpp"

#include <fstream>
#include <string>

namespace nebula::godot {

KernelThreadStats kernel_thread_stats(long os_thread_id) {
    KernelThreadStats stats;
    const std::string folder = "/proc/self/task/" + std::to_string(os_thread_id);
    std::ifstream status(folder + "/status");
    for (std::string word; status >> word;) {
        if (word == "voluntary_ctxt_switches:") status >> stats.wakeups;
    }
    std::uint64_t cpu_ns = 0;
    if (std::ifstream(folder + "/schedstat") >> cpu_ns) stats.cpu_usec = cpu_ns / 1000;
    return stats;
}

}  // namespace nebula::godot
