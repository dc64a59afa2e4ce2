// SPDX-License-Identifier: MIT
#include "nebula/threading/detail/os_thread.hpp"

#include "nebula/threading/detail/os_thread_posix.hpp"

#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <ctime>
#include <memory>
#include <thread>

namespace nebula::detail {
namespace {

// The CPUs of a pinned thread from before the pinning. Nothing to construct or destroy: the
// extension is unloaded while foreign threads are still alive.
constinit thread_local bool was_pinned = false;
constinit thread_local cpu_set_t before_pinning{};

}  // namespace

ThreadHandle start_thread(void* (*entry)(void*), void* argument, std::size_t stack_size_bytes) {
    PosixThreadAttributes attributes(stack_size_bytes);
    if (was_pinned)
        check_posix(
            pthread_attr_setaffinity_np(attributes.get(), sizeof before_pinning, &before_pinning),
            "CPUs of a worker thread");
    pthread_t thread{};
    check_posix(pthread_create(&thread, attributes.get(), entry, argument),
                "starting a worker thread");
    return thread;
}

void join_thread(ThreadHandle thread) noexcept { pthread_join(thread, nullptr); }

bool join_thread_until(ThreadHandle thread, Clock::time_point deadline) noexcept {
    const auto wait = std::max(deadline - Clock::now(), Clock::duration::zero());
    timespec until{};
    // Not the monotonic clock: clang 16's thread sanitizer does not know that call.
    clock_gettime(CLOCK_REALTIME, &until);
    constexpr std::int64_t second = 1'000'000'000;
    const std::int64_t sum = until.tv_nsec + std::chrono::nanoseconds(wait).count();
    until.tv_sec += sum / second;
    until.tv_nsec = sum % second;
    return pthread_timedjoin_np(thread, nullptr, &until) != ETIMEDOUT;
}

void name_this_thread(const std::string& name) noexcept {
    pthread_setname_np(pthread_self(), name.c_str());
}

std::string this_thread_name() {
    std::array<char, 16> name{};
    return pthread_getname_np(pthread_self(), name.data(), name.size()) == 0 ? name.data() : "";
}

long this_thread_os_id() noexcept { return syscall(SYS_gettid); }

bool is_main_thread() noexcept { return this_thread_os_id() == this_process_id(); }

StackRange this_stack() noexcept {
    StackRange range;
    pthread_attr_t attributes;
    if (pthread_getattr_np(pthread_self(), &attributes) != 0) return range;
    void* low = nullptr;
    std::size_t size = 0;
    if (pthread_attr_getstack(&attributes, &low, &size) == 0) {
        range.low = reinterpret_cast<std::uintptr_t>(low);
        range.high = range.low + size;
    }
    pthread_attr_destroy(&attributes);
    return range;
}

bool pin_this_thread(std::size_t index) noexcept {
    cpu_set_t all;
    // Fails on a machine with more CPUs than the set can hold.
    if (sched_getaffinity(0, sizeof all, &all) != 0) return false;
    const auto count = static_cast<std::size_t>(CPU_COUNT(&all));
    std::size_t left = index % count;
    for (std::size_t cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
        if (!CPU_ISSET(cpu, &all) || left-- != 0) continue;
        cpu_set_t one;
        CPU_ZERO(&one);
        CPU_SET(cpu, &one);
        if (sched_setaffinity(0, sizeof one, &one) != 0) return false;
        before_pinning = all;
        was_pinned = true;
        return true;
    }
    return false;
}

int allowed_cpus() noexcept {
    if (was_pinned) return CPU_COUNT(&before_pinning);
    // The kernel's mask may be longer than the 1024 bits of cpu_set_t: try longer masks until one
    // fits.
    for (std::size_t cpus = 1024; cpus <= (std::size_t{1} << 20U); cpus *= 4) {
        const std::unique_ptr<cpu_set_t, void (*)(cpu_set_t*)> set(
            CPU_ALLOC(cpus), [](cpu_set_t* mask) { CPU_FREE(mask); });
        if (set == nullptr) break;
        const std::size_t size = CPU_ALLOC_SIZE(cpus);
        if (sched_getaffinity(0, size, set.get()) == 0)
            return std::max(CPU_COUNT_S(size, set.get()), 1);
        if (errno != EINVAL) break;
    }
    return std::max(static_cast<int>(std::thread::hardware_concurrency()), 1);
}

std::optional<double> job_cpu_quota() noexcept { return std::nullopt; }

void set_this_thread_nice(int nice) noexcept {
    // On Linux, unlike in POSIX, each thread has its own.
    setpriority(PRIO_PROCESS, static_cast<id_t>(this_thread_os_id()), nice);
}

}  // namespace nebula::detail
