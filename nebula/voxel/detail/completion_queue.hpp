// SPDX-License-Identifier: MIT
// How results get from workers to the owner: nobody waits.
#pragma once

#include <atomic>
#include <memory>

namespace nebula::voxel::detail {

/// Many producers, one consumer that takes everything at once. T has a member `T* next`.
///
/// A stack, because the consumer sorts what it takes anyway. Since nothing is ever taken singly,
/// the exchange in push cannot be fooled by a node that left and came back.
///
/// Threads:   push: any thread. take_all and the destructor: owner thread.
template <class T>
class CompletionQueue {
public:
    CompletionQueue() = default;
    ~CompletionQueue() {
        take_all([](std::unique_ptr<T>) {});
    }
    CompletionQueue(const CompletionQueue&) = delete;
    CompletionQueue& operator=(const CompletionQueue&) = delete;

    void push(std::unique_ptr<T> item) noexcept {
        T* node = item.release();
        node->next = head_.load(std::memory_order_relaxed);
        // Release: pairs with take_all, which then sees the whole item.
        while (!head_.compare_exchange_weak(node->next, node, std::memory_order_release,
                                            std::memory_order_relaxed)) {
        }
    }

    template <class F>  // called with std::unique_ptr<T>, youngest first
    void take_all(F&& f) {
        // Acquire: pairs with push. The pushes form one release sequence, so it covers all nodes.
        T* node = head_.exchange(nullptr, std::memory_order_acquire);
        while (node != nullptr) {
            std::unique_ptr<T> item(node);
            node = std::exchange(item->next, nullptr);
            f(std::move(item));
        }
    }

private:
    std::atomic<T*> head_{nullptr};
};

}  // namespace nebula::voxel::detail
