// SPDX-License-Identifier: MIT
// What the tests of this folder share.
#pragma once

#include "nebula/base/clock.hpp"
#include "nebula/threading/worker_pool.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <latch>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>

namespace nebula::test {

/// Whether the library yields between its atomic steps. A yield may cost a whole time slice when
/// the machine is busy, so these builds do fewer rounds; they need fewer.
#if defined(NEBULA_YIELD_POINTS)
inline constexpr bool kWithYields = true;
#else
inline constexpr bool kWithYields = false;
#endif

/// Ends the program when a test hangs, with a sentence instead of a silent time-out.
class HangGuard {
public:
    explicit HangGuard(const char* what, std::chrono::seconds limit = std::chrono::seconds(120))
        : thread_([this, what, limit](const std::stop_token& stop) {
              std::unique_lock lock(mutex_);
              if (!wake_.wait_for(lock, stop, limit, [&] { return stop.stop_requested(); }) &&
                  !stop.stop_requested()) {
                  std::fprintf(stderr, "hang guard: %s\n", what);
                  std::abort();
              }
          }) {}

private:
    std::mutex mutex_;
    std::condition_variable_any wake_;
    std::jthread thread_;  // last: uses the others, stops and joins first
};

/// Keeps one worker busy from the moment the constructor returns until open().
class Blocked {
public:
    explicit Blocked(WorkerPool& pool) {
        pool.spawn([this] {
            inside_.count_down();
            gate_.wait();
            outside_.count_down();
        });
        inside_.wait();
    }
    ~Blocked() {
        open();
        outside_.wait();
    }
    Blocked(const Blocked&) = delete;
    Blocked& operator=(const Blocked&) = delete;

    void open() {
        if (!std::exchange(opened_, true)) gate_.count_down();
    }

private:
    std::latch inside_{1};
    std::latch gate_{1};
    std::latch outside_{1};
    bool opened_ = false;
};

/// A closure that counts its runs and its ends; moved-from ones count for nothing.
class Counted {
public:
    Counted(std::atomic<int>& runs, std::atomic<int>& ends) noexcept : runs_(runs), ends_(&ends) {}
    Counted(Counted&& other) noexcept
        : runs_(other.runs_), ends_(std::exchange(other.ends_, nullptr)) {}
    Counted(const Counted&) = delete;
    Counted& operator=(const Counted&) = delete;
    ~Counted() {
        if (ends_ != nullptr) ++*ends_;
    }
    int operator()() const {
        ++runs_;
        return 1;
    }

private:
    std::atomic<int>& runs_;
    std::atomic<int>* ends_;
};

inline std::string task_file(long os_id, const char* name) {
    return "/proc/self/task/" + std::to_string(os_id) + "/" + name;
}

#if defined(_WIN32)
/// What Windows says of a thread of this process: of what follows, its name only.
std::string comm_of(long os_id);
#else
/// The kernel's name of a thread of this process.
inline std::string comm_of(long os_id) {
    std::ifstream file(task_file(os_id, "comm"));
    std::string name;
    std::getline(file, name);
    return name;
}
#endif

/// What the kernel says the thread does at this moment: 'R' runs or is ready, 'S' sleeps, and more
/// (proc_pid_stat(5)). '?' when there is no such thread.
inline char state_of(long os_id) {
    std::ifstream file(task_file(os_id, "stat"));
    std::string line;
    std::getline(file, line);
    const std::size_t name_end = line.rfind(") ");
    return name_end == std::string::npos ? '?' : line[name_end + 2];
}
inline bool sleeps([[maybe_unused]] long os_id) {
#if defined(_WIN32)
    // It does not tell, so a thread is believed to sleep after a while.
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    return true;
#else
    return state_of(os_id) == 'S';
#endif
}

/// The CPUs that the kernel lets the thread run on, as "0-3,7".
inline std::string allowed_cpus_of(long os_id) {
    std::ifstream file(task_file(os_id, "status"));
    for (std::string line; std::getline(file, line);)
        if (line.starts_with("Cpus_allowed_list:"))
            return line.substr(line.find_last_of("\t ") + 1);
    return {};
}

/// Times the thread left a CPU, by itself or not.
inline std::uint64_t context_switches_of(long os_id) {
    std::ifstream file(task_file(os_id, "status"));
    std::uint64_t sum = 0;
    for (std::string line; std::getline(file, line);)
        if (line.find("ctxt_switches:") != std::string::npos)
            sum += std::stoull(line.substr(line.find(':') + 1));
    return sum;
}

/// Nanoseconds the kernel let the thread run, and those it was ready but had to wait.
struct KernelTimes {
    std::uint64_t ran = 0;
    std::uint64_t waited = 0;
    bool known = false;
};
inline KernelTimes kernel_times_of(long os_id) {
    std::ifstream file(task_file(os_id, "schedstat"));
    KernelTimes times;
    times.known = static_cast<bool>(file >> times.ran >> times.waited);
    return times;
}

/// Gives up the time slice until `done()`; the test's time limit is the only one.
template <class Done>
void wait_until(const Done& done) {
    while (!done()) std::this_thread::yield();
}

/// Burns CPU, for tests that are about time.
inline void spin_for(std::chrono::nanoseconds time) {
    const Clock::time_point end = Clock::now() + time;
    while (Clock::now() < end) {
    }
}

}  // namespace nebula::test
