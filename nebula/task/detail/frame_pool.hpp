// SPDX-License-Identifier: MIT
// Memory for coroutine frames and task records: blocks that are reused instead of freed.
#pragma once

#include "nebula/base/clock.hpp"
#include "nebula/base/mutex.hpp"
#include "nebula/base/slabs.hpp"

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <utility>

// The address sanitizer must see every allocation, or a use after free would read a block that is
// in use again.
#if defined(__SANITIZE_ADDRESS__)
#define NEBULA_FRAMES_FROM_HEAP 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define NEBULA_FRAMES_FROM_HEAP 1
#endif
#endif

namespace nebula::task_detail {

/// The blocks of one thread, by size class. A Runtime opens the pool of its thread; the pool is
/// destroyed when the last Runtime of the thread has closed it and its last block has come back.
///
/// When a lazy task is made, nobody knows yet which runtime will run it, so the pool is found
/// through the thread. The thread holds a plain pointer, not an object: a thread_local with a
/// destructor would keep an unloaded extension in the process.
///
/// Threads:   owner thread; free_frame() gives blocks back from any thread.
/// Cost:      a pop or push of a list; a mutex only for blocks freed on another thread.
/// Lifetime:  blocks may outlive the pool's users. When the blocks of a burst have come back, their
///            memory goes back to the system, except for a reserve: nebula/base/slabs.hpp.
class FramePool {
public:
    FramePool(const FramePool&) = delete;
    FramePool& operator=(const FramePool&) = delete;

    /// Keeps the pool of its thread open. Destroy it on the thread on which it was made.
    class User {
    public:
        User();
        ~User();
        User(const User&) = delete;
        User& operator=(const User&) = delete;

        [[nodiscard]] FramePool& pool() const noexcept { return *pool_; }

    private:
        FramePool* pool_;
    };

    static constexpr std::size_t kStep = 64;  ///< Between size classes: a cache line.
    static constexpr std::size_t kLargest = 4096;

    [[nodiscard]] void* allocate(std::size_t size) {  ///< size <= kLargest
        const std::size_t size_class = (size - (size != 0 ? 1 : 0)) / kStep;
        FreeBlock* const block = free_[size_class];
        if (block == nullptr) [[unlikely]]
            return allocate_new(size_class);
        free_[size_class] = block->next;
        --kept_[size_class];
        return static_cast<Header*>(block) + 1;
    }
    [[nodiscard]] std::size_t live_blocks() noexcept;  ///< Handed out and not freed.

    /// Whether settle() may have work: blocks of a burst have come back. Cheap: call it often.
    [[nodiscard]] bool is_unsettled() const noexcept {
        // Relaxed: see the member.
        return is_unsettled_ || has_strays_.load(std::memory_order_relaxed);
    }
    /// Gives back what a burst took and nobody has used for a second. Without a timer: each pump
    /// calls it while is_unsettled().
    void settle(Clock::time_point now) noexcept;
    /// How many bytes are mapped, for tests.
    [[nodiscard]] std::size_t mapped_bytes() const noexcept;

private:
    friend void free_frame(void* frame) noexcept;
    friend void free_foreign_frame(void* frame) noexcept;

    struct alignas(std::max_align_t) Header {
        FramePool* home;  // null: see moved_up
        std::uint32_t size_class;
        // If home is null: how far an over-aligned frame lies above the start of its block, which
        // has a header of its own. 0: the block is from the heap and goes back there.
        std::uint32_t moved_up;
    };
    struct FreeBlock : Header {
        FreeBlock* next;
    };

    friend void* allocate_from_heap(std::size_t size);
    friend void* allocate_over_aligned(std::size_t size, std::size_t alignment);

    FramePool() = default;
    ~FramePool() = default;

    // Per class in free_; more goes back to the slabs, and from there to the system.
    static constexpr std::size_t kKeptBytes = std::size_t{256} * 1024;
    static constexpr std::size_t kKeptSlabs = 4;     // per class, without a block in use
    static constexpr std::size_t kSettleSlabs = 16;  // at once: 1 MiB
    static constexpr std::size_t block_bytes(std::size_t size_class) noexcept {
        return (size_class + 1) * kStep;
    }

