// SPDX-License-Identifier: MIT
// Queue for work from threads without a deque, and for work that did not fit into a deque.
#pragma once

#include "nebula/base/cache_line.hpp"
#include "nebula/base/mutex.hpp"
#include "nebula/base/yield_point.hpp"

#include <atomic>
#include <cstddef>
#include <utility>

namespace nebula::detail {

/// FIFO of items, linked through their `next` and `before`, under a short lock. Its count can be
/// read without the lock.
///
/// Threads:   any thread.
/// Cost:      one lock per push and per successful pop; a pop from an empty queue is a load.
///            Nothing allocates.
/// Lifetime:  borrows its items.
template <class T>
class Injector {
public:
    void push(T* item) noexcept NEBULA_EXCLUDES(mutex_) {
        const MutexLock lock(mutex_);
        item->next = nullptr;
        item->before = newest_;
        (newest_ != nullptr ? newest_->next : oldest_) = item;
        newest_ = item;
        NEBULA_YIELD_POINT();
        // The publication: README, "Parking". (The load: it is written only under this lock.)
        count_.store(count_.load(std::memory_order_relaxed) + 1, std::memory_order_seq_cst);
    }

    /// Pushes `count` items, chained by `next`, in that order.
    void push_all(T* first, std::size_t count) noexcept NEBULA_EXCLUDES(mutex_) {
        const MutexLock lock(mutex_);
        for (std::size_t i = 0; i < count; ++i) {
            T* const item = std::exchange(first, first->next);
            item->next = nullptr;
            item->before = newest_;
            (newest_ != nullptr ? newest_->next : oldest_) = item;
            newest_ = item;
        }
        NEBULA_YIELD_POINT();
        // As in push.
        count_.store(count_.load(std::memory_order_relaxed) + count, std::memory_order_seq_cst);
    }

    /// The oldest item; null if there is none.
    [[nodiscard]] T* pop() noexcept NEBULA_EXCLUDES(mutex_) {
        // Relaxed: a worker that is about to park checks again, with has_items().
        if (count_.load(std::memory_order_relaxed) == 0) return nullptr;
        NEBULA_YIELD_POINT();
        const MutexLock lock(mutex_);
        T* const item = oldest_;
        if (item != nullptr) take(item);
        return item;
    }

    /// The youngest item for which `wanted(item)` is true, among the `reach` youngest.
    template <class Wanted>
    [[nodiscard]] T* take_back(std::size_t reach, Wanted&& wanted) noexcept
        NEBULA_EXCLUDES(mutex_) {
        if (count_.load(std::memory_order_relaxed) == 0) return nullptr;  // as in pop
        const MutexLock lock(mutex_);
        for (T* item = newest_; item != nullptr && reach > 0; item = item->before, --reach) {
            if (!wanted(*item)) continue;
            take(item);
            return item;
        }
        return nullptr;
    }

    /// Like WorkDeque::has_items: in the single order of all seq_cst operations.
    [[nodiscard]] bool has_items() const noexcept {
        return count_.load(std::memory_order_seq_cst) != 0;
    }

    /// Outdated at once. Relaxed: a hint.
    [[nodiscard]] std::size_t size_hint() const noexcept {
        return count_.load(std::memory_order_relaxed);
    }

private:
    void take(T* item) noexcept NEBULA_REQUIRES(mutex_) {
        (item->before != nullptr ? item->before->next : oldest_) = item->next;
        (item->next != nullptr ? item->next->before : newest_) = item->before;
        // Relaxed: taking publishes nothing; has_items may give a wrong yes.
        count_.store(count_.load(std::memory_order_relaxed) - 1, std::memory_order_relaxed);
    }

    // Written under the lock; read by all threads that look for work, so on a cache line of its
    // own.
    alignas(2 * kCacheLine) std::atomic<std::size_t> count_{0};
    alignas(2 * kCacheLine) Mutex mutex_;
    T* oldest_ NEBULA_GUARDED_BY(mutex_) = nullptr;
    T* newest_ NEBULA_GUARDED_BY(mutex_) = nullptr;
};

}  // namespace nebula::detail
