// SPDX-License-Identifier: MIT
#include "nebula/threading/detail/process.hpp"

#include "nebula/base/assert.hpp"

#include <pthread.h>

#include <new>

namespace nebula::detail {
namespace {

constinit thread_local bool exit_called = false;

// exit() ends the thread_local objects of its own thread before anything static. The destructor
// also runs at an ordinary thread's end, when nobody asks any more.
struct ExitNotice {
    ExitNotice() = default;
    ~ExitNotice() { exit_called = true; }
    ExitNotice(const ExitNotice&) = delete;
    ExitNotice& operator=(const ExitNotice&) = delete;
};

void count_fork() noexcept { fork_depth.fetch_add(1, std::memory_order_relaxed); }

struct Kept {
    void* memory;
    Kept* next;
};
std::atomic<Kept*> kept{nullptr};

}  // namespace

std::atomic<std::uint32_t> fork_depth{0};

HomeProcess::HomeProcess() noexcept : depth_(fork_depth.load(std::memory_order_relaxed)) {
    // Fails for want of memory alone; then a child hangs instead of ending with a sentence.
    [[maybe_unused]] static const int kHandler = pthread_atfork(nullptr, nullptr, count_fork);
}

void HomeProcess::fail() noexcept {
    assert_failed("the pool was made in this process",
                  "a child of fork() used a pool of its parent, none of whose threads it has: make "
                  "a new pool in the child, or only call exec() or _exit() there");
}

void watch_for_exit_here() noexcept {
    thread_local const ExitNotice kNotice;
    [[maybe_unused]] const volatile void* const made = &kNotice;
}

bool exit_was_called_here() noexcept { return exit_called; }

void keep_until_process_ends(void* memory) noexcept {
    auto* const entry = new (std::nothrow) Kept{memory, kept.load(std::memory_order_relaxed)};
    if (entry == nullptr) return;
    // Relaxed: nobody follows the list.
    while (!kept.compare_exchange_weak(entry->next, entry, std::memory_order_relaxed)) {
    }
}

}  // namespace nebula::detail
