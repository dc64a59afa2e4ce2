// SPDX-License-Identifier: MIT
#include "nebula/threading/io_threads.hpp"

#include "nebula/threading/blocking_region.hpp"
#include "nebula/threading/detail/caught.hpp"
#include "nebula/threading/detail/futex.hpp"
#include "nebula/threading/detail/io_core.hpp"
#include "nebula/threading/detail/pool_core.hpp"
#include "nebula/threading/nesting.hpp"

#include <exception>
#include <utility>

namespace nebula {

IoThreads::IoThreads(IoThreadsConfig config)
    : core_(std::make_unique<detail::IoCore>(std::move(config))) {}

IoThreads::~IoThreads() {
    if (detail::exit_was_called_here() || !core_->home().is_here()) {
        core_->abandon();
        detail::keep_until_process_ends(core_.release());
        return;
    }
    close();
}

void IoThreads::spawn_job(detail::IoJob job) { core_->spawn(std::move(job)); }

void IoThreads::close() noexcept {
    const BlockingRegion blocked;  // we may be a worker of a pool that the last jobs wait for
    core_->close();
}

int IoThreads::thread_count() const { return core_->thread_count(); }
std::size_t IoThreads::queued() const { return core_->queued(); }

void IoScope::run_guarded(void (*call)(void* closure), void* closure, const char* name) noexcept {
    if (std::exception_ptr error = detail::run_caught(call, closure)) {
        const MutexLock lock(mutex_);
        if (first_ != nullptr) return;
        first_ = std::move(error);
        first_name_ = name;
    }
}

IoScope::IoScope(IoThreads& threads) : threads_(&threads) { detail::require_stack(); }

IoScope::~IoScope() {
    wait();
    std::exception_ptr first;
    {
        const MutexLock lock(mutex_);  // only for the static analysis: all jobs have ended
        first = std::exchange(first_, nullptr);
    }
    if (first != nullptr) threads_->core_->report(first, first_name_);
}

void IoScope::leave() noexcept {
    // Release pairs with the acquire in wait(). Waking a word that is gone is harmless: the kernel
    // only compares its address.
    if ((pending_.fetch_sub(1, std::memory_order_acq_rel) & (kRing - 1)) == 1)
        detail::futex_wake_one(pending_);
}

void IoScope::wait() noexcept {
    const detail::NestedWait nested;
    for (std::uint32_t word = 0;
         ((word = pending_.load(std::memory_order_acquire)) & (kRing - 1)) != 0;) {
        threads_->core_->home().require();
        // If this is one of the threads that run the jobs, they might wait for it while it sleeps.
        if (!threads_->core_->run_one_if_own())
            detail::PoolCore::sleep_in_wait(nullptr, pending_, word, kRing);
    }
}

void IoScope::wait_and_rethrow() {
    wait();
    std::exception_ptr first;
    {
        const MutexLock lock(mutex_);
        first = std::exchange(first_, nullptr);
    }
    if (first != nullptr) std::rethrow_exception(first);
}

}  // namespace nebula
