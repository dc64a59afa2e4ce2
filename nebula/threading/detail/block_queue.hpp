// SPDX-License-Identifier: MIT
// A FIFO that never moves its items.
#pragma once

#include "nebula/threading/detail/burst_memory.hpp"

#include <cstddef>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace nebula::detail {

/// A chain of blocks of slots: written at its end, read at its front. Items stay where they were
/// made, so growing cannot fail halfway through moving them.
///
/// Threads:   any thread, one at a time.
/// Cost:      no allocation while no more items are held than reserved, or than fit into a block;
///            for the others one per 64 KiB of items, or none.
/// Lifetime:  owns its items. It keeps the reserved blocks, or one, until it dies; the memory of
///            more blocks goes back to the system when they are empty.
/// Throws:    emplace_back: std::bad_alloc and what making the item throws, with nothing changed.
template <class T>
class BlockQueue {
    static_assert(std::is_nothrow_destructible_v<T>);

public:
    static constexpr std::size_t kBlockSlots = kAboutAPage<T>;

    BlockQueue() noexcept = default;
    BlockQueue(const BlockQueue&) = delete;
    BlockQueue& operator=(const BlockQueue&) = delete;
    ~BlockQueue() {
        while (size_ != 0) pop_front();
        // If there are blocks at all, one is left in the chain.
        if (head_ != nullptr) release(*head_);
        while (kept_ != nullptr) delete std::exchange(kept_, kept_->next);
    }

    /// Makes room for `count` items, wherever reading is at the moment.
    void reserve(std::size_t count) {
        // The blocks in between, and a partly used block at each end.
        while (kept_count_ < count / kBlockSlots + 2) add_kept_block();
    }

    template <class... Args>
    void emplace_back(Args&&... args) {
        if (tail_ == nullptr || write_ == kBlockSlots) {
            if (kept_count_ == 0) add_kept_block();
            Taken taken{*this, &take_block()};
            ::new (taken.block->slot(0)) T(std::forward<Args>(args)...);
            Block* const block = std::exchange(taken.block, nullptr);
            block->next = nullptr;
            (tail_ != nullptr ? tail_->next : head_) = block;
            tail_ = block;
            write_ = 0;
        } else {
            ::new (tail_->slot(write_)) T(std::forward<Args>(args)...);
        }
        ++write_;
        ++size_;
    }

    [[nodiscard]] T& front() noexcept { return *std::launder(static_cast<T*>(head_->slot(read_))); }
    void pop_front() noexcept {
        std::destroy_at(&front());
        ++read_;
        if (--size_ == 0) {
            // Empty: starts over in the block that is in the cache.
            read_ = write_ = 0;
        } else if (read_ == kBlockSlots) {
            release(*std::exchange(head_, head_->next));
            read_ = 0;
        }
    }

    [[nodiscard]] std::size_t size() const noexcept { return size_; }

private:
    struct Block {
        [[nodiscard]] void* slot(std::size_t index) noexcept { return bytes + index * sizeof(T); }

        Block* next = nullptr;
        bool is_kept = false;
        alignas(T) std::byte bytes[kBlockSlots * sizeof(T)];
    };
    // A block that is not in the chain yet. If making its first item throws, it goes back.
    struct Taken {
        ~Taken() {
            if (block != nullptr) queue.release(*block);
        }
        BlockQueue& queue;
        Block* block;
    };

    void add_kept_block() {
        auto* const block = new Block;
        block->is_kept = true;
        block->next = std::exchange(kept_, block);
        ++kept_count_;
    }
    [[nodiscard]] Block& take_block() {
        if (kept_ != nullptr) return *std::exchange(kept_, kept_->next);
        return *others_.make();
    }
    void release(Block& block) noexcept {
        if (block.is_kept)
            block.next = std::exchange(kept_, &block);
        else
            others_.free(&block);
    }

    Block* head_ = nullptr;  // read from
    Block* tail_ = nullptr;  // written to
    Block* kept_ = nullptr;  // blocks that are not in the chain and stay
    std::size_t read_ = 0;
    std::size_t write_ = 0;
    std::size_t size_ = 0;
    std::size_t kept_count_ = 0;  // in the chain or not
    BurstMemory<Block> others_;
};

}  // namespace nebula::detail
