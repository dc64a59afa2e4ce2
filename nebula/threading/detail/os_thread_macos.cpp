// SPDX-License-Identifier: MIT
// Written from the documentation: nobody has compiled or run this file yet.
#include "nebula/threading/detail/os_thread.hpp"

#include <pthread.h>
#include <pthread/qos.h>
#include <sys/sysctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <system_error>

namespace nebula::detail {
namespace {

void check(int error, const char* what) {
    if (error != 0) throw std::system_error(error, std::generic_category(), what);
}

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
    const std::lock_guard lock(
        started.mutex);  // join_thread_until() deletes it after the join only
    started.has_ended = true;
    started.ended.notify_one();
    return nullptr;
}

}  // namespace

ThreadHandle start_thread(void* (*entry)(void*), void* argument, std::size_t stack_size_bytes) {
    struct Attributes {
        Attributes() { check(pthread_attr_init(&value), "thread attributes"); }
        ~Attributes() { pthread_attr_destroy(&value); }
        Attributes(const Attributes&) = delete;
        Attributes& operator=(const Attributes&) = delete;
        pthread_attr_t value{};
    } attributes;
    const auto page = static_cast<std::size_t>(getpagesize());
    const std::size_t wanted =
        std::max(stack_size_bytes, static_cast<std::size_t>(PTHREAD_STACK_MIN)) + page;
    check(pthread_attr_setstacksize(&attributes.value, (wanted + page - 1) / page * page),
          "stack size of a worker thread");
    auto started = std::make_unique<Started>();
    started->entry = entry;
    started->argument = argument;
    check(pthread_create(&started->thread, &attributes.value, run, started.get()),
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

void sleep_forever() noexcept {
    for (;;) pause();
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

long this_process_id() noexcept { return getpid(); }

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

void call_in_children(void (*function)()) noexcept { pthread_atfork(nullptr, nullptr, function); }

}  // namespace nebula::detail
