// SPDX-License-Identifier: MIT
// Where threads that have no deque of their own put work, and what did not fit into a deque.
#pragma once

#include "nebula/base/cache_line.hpp"
#include "nebula/base/mutex.hpp"
#include "nebula/base/yield_point.hpp"

#include <atomic>
#include <cstddef>
#include <vector>

namespace nebula::detail {

/// FIFO of pointers under a short lock, with a count that anybody may read without it.
///
/// Threads:   any thread.
/// Cost:      one lock per push and per successful pop; a pop from an empty one is a load.
/// Lifetime:  borrows its items. The same pointer may be in it several times (tickets are).
template <class T>
class Injector {
public:
    void push(T* item) NEBULA_EXCLUDES(mutex_) {
        const MutexLock lock(mutex_);
        // Relaxed: written under this lock only.
        const std::size_t count = count_.load(std::memory_order_relaxed);
        if (count == ring_.size()) grow(count);
        ring_[(head_ + count) & (ring_.size() - 1)] = item;
        NEBULA_YIELD_POINT();
        // The publication: README, "Parking".
        count_.store(count + 1, std::memory_order_seq_cst);
    }

    /// The oldest item; null when there is none.
    [[nodiscard]] T* pop() NEBULA_EXCLUDES(mutex_) {
        // Relaxed: a worker that is about to park looks again, with has_items().
        if (count_.load(std::memory_order_relaxed) == 0) return nullptr;
        NEBULA_YIELD_POINT();
        const MutexLock lock(mutex_);
        const std::size_t count = count_.load(std::memory_order_relaxed);  // under the lock
        if (count == 0) return nullptr;
        T* const item = ring_[head_];
        head_ = (head_ + 1) & (ring_.size() - 1);
        // Relaxed: taking publishes nothing; has_items may be true once too often.
        count_.store(count - 1, std::memory_order_relaxed);
        return item;
    }

    /// As WorkDeque::has_items: in the one order of all seq_cst operations.
    [[nodiscard]] bool has_items() const noexcept {
        return count_.load(std::memory_order_seq_cst) != 0;
    }

    /// Stale at once. Relaxed: a guess.
    [[nodiscard]] std::size_t size_hint() const noexcept {
        return count_.load(std::memory_order_relaxed);
    }

private:
    void grow(std::size_t count) NEBULA_REQUIRES(mutex_) {
        std::vector<T*> larger(ring_.empty() ? kFirstSize : 2 * ring_.size());
        for (std::size_t i = 0; i < count; ++i) larger[i] = ring_[(head_ + i) & (count - 1)];
        ring_ = std::move(larger);
        head_ = 0;
    }

    static constexpr std::size_t kFirstSize = 64;

    // Written under the lock; read by everybody who looks for work, so on a line of its own.
    alignas(2 * kCacheLine) std::atomic<std::size_t> count_{0};
    alignas(2 * kCacheLine) Mutex mutex_;
    std::vector<T*> ring_ NEBULA_GUARDED_BY(mutex_);  // size 0 or a power of two
    std::size_t head_ NEBULA_GUARDED_BY(mutex_) = 0;
};

}  // namespace nebula::detail
