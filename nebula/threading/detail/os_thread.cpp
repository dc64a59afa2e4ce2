// SPDX-License-Identifier: MIT
#include "nebula/threading/detail/os_thread.hpp"

#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <system_error>

namespace nebula::detail {
namespace {

void check(int error, const char* what) {
    if (error != 0) throw std::system_error(error, std::generic_category(), what);
}

// The CPUs of a pinned thread from before the pinning. Nothing to construct or destroy: the
// extension is unloaded while foreign threads are still alive.
constinit thread_local bool was_pinned = false;
constinit thread_local cpu_set_t before_pinning{};

}  // namespace

pthread_t start_thread(void* (*entry)(void*), void* argument, std::size_t stack_size_bytes) {
    struct Attributes {
        Attributes() { check(pthread_attr_init(&value), "thread attributes"); }
        ~Attributes() { pthread_attr_destroy(&value); }
        Attributes(const Attributes&) = delete;
        Attributes& operator=(const Attributes&) = delete;
        pthread_attr_t value{};
    } attributes;
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    std::size_t guard = 0;
    check(pthread_attr_getguardsize(&attributes.value, &guard), "guard size");
    // glibc takes the guard out of the given size; one page more for what it keeps on top.
    const std::size_t wanted =
        std::max(stack_size_bytes, static_cast<std::size_t>(PTHREAD_STACK_MIN)) + guard + page;
    const std::size_t size = (wanted + page - 1) / page * page;
    check(pthread_attr_setstacksize(&attributes.value, size), "stack size of a worker thread");
    if (was_pinned)
        check(
            pthread_attr_setaffinity_np(&attributes.value, sizeof before_pinning, &before_pinning),
            "CPUs of a worker thread");
    pthread_t thread{};
    check(pthread_create(&thread, &attributes.value, entry, argument), "starting a worker thread");
    return thread;
}

void name_this_thread(const std::string& name) noexcept {
    pthread_setname_np(pthread_self(), name.c_str());
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

int cpus_before_pinning() noexcept { return was_pinned ? CPU_COUNT(&before_pinning) : 0; }

void set_this_thread_nice(int nice) noexcept {
    // On Linux, unlike in POSIX, each thread has its own.
    setpriority(PRIO_PROCESS, static_cast<id_t>(this_thread_os_id()), nice);
}

long this_thread_os_id() noexcept { return syscall(SYS_gettid); }

std::string os_thread_name(std::string_view prefix, std::size_t index) {
    constexpr std::size_t most = 15;
    const std::string suffix = "-" + std::to_string(index);
    return std::string(prefix.substr(0, most - std::min(most, suffix.size()))) + suffix;
}

}  // namespace nebula::detail
