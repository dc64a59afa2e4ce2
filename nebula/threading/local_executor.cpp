// SPDX-License-Identifier: MIT
#include "nebula/threading/local_executor.hpp"

#include "nebula/base/yield_point.hpp"
#include "nebula/threading/detail/caught.hpp"
#include "nebula/threading/detail/panic.hpp"

#include <exception>

namespace nebula {

const char* TaskWasDropped::what() const noexcept {
    return "the executor was destroyed before the task ran";
}

LocalExecutor::LocalExecutor(LocalExecutorOptions options)
    : owner_(std::this_thread::get_id()), options_(std::move(options)) {}

LocalExecutor::~LocalExecutor() {
    NEBULA_ASSERT(is_current_thread_owner(), "a LocalExecutor dies on its own thread");
    while (Ring* const ring = next_ring()) {
        const Entry entry = std::move(ring->front());  // what its destructor spawns is found next
        ring->pop_front();
        size_.fetch_sub(1, std::memory_order_relaxed);  // a number
    }
}

std::exception_ptr LocalExecutor::run(void (*call)(void*), void* context) noexcept {
    return detail::run_caught(call, context);
}

std::exception_ptr LocalExecutor::dropped() noexcept {
    return std::make_exception_ptr(TaskWasDropped());
}

void LocalExecutor::push_shared(Entry&& entry) {
    bool was_empty = false;
    {
        const MutexLock lock(mutex_);
        inbox_.emplace_back(std::move(entry));
        // Relaxed: refill() needs the lock to see more than the number.
        was_empty = size_.fetch_add(1, std::memory_order_relaxed) == 0;
    }
    NEBULA_YIELD_POINT();
    if (was_empty && options_.on_work) options_.on_work();
}

void LocalExecutor::push_local(Entry&& entry) {
    local_.emplace_back(std::move(entry));
    size_.fetch_add(1, std::memory_order_relaxed);  // a number
}

void LocalExecutor::refill() noexcept {
    // Relaxed: whoever knows that something was spawned sees a number that knows it too.
    if (size_.load(std::memory_order_relaxed) == ready_.size() + local_.size()) return;
    const MutexLock lock(mutex_);
    ready_.swap(inbox_);
}

LocalExecutor::Ring* LocalExecutor::next_ring() noexcept {
    if (ready_.size() == 0) refill();
    if (local_.size() != 0 && (local_turn_ || ready_.size() == 0)) return &local_;
    return ready_.size() != 0 ? &ready_ : nullptr;
}

void LocalExecutor::run_oldest_of(Ring& ring) noexcept {
    local_turn_ = &ring == &ready_;
    ++(&ring == &ready_ ? ready_taken_ : local_taken_);
    Entry entry = std::move(ring.front());
    ring.pop_front();
    size_.fetch_sub(1, std::memory_order_relaxed);  // a number
    if (const std::exception_ptr error = detail::caught(entry.closure))
        detail::tell_panic(options_.on_panic, error, "local", entry.options.name);
}

std::size_t LocalExecutor::tick(std::size_t most) noexcept {
    NEBULA_ASSERT(is_current_thread_owner(), "ticked on another thread");
    // By how many were taken, not by counting down: a closure may tick as well.
    const std::uint64_t local_end = local_taken_ + local_.size();
    const std::uint64_t ready_end = ready_taken_ + (size() - local_.size());
    std::size_t count = 0;
    for (; count < most; ++count) {
        const bool local = local_taken_ < local_end;
        const bool ready = ready_taken_ < ready_end;
        if (!local && !ready) break;
        Ring* const next = next_ring();  // also brings what was spawned elsewhere
        if (next == nullptr) break;
        // Of the one whose turn it is, all that were there may have run.
        run_oldest_of(local && ready ? *next : local ? local_ : ready_);
    }
    return count;
}

std::size_t LocalExecutor::run_until(Clock::time_point deadline) noexcept {
    std::size_t count = 0;
    while (Clock::now() < deadline && try_tick()) ++count;
    return count;
}

}  // namespace nebula
