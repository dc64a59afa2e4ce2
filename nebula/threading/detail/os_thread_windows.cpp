// SPDX-License-Identifier: MIT
#include "nebula/threading/detail/os_thread.hpp"

#include <windows.h>

#include <process.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <chrono>
#include <limits>
#include <memory>
#include <system_error>

// In Windows 10, and in the library of mingw-w64 10, but not in its headers.
extern "C" {
__declspec(dllimport) HRESULT WINAPI SetThreadDescription(HANDLE thread, PCWSTR name);
__declspec(dllimport) HRESULT WINAPI GetThreadDescription(HANDLE thread, PWSTR* name);
}

namespace nebula::detail {
namespace {

// The CPUs of a pinned thread from before the pinning; 0 if it was not pinned. A mask is that of one
// group of at most 64 CPUs: on a larger machine, a process begins in one of them.
constinit thread_local DWORD_PTR before_pinning = 0;

// Whoever loads the library is taken for the main thread.
const DWORD main_thread = GetCurrentThreadId();

struct Start {
    void* (*entry)(void*);
    void* argument;
};

unsigned __stdcall run(void* start) {
    const std::unique_ptr<Start> own(static_cast<Start*>(start));
    const Start copy = *own;
    (void)copy.entry(copy.argument);
    return 0;
}

std::wstring wide(const std::string& utf8) {
    const int size = static_cast<int>(utf8.size());
    std::wstring text(utf8.size(), L'\0');  // never more units than bytes
    text.resize(static_cast<std::size_t>(
        MultiByteToWideChar(CP_UTF8, 0, utf8.data(), size, text.data(), size)));
    return text;
}

DWORD_PTR process_mask() noexcept {
    DWORD_PTR process = 0;
    DWORD_PTR system = 0;
    return GetProcessAffinityMask(GetCurrentProcess(), &process, &system) != 0 ? process : 0;
}

}  // namespace

ThreadHandle start_thread(void* (*entry)(void*), void* argument, std::size_t stack_size_bytes) {
    auto start = std::make_unique<Start>(Start{entry, argument});
    // What is usable: the guard pages and what the system itself puts there come on top.
    constexpr std::size_t beside = std::size_t{32} * 1024;
    if (stack_size_bytes > std::numeric_limits<unsigned>::max() - beside)
        throw std::system_error(ENOMEM, std::generic_category(), "stack of a worker thread");
    // Through the C runtime, which keeps data for each thread. A new thread has the process's CPUs,
    // not those of a pinned creator.
    const std::uintptr_t thread =
        _beginthreadex(nullptr, static_cast<unsigned>(stack_size_bytes + beside), run, start.get(),
                       STACK_SIZE_PARAM_IS_A_RESERVATION, nullptr);
    if (thread == 0)
        throw std::system_error(errno, std::generic_category(), "starting a worker thread");
    (void)start.release();  // the thread's own
    return reinterpret_cast<ThreadHandle>(thread);
}

void join_thread(ThreadHandle thread) noexcept {
    WaitForSingleObject(thread, INFINITE);
    CloseHandle(thread);
}

bool join_thread_until(ThreadHandle thread, Clock::time_point deadline) noexcept {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    constexpr std::int64_t most = 1'000'000'000;
    const auto wait = static_cast<DWORD>(std::clamp<std::int64_t>(left, 0, most));
    if (WaitForSingleObject(thread, wait) == WAIT_TIMEOUT) return false;
    CloseHandle(thread);
    return true;
}

void sleep_forever() noexcept {
    for (;;) Sleep(INFINITE);
}

void name_this_thread(const std::string& name) noexcept {
    try {
        (void)SetThreadDescription(GetCurrentThread(), wide(name).c_str());
    } catch (...) {  // no memory: the thread stays without a name
    }
}

std::string this_thread_name() {
    PWSTR name = nullptr;
    if (FAILED(GetThreadDescription(GetCurrentThread(), &name))) return {};
    const std::unique_ptr<wchar_t, decltype(&LocalFree)> own(name, LocalFree);
    const int bytes = WideCharToMultiByte(CP_UTF8, 0, name, -1, nullptr, 0, nullptr, nullptr);
    std::string text(static_cast<std::size_t>(std::max(bytes, 1)), '\0');
    WideCharToMultiByte(CP_UTF8, 0, name, -1, text.data(), bytes, nullptr, nullptr);
    text.pop_back();  // the zero
    return text;
}

long this_thread_os_id() noexcept { return static_cast<long>(GetCurrentThreadId()); }

bool is_main_thread() noexcept { return GetCurrentThreadId() == main_thread; }

long this_process_id() noexcept { return static_cast<long>(GetCurrentProcessId()); }

StackRange this_stack() noexcept {
    ULONG_PTR low = 0;
    ULONG_PTR high = 0;
    GetCurrentThreadStackLimits(&low, &high);
    return {low, high};
}

bool pin_this_thread(std::size_t index) noexcept {
    const DWORD_PTR all = process_mask();
    if (all == 0) return false;
    DWORD_PTR mask = all;
    for (std::size_t left = index % static_cast<std::size_t>(std::popcount(all)); left > 0; --left)
        mask &= mask - 1;
    const DWORD_PTR before = SetThreadAffinityMask(GetCurrentThread(), mask & (~mask + 1));
    if (before == 0) return false;
    before_pinning = before;
    return true;
}

int allowed_cpus() noexcept {
    return std::max(std::popcount(before_pinning != 0 ? before_pinning : process_mask()), 1);
}

std::optional<double> job_cpu_quota() noexcept {
    JOBOBJECT_CPU_RATE_CONTROL_INFORMATION rate{};
    if (QueryInformationJobObject(nullptr, JobObjectCpuRateControlInformation, &rate, sizeof rate,
                                  nullptr) == 0)
        return std::nullopt;  // in no job
    constexpr DWORD capped =
        JOB_OBJECT_CPU_RATE_CONTROL_ENABLE | JOB_OBJECT_CPU_RATE_CONTROL_HARD_CAP;
    if ((rate.ControlFlags & capped) != capped) return std::nullopt;
    SYSTEM_INFO system{};
    GetSystemInfo(&system);
    // In hundredths of a per cent of the whole machine.
    return rate.CpuRate / 10'000.0 * system.dwNumberOfProcessors;
}

void set_this_thread_nice(int nice) noexcept {
    int priority = THREAD_PRIORITY_NORMAL;
    if (nice >= 15)
        priority = THREAD_PRIORITY_IDLE;
    else if (nice >= 10)
        priority = THREAD_PRIORITY_LOWEST;
    else if (nice > 0)
        priority = THREAD_PRIORITY_BELOW_NORMAL;
    else if (nice < 0)
        priority = THREAD_PRIORITY_ABOVE_NORMAL;
    SetThreadPriority(GetCurrentThread(), priority);
}

void call_in_children(void (* /*function*/)()) noexcept {}

}  // namespace nebula::detail
