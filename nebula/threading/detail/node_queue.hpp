// SPDX-License-Identifier: MIT
// A FIFO under a lock; its values are made, moved and destroyed outside of that lock.
#pragma once

#include "nebula/threading/detail/burst_memory.hpp"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace nebula::detail {

/// Links nodes and never touches the values in them. A constructor, move or destructor of a value
/// is user code: it may take a lock of its own, or use this very queue. So a thread takes a node
/// under the lock, works on its value without the lock, and returns the node under the lock.
///
///     take_empty() -> make the value -> push_back()
///     pop_front()  -> move the value out, destroy it -> give_back()
///                  -> or leave it as it is -> push_front()
///
/// Threads:   everything under the owner's lock; a node in hand: the thread that has it.
/// Cost:      no allocation while no more nodes are in use than reserved, or than kBlockNodes; for
///            the others one per 64 KiB of nodes, or none.
/// Lifetime:  owns its nodes and the queued values. It keeps one block of nodes until it dies; the
///            memory of more nodes goes back to the system when they are free.
template <class T>
class NodeQueue {
    static_assert(std::is_nothrow_destructible_v<T>);

public:
    struct Node {
        [[nodiscard]] void* storage() noexcept { return bytes; }
        [[nodiscard]] T& value() noexcept {
            return *std::launder(static_cast<T*>(static_cast<void*>(bytes)));
        }

        Node* next = nullptr;
        alignas(T) std::byte bytes[sizeof(T)];
    };
    static constexpr std::size_t kBlockNodes = kAboutAPage<Node>;

    NodeQueue() noexcept = default;
    NodeQueue(const NodeQueue&) = delete;
    NodeQueue& operator=(const NodeQueue&) = delete;
    ~NodeQueue() {
        while (front_ != nullptr) {
            Node& node = *std::exchange(front_, front_->next);
            std::destroy_at(&node.value());
            release(node);
        }
        if (first_ != nullptr) std::allocator<Node>().deallocate(first_, room_);
    }

    /// The number of nodes that are kept. Call it before the first take_empty(), or not at all.
    /// \throws std::bad_alloc
    void reserve(std::size_t count) {
        count = std::max(count, kBlockNodes);
        first_ = std::allocator<Node>().allocate(count);
        room_ = count;
    }

    /// Without a value. \throws std::bad_alloc
    [[nodiscard]] Node* take_empty() {
        if (room_ == 0) reserve(kBlockNodes);
        Node* node = free_;
        if (node != nullptr)
            free_ = node->next;
        else if (fresh_ != room_)
            node = ::new (static_cast<void*>(first_ + fresh_++)) Node;
        else
            node = others_.make();
        ++in_hand_;
        return node;
    }
    void push_back(Node& node) noexcept {
        node.next = nullptr;
        (front_ != nullptr ? back_->next : front_) = &node;
        back_ = &node;
        ++size_;
        --in_hand_;
    }
    void push_front(Node& node) noexcept {
        node.next = front_;
        if (front_ == nullptr) back_ = &node;
        front_ = &node;
        ++size_;
        --in_hand_;
    }
    /// The oldest node, with its value; null if the queue is empty.
    [[nodiscard]] Node* pop_front() noexcept {
        if (front_ == nullptr) return nullptr;
        --size_;
        ++in_hand_;
        return std::exchange(front_, front_->next);
    }
    /// Without a value.
    void give_back(Node& node) noexcept {
        release(node);
        --in_hand_;
    }

    /// The number of queued values.
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    /// The number of nodes that threads hold: values that are being put in or taken out.
    [[nodiscard]] std::size_t in_hand() const noexcept { return in_hand_; }
    [[nodiscard]] std::size_t in_use() const noexcept { return size_ + in_hand_; }

private:
    void release(Node& node) noexcept {
        // std::less, because the order of unrelated pointers is otherwise unspecified.
        const std::less<const Node*> before;
        if (!before(&node, first_) && before(&node, first_ + room_))
            node.next = std::exchange(free_, &node);
        else
            others_.free(&node);
    }

    Node* front_ = nullptr;
    Node* back_ = nullptr;   // valid while front_ is not null
    Node* free_ = nullptr;   // of the first block
    Node* first_ = nullptr;  // the block that is kept
    std::size_t room_ = 0;   // its nodes
    std::size_t fresh_ = 0;  // of those, that were handed out at least once
    std::size_t size_ = 0;
    std::size_t in_hand_ = 0;
    BurstMemory<Node> others_;
};

}  // namespace nebula::detail