    [[nodiscard]] void* allocate_new(std::size_t size_class);
    void give_back(std::size_t size_class, std::size_t count) noexcept;
    void give_back_half(std::size_t size_class) noexcept;
    [[nodiscard]] FreeBlock& take_from_slabs(std::size_t size_class);
    [[nodiscard]] std::size_t live() const noexcept;
    /// The block's bytes are free, so the list's link may lie in them.
    static FreeBlock& as_free(Header& header) noexcept {
        const Header kept = header;
        return *::new (static_cast<void*>(&header)) FreeBlock{kept, nullptr};
    }
    void keep(FreeBlock& block) noexcept {
        const std::size_t size_class = block.size_class;
        block.next = std::exchange(free_[size_class], &block);
        // A product: a division would cost more than the rest.
        if (++kept_[size_class] * block_bytes(size_class) > kKeptBytes) [[unlikely]]
            give_back_half(size_class);
    }
    void give_back_from_elsewhere(FreeBlock& block) noexcept;
    void fetch_strays() noexcept;
    void close() noexcept;

    std::array<FreeBlock*, kLargest / kStep> free_{};
    std::array<std::uint32_t, kLargest / kStep> kept_{};  // how many are in free_
    std::array<std::unique_ptr<Slabs>, kLargest / kStep> slabs_;
    std::size_t taken_ = 0;  // from slabs_: blocks in use, those in strays_, and kept ones
    int users_ = 0;
    bool is_unsettled_ = false;
    bool was_used_ = false;            // more than its kept blocks, since settle() looked
    Clock::time_point quiet_since_{};  // when settle() last saw was_used_

    // Tells the owner that strays_ is worth taking the mutex; a hint that guards nothing: relaxed.
    std::atomic<bool> has_strays_{false};
    Mutex mutex_;
    FreeBlock* strays_ NEBULA_GUARDED_BY(mutex_) = nullptr;  // freed elsewhere, pool open
    std::size_t orphans_ NEBULA_GUARDED_BY(mutex_) = 0;      // still in use, pool closed
    bool closed_ NEBULA_GUARDED_BY(mutex_) = false;
};

// The pool of the calling thread; null if it has no User.
extern constinit thread_local FramePool* this_threads_pool;

[[nodiscard]] void* allocate_from_heap(std::size_t size);
[[nodiscard]] void* allocate_over_aligned(std::size_t size, std::size_t alignment);
void free_foreign_frame(void* frame) noexcept;

/// A block of at least `size` bytes, aligned for any ordinary type: from this thread's FramePool
/// if it has one, otherwise from the heap.
///
/// Threads:   any thread; a block may be freed on another thread than it was allocated on.
/// Cost:      a pop or push of a list. Inline, because a coroutine's size is known where it is
///            called, so the place of the list is a constant.
/// Throws:    std::bad_alloc.
[[nodiscard]] inline void* allocate_frame(std::size_t size) {
#if !defined(NEBULA_FRAMES_FROM_HEAP)
    if (FramePool* const pool = this_threads_pool; pool != nullptr && size <= FramePool::kLargest)
        return pool->allocate(size);
#endif
    return allocate_from_heap(size);
}

/// The same for any alignment. An alignment above std::max_align_t's needs a larger block.
[[nodiscard]] inline void* allocate_frame(std::size_t size, std::size_t alignment) {
    if (alignment <= alignof(std::max_align_t)) return allocate_frame(size);
    return allocate_over_aligned(size, alignment);
}

/// The largest alignment that a coroutine frame of this size can need, for compilers that do not
/// pass it: g++, and clang without -fcoro-aligned-allocation.
constexpr std::size_t worst_frame_alignment(std::size_t size) noexcept {
#if defined(__clang__)
    // A frame begins with two pointers, so an over-aligned local lies at its own alignment or
    // beyond. So the frame is larger than that alignment.
    return size == 0 ? 1 : std::bit_floor(size - 1);
#else
    // g++ lays a frame out as a struct: its size is a multiple of its alignment.
    return size & (~size + 1);
#endif
}

inline void free_frame(void* frame) noexcept {
    auto* const header = static_cast<FramePool::Header*>(frame) - 1;
    FramePool* const home = header->home;
    if (home == nullptr || home != this_threads_pool) return free_foreign_frame(frame);
    home->keep(FramePool::as_free(*header));
}

/// Base of classes whose objects are made by `new` in such blocks.
class InFramePool {
public:
    static void* operator new(std::size_t size) { return allocate_frame(size); }
    static void* operator new(std::size_t size, std::align_val_t alignment) {
        return allocate_frame(size, static_cast<std::size_t>(alignment));
    }
    static void operator delete(void* memory) noexcept { free_frame(memory); }
    static void operator delete(void* memory, std::align_val_t) noexcept { free_frame(memory); }

protected:
    InFramePool() noexcept = default;
    ~InFramePool() = default;
};

}  // namespace nebula::task_detail
