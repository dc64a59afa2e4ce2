// SPDX-License-Identifier: MIT
#include "nebula/threading/detail/asymmetric_fence.hpp"

#include "nebula/base/log.hpp"
#include "nebula/threading/detail/os_thread.hpp"

#include <linux/membarrier.h>
#include <sys/single_threaded.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <exception>

namespace nebula::detail {
namespace {

// One per process, because the kernel registers processes. Moves only forward, except in a child of
// fork(), which does not have the thread that was registering: a pool of its own tries again.
enum class Registration : std::uint8_t { Untried, UnderWay, Ready, Missing };
std::atomic<Registration> registration{Registration::Untried};
std::atomic<long> registrar{0};

void register_process() noexcept {
    const bool done = syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0;
    registrar.store(this_thread_os_id(), std::memory_order_relaxed);  // published by the next line
    // Release pairs with the acquire in asymmetric_fences_ready(): the registration came first.
    registration.store(done ? Registration::Ready : Registration::Missing,
                       std::memory_order_release);
    if (!done)
        log(LogLevel::Warning,
            "worker pool: this system does not support membarrier(2), so joins run on one thread");
}

void* registering_thread(void* /*unused*/) noexcept {
    name_this_thread("nebula-fence");
    register_process();
    return nullptr;
}

// In the child of a fork(). A registration that came first is inherited.
void forget_unfinished() noexcept {
    if (registration.load(std::memory_order_relaxed) == Registration::UnderWay)
        registration.store(Registration::Untried, std::memory_order_relaxed);  // the only thread
}

constexpr std::size_t kStackBytes = std::size_t{64} * 1024;

}  // namespace

FenceRegistration::FenceRegistration(bool wanted) noexcept {
    if (!wanted) return;
    // Without memory for this, branches in a child may never be stolen.
    [[maybe_unused]] static const bool kHandler = (call_in_children(forget_unfinished), true);
    Registration untried = Registration::Untried;
    // Relaxed: decides who registers, and publishes nothing.
    if (!registration.compare_exchange_strong(untried, Registration::UnderWay,
                                              std::memory_order_relaxed))
        return;
    if (__libc_single_threaded == 0) {
        try {
            thread_ = start_thread(registering_thread, nullptr, kStackBytes);
            started_ = true;
            return;
        } catch (const std::exception&) {
            // No thread could be started: register here, and wait.
        }
    }
    register_process();
}

FenceRegistration::~FenceRegistration() {
    if (started_) join_thread(thread_);
}

bool asymmetric_fences_ready() noexcept {
    // Acquire pairs with the release in register_process().
    return registration.load(std::memory_order_acquire) == Registration::Ready;
}

long asymmetric_fence_registrar() noexcept {
    return asymmetric_fences_ready() ? registrar.load(std::memory_order_relaxed) : 0;
}

void heavy_fence() noexcept { syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0); }

}  // namespace nebula::detail
