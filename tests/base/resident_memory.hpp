// SPDX-License-Identifier: MIT
// How much memory this process has, for the tests of what goes back to the system.
#pragma once

#include <unistd.h>

#include <cstddef>
#include <fstream>

namespace nebula::test {

/// In megabytes.
inline double resident_mb() {
    std::ifstream statm("/proc/self/statm");
    std::size_t size = 0;
    std::size_t resident = 0;
    statm >> size >> resident;
    return static_cast<double>(resident) * static_cast<double>(sysconf(_SC_PAGESIZE)) / 1e6;
}

}  // namespace nebula::test
