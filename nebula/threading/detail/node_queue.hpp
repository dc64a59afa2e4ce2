// SPDX-License-Identifier: MIT
// A FIFO under a lock; its values are made, moved and destroyed outside of that lock.
#pragma once

#include <algorithm>
#include <cstddef>
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
/// Cost:      an allocation per kBlockNodes nodes if more are in use than ever before; otherwise
///            none.
/// Lifetime:  owns its nodes and the queued values, and keeps its blocks until it dies.
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
    /// About a page, but at least a few nodes, and not too many tiny ones.
    static constexpr std::size_t kBlockNodes =
        std::clamp(std::size_t{4000} / sizeof(Node), std::size_t{4}, std::size_t{256});

    NodeQueue() noexcept = default;
    NodeQueue(const NodeQueue&) = delete;
    NodeQueue& operator=(const NodeQueue&) = delete;
    ~NodeQueue() {
        while (front_ != nullptr) std::destroy_at(&std::exchange(front_, front_->next)->value());
        while (blocks_ != nullptr) delete std::exchange(blocks_, blocks_->next);
    }

    /// \throws std::bad_alloc
    void reserve(std::size_t count) {
        while (nodes_ < count) add_block();
    }

    /// Without a value. \throws std::bad_alloc
    [[nodiscard]] Node* take_empty() {
        if (free_ == nullptr) add_block();
        ++in_hand_;
        return std::exchange(free_, free_->next);
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
        node.next = std::exchange(free_, &node);
        --in_hand_;
    }

    /// The number of queued values.
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    /// The number of nodes that threads hold: values that are being put in or taken out.
    [[nodiscard]] std::size_t in_hand() const noexcept { return in_hand_; }
    [[nodiscard]] std::size_t in_use() const noexcept { return size_ + in_hand_; }

private:
    struct Block {
        Block* next = nullptr;
        Node nodes[kBlockNodes];
    };

    void add_block() {
        auto* const block = new Block;
        block->next = std::exchange(blocks_, block);
        // From the last to the first, so that they are taken in the order of their addresses.
        for (std::size_t i = kBlockNodes; i-- > 0;)
            block->nodes[i].next = std::exchange(free_, &block->nodes[i]);
        nodes_ += kBlockNodes;
    }

    Node* front_ = nullptr;
    Node* back_ = nullptr;  // valid while front_ is not null
    Node* free_ = nullptr;
    Block* blocks_ = nullptr;
    std::size_t size_ = 0;
    std::size_t in_hand_ = 0;
    std::size_t nodes_ = 0;
};

}  // namespace nebula::detail
