// SPDX-License-Identifier: MIT
#include "nebula/threading/detail/process.hpp"

#include "nebula/base/assert.hpp"
#include "nebula/threading/detail/os_thread.hpp"

#include <new>

namespace nebula::detail {
namespace {

constinit thread_local bool exit_called = false;

// exit() destroys the thread_local objects of its own thread before static objects. The destructor
// also runs when a thread ends normally, but then nobody asks any more.
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
    // Without memory for this, a child hangs instead of ending with a message.
    [[maybe_unused]] static const bool kHandler = (call_in_children(count_fork), true);
}

void HomeProcess::fail() noexcept {
    assert_failed(
        "the pool was made in this process",
        "a child of fork() used a pool of its parent, but has none of its threads: create "
        "a new pool in the child, or call only exec() or _exit() there");
}

void watch_for_exit_here() noexcept {
    thread_local const ExitNotice kNotice;
    [[maybe_unused]] const volatile void* const made = &kNotice;
}

bool exit_was_called_here() noexcept { return exit_called; }

void keep_until_process_ends(void* memory) noexcept {
    auto* const entry = new (std::nothrow) Kept{memory, kept.load(std::memory_order_relaxed)};
    if (entry == nullptr) return;
    // Relaxed: nobody reads the list.
    while (!kept.compare_exchange_weak(entry->next, entry, std::memory_order_relaxed)) {
    }
}

}  // namespace nebula::detail
