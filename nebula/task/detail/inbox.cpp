// SPDX-License-Identifier: MIT
#include "nebula/task/detail/inbox.hpp"

#include "nebula/base/log.hpp"
#include "nebula/base/yield_point.hpp"
#include "nebula/task/detail/task_record.hpp"

#include <memory>
#include <thread>
#include <utility>

namespace nebula::task_detail {

void Inbox::retain() noexcept {
    references_.fetch_add(1, std::memory_order_relaxed);  // the caller's own reference keeps us
}

void Inbox::release() noexcept {
    // acq_rel: the last release pairs with all earlier ones before the memory goes.
    if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
}

TaskRecord* Inbox::closed_mark() noexcept {
    // Any address that no record can have; never dereferenced.
    return reinterpret_cast<TaskRecord*>(this);
}

bool Inbox::push(TaskRecord& record) noexcept {
    // acquire, here and where the CAS fails: a thread that sees the mark of close() also sees what
    // the runtime did before it (TaskRecord::seal() counts a reference that our caller gives back).
    TaskRecord* newest = newest_.load(std::memory_order_acquire);
    do {
        if (newest == closed_mark()) return false;
        record.inbox_next_ = newest;
        NEBULA_YIELD_POINT();
        // release pairs with the acquire in take() and close().
    } while (!newest_.compare_exchange_weak(newest, &record, std::memory_order_release,
                                            std::memory_order_acquire));
    // Only the first push after a take() rings.
    if (newest == nullptr) ring();
    return true;
}

bool Inbox::empty() const noexcept {
    return newest_.load(std::memory_order_relaxed) == nullptr;  // a hint for the owner
}

bool Inbox::closed() noexcept {
    return newest_.load(std::memory_order_relaxed) == closed_mark();  // written by this thread
}

TaskRecord* Inbox::oldest_first(TaskRecord* newest) noexcept {
    TaskRecord* oldest = nullptr;
    while (newest != nullptr) {
        TaskRecord* const next = newest->inbox_next_;
        newest->inbox_next_ = oldest;
        oldest = newest;
        newest = next;
    }
    return oldest;
}

TaskRecord* Inbox::take() noexcept {
    TaskRecord* const mark = closed_mark();
    TaskRecord* newest = newest_.load(std::memory_order_relaxed);  // only this thread closes
    if (newest == nullptr || newest == mark) return nullptr;
    newest = newest_.exchange(nullptr, std::memory_order_acquire);  // pairs with push()
    return oldest_first(newest);
}

TaskRecord* Inbox::close() noexcept {
    // acquire pairs with push()'s release; release with its acquire of the mark.
    TaskRecord* const newest = newest_.exchange(closed_mark(), std::memory_order_acq_rel);
    return newest == closed_mark() ? nullptr : oldest_first(newest);
}

void Inbox::set_on_wake(SmallFunction<void()> handler) {
    auto old = handler ? std::make_unique<Handler>(std::move(handler)) : nullptr;
    for (bool swapped = false;;) {
        {
            const MutexLock lock(mutex_);
            if (!std::exchange(swapped, true)) std::swap(on_wake_, old);
            if (ringer_ == std::thread::id()) break;
            if (ringer_ == std::this_thread::get_id()) {
                // It is running below us, so ring() destroys it later.
                if (retired_ == nullptr) std::swap(retired_, old);
                break;
            }
        }
        std::this_thread::yield();  // a handler is short
    }
    // The old handler's closure is destroyed here, outside the mutex.
}

void Inbox::ring() noexcept {
    std::unique_ptr<Handler> retired;
    Handler* handler = nullptr;
    {
        const MutexLock lock(mutex_);
        if (on_wake_ == nullptr) return;
        if (ringer_ != std::thread::id()) {
            ring_again_ = true;
            return;
        }
        ringer_ = std::this_thread::get_id();
        handler = on_wake_.get();  // valid until set_on_wake() has seen that nobody rings
    }
    for (;;) {
        try {
            (*handler)();
        } catch (...) {
            log(LogLevel::Error,
                "the on_wake handler of a runtime threw; the woken tasks wait for the next pump");
        }
        const MutexLock lock(mutex_);
        handler = std::exchange(ring_again_, false) ? on_wake_.get() : nullptr;
        if (handler != nullptr) continue;
        ringer_ = {};
        std::swap(retired, retired_);
        return;  // the lock is released first, then the retired handler is destroyed
    }
}

}  // namespace nebula::task_detail
