// SPDX-License-Identifier: MIT
// Written from the documentation: nobody has compiled or run this file yet.
#include "nebula/threading/detail/os_thread.hpp"

#include "nebula/threading/detail/os_thread_posix.hpp"

#include <pthread.h>
#include <pthread/qos.h>
#include <sys/sysctl.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <memory>
#include <mutex>

namespace nebula::detail {
namespace {

// The system cannot join a thread for a limited time, so a thread says itself that it is about to end.
struct Started {
    void* (*entry)(void*);
    void* argument;
    pthread_t thread{};
    std::mutex mutex;
    std::condition_variable ended;
    bool has_ended = false;
};

void* run(void* argument) {
    auto& started = *static_cast<Started*>(argument);
    (void)started.entry(started.argument);
    // join_thread_until() deletes it after the join only.
    const std::lock_guard lock(started.mutex);
    started.has_ended = true;
    started.ended.notify_one();
    return nullptr;
}

}  // namespace

ThreadHandle start_thread(void* (*entry)(void*), void* argument, std::size_t stack_size_bytes) {
    PosixThreadAttributes attributes(stack_size_bytes);
    auto started = std::make_unique<Started>();
    started->entry = entry;
    started->argument = argument;
    check_posix(pthread_create(&started->thread, attributes.get(), run, started.get()),
                "starting a worker thread");
    return started.release();
}

void join_thread(ThreadHandle thread) noexcept {
    const std::unique_ptr<Started> started(static_cast<Started*>(thread));
    pthread_join(started->thread, nullptr);
}

bool join_thread_until(ThreadHandle thread, Clock::time_point deadline) noexcept {
    auto& started = *static_cast<Started*>(thread);
    {
        std::unique_lock lock(started.mutex);
        if (!started.ended.wait_until(lock, deadline, [&] { return started.has_ended; }))
            return false;
    }
    join_thread(thread);
    return true;
}

void name_this_thread(const std::string& name) noexcept { pthread_setname_np(name.c_str()); }

std::string this_thread_name() {
    std::array<char, 64> name{};
    return pthread_getname_np(pthread_self(), name.data(), name.size()) == 0 ? name.data() : "";
}

long this_thread_os_id() noexcept {
    std::uint64_t id = 0;
    pthread_threadid_np(nullptr, &id);
    return static_cast<long>(id);
}

bool is_main_thread() noexcept { return pthread_main_np() != 0; }

StackRange this_stack() noexcept {
    // The address is the upper end.
    const auto high = reinterpret_cast<std::uintptr_t>(pthread_get_stackaddr_np(pthread_self()));
    return {high - pthread_get_stacksize_np(pthread_self()), high};
}

// Only a hint exists, which Apple's own processors ignore.
bool pin_this_thread(std::size_t /*index*/) noexcept { return false; }

int allowed_cpus() noexcept {
    int cpus = 0;
    std::size_t size = sizeof cpus;
    return sysctlbyname("hw.logicalcpu", &cpus, &size, nullptr, 0) == 0 ? std::max(cpus, 1) : 1;
}

std::optional<double> job_cpu_quota() noexcept { return std::nullopt; }

// A thread has a class of service in place of a number. One that was never lowered keeps its own.
void set_this_thread_nice(int nice) noexcept {
    if (nice > 0)
        pthread_set_qos_class_self_np(nice >= 10 ? QOS_CLASS_BACKGROUND : QOS_CLASS_UTILITY, 0);
}

}  // namespace nebula::detail
