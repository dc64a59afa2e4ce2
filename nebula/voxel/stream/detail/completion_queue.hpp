// SPDX-License-Identifier: MIT
// Passes finished work from workers to the owner, without waiting.
#pragma once

#include <atomic>
#include <utility>

namespace nebula::voxel::detail {

/// Many producers, and one consumer that takes everything at once and looks at it piece by piece.
/// It owns nothing. T has a member `T* next`.
///
/// It is a stack, because the consumer does not need an order. Since nodes are never taken singly,
/// push has no ABA problem.
///
/// Threads:   push: any thread. take: owner thread.
template <class T>
class CompletionQueue {
public:
    CompletionQueue() = default;
    CompletionQueue(const CompletionQueue&) = delete;
    CompletionQueue& operator=(const CompletionQueue&) = delete;

    void push(T& item) noexcept {
        item.next = head_.load(std::memory_order_relaxed);
        // Release: pairs with take, which then sees the whole item.
        while (!head_.compare_exchange_weak(item.next, &item, std::memory_order_release,
                                            std::memory_order_relaxed)) {
        }
    }

    /// Calls f(T&) for one item, in no particular order; false if there is none.
    template <class F>
    bool take(F&& f) {
        if (taken_ == nullptr) {
            if (head_.load(std::memory_order_relaxed) == nullptr) return false;
            // Acquire: pairs with push. The pushes form one release sequence, so it covers all
            // nodes.
            taken_ = head_.exchange(nullptr, std::memory_order_acquire);
        }
        T& item = *taken_;
        taken_ = std::exchange(item.next, nullptr);
        f(item);
        return true;
    }

private:
    std::atomic<T*> head_{nullptr};  // pushed by any thread, taken whole by the owner
    T* taken_ = nullptr;             // owner thread
};

}  // namespace nebula::voxel::detail
