// SPDX-License-Identifier: MIT
// How much memory this process has, for the tests of what goes back to the system.
#pragma once

#if defined(_WIN32)
#include <windows.h>

#include <psapi.h>
#else
#include <sys/resource.h>
#include <unistd.h>

#include <cstddef>
#include <fstream>
#endif

namespace nebula::test {

/// In megabytes.
inline double resident_mb() {
#if defined(_WIN32)
    PROCESS_MEMORY_COUNTERS counters{};
    K32GetProcessMemoryInfo(GetCurrentProcess(), &counters, sizeof counters);
    return static_cast<double>(counters.WorkingSetSize) / 1e6;
#else
    std::ifstream statm("/proc/self/statm");
    std::size_t size = 0;
    std::size_t resident = 0;
    statm >> size >> resident;
    return static_cast<double>(resident) * static_cast<double>(sysconf(_SC_PAGESIZE)) / 1e6;
#endif
}

/// The most that it has had.
inline double peak_resident_mb() {
#if defined(_WIN32)
    PROCESS_MEMORY_COUNTERS counters{};
    K32GetProcessMemoryInfo(GetCurrentProcess(), &counters, sizeof counters);
    return static_cast<double>(counters.PeakWorkingSetSize) / 1e6;
#else
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return static_cast<double>(usage.ru_maxrss) / 1e3;
#endif
}

}  // namespace nebula::test
