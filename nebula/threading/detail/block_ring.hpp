// SPDX-License-Identifier: MIT
// A FIFO that keeps its memory and never moves its items.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace nebula::detail {

/// Blocks of slots in a circle: writing runs ahead of reading, and where it would catch up, another
/// block is inserted. Items stay where they were made, so growing cannot fail halfway through
/// moving them.
///
/// Threads:   any thread, one at a time.
/// Cost:      an allocation per kBlockSlots items if it holds more than ever before; otherwise
///            none.
/// Lifetime:  owns its items and keeps its blocks until it dies.
/// Throws:    emplace_back: std::bad_alloc and what making the item throws, with nothing changed.
template <class T>
class BlockRing {
    static_assert(std::is_nothrow_destructible_v<T>);

public:
    /// About a page, but at least a few items, and not too many tiny ones.
    static constexpr std::size_t kBlockSlots =
        std::clamp(std::size_t{4000} / sizeof(T), std::size_t{4}, std::size_t{256});

    BlockRing() noexcept = default;
    BlockRing(const BlockRing&) = delete;
    BlockRing& operator=(const BlockRing&) = delete;
    ~BlockRing() {
        while (size_ != 0) pop_front();
        if (tail_ == nullptr) return;
        for (Block* block = tail_->next; block != tail_;) delete std::exchange(block, block->next);
        delete tail_;
    }

    /// Makes room for `count` items, wherever reading is at the moment.
    void reserve(std::size_t count) {
        // The blocks in between, and a partly used block at each end.
        while (blocks_ < count / kBlockSlots + 2) add_block();
    }

    template <class... Args>
    void emplace_back(Args&&... args) {
        if (tail_ == nullptr || write_ == kBlockSlots) {
            if (tail_ == nullptr || tail_->next == head_) add_block();
            if (write_ == kBlockSlots) {
                tail_ = tail_->next;
                write_ = 0;
            }
        }
        ::new (tail_->slot(write_)) T(std::forward<Args>(args)...);
        ++write_;
        ++size_;
    }

    [[nodiscard]] T& front() noexcept { return *std::launder(static_cast<T*>(head_->slot(read_))); }
    void pop_front() noexcept {
        std::destroy_at(&front());
        ++read_;
        if (--size_ == 0) {
            // Empty: starts over in the block that is in the cache.
            head_ = tail_;
            read_ = write_ = 0;
        } else if (read_ == kBlockSlots) {
            head_ = head_->next;
            read_ = 0;
        }
    }

    [[nodiscard]] std::size_t size() const noexcept { return size_; }

    void swap(BlockRing& other) noexcept {
        std::swap(head_, other.head_);
        std::swap(tail_, other.tail_);
        std::swap(read_, other.read_);
        std::swap(write_, other.write_);
        std::swap(size_, other.size_);
        std::swap(blocks_, other.blocks_);
    }

private:
    struct Block {
        [[nodiscard]] void* slot(std::size_t index) noexcept { return bytes + index * sizeof(T); }

        Block* next;
        alignas(T) std::byte bytes[kBlockSlots * sizeof(T)];
    };

    // Inserts a block after the tail, where it will be written next.
    void add_block() {
        auto* const block = new Block;
        ++blocks_;
        if (tail_ == nullptr) {
            block->next = block;
            head_ = tail_ = block;
        } else {
            block->next = std::exchange(tail_->next, block);
        }
    }

    Block* head_ = nullptr;  // read from; blocks after the tail and before it are free
    Block* tail_ = nullptr;  // written to
    std::size_t read_ = 0;
    std::size_t write_ = 0;
    std::size_t size_ = 0;
    std::size_t blocks_ = 0;
};

}  // namespace nebula::detail
