// SPDX-License-Identifier: MIT
// Where coroutine frames and task records live: blocks that are used again instead of freed.
#pragma once

#include "nebula/base/mutex.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace nebula::task_detail {

/// A block of at least `size` bytes, aligned for any ordinary type: from this thread's FramePool
/// if it has one, else from the heap.
///
/// Threads:   any thread; what was allocated on one may be freed on another.
/// Throws:    std::bad_alloc.
[[nodiscard]] void* allocate_frame(std::size_t size);
void free_frame(void* frame) noexcept;

/// The blocks of one thread, by size class. A Runtime opens the pool of its thread; the pool goes
/// when the last Runtime of the thread has closed it and its last block has come home.
///
/// A lazy task is made before anything knows which runtime will run it, so the pool is found
/// through the thread. The thread holds a bare pointer and no object: a thread_local with a
/// destructor would pin an unloaded extension in the process.
///
/// Threads:   owner thread; free_frame() hands blocks back from any thread.
/// Cost:      a pop or push of a list; a mutex only for blocks freed on another thread.
/// Lifetime:  blocks may outlive the pool's users; memory goes back to the heap at close().
class FramePool {
public:
    FramePool(const FramePool&) = delete;
    FramePool& operator=(const FramePool&) = delete;

    /// Keeps the pool of the thread it was made on open. Destroy it on that thread.
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

    [[nodiscard]] void* allocate(std::size_t size);    ///< size <= kLargest
    [[nodiscard]] std::size_t live_blocks() noexcept;  ///< Handed out and not freed, anywhere.

private:
    friend void free_frame(void* frame) noexcept;

    struct alignas(std::max_align_t) Header {
        FramePool* home;  // null: from the heap, to the heap
        std::uint32_t size_class;
    };
    struct FreeBlock : Header {
        FreeBlock* next;
    };

    friend void* allocate_from_heap(std::size_t size);

    FramePool() = default;
    ~FramePool() = default;

    void give_back(FreeBlock& block) noexcept;
    void give_back_from_elsewhere(FreeBlock& block) noexcept;
    void keep(FreeBlock& block) noexcept;
    void fetch_strays() noexcept;
    void close() noexcept;

    std::array<FreeBlock*, kLargest / kStep> free_{};
    std::size_t live_ = 0;  // blocks out, counting those that wait in strays_
    int users_ = 0;

    // A hint to the owner that strays_ is worth the mutex; guards nothing, hence relaxed.
    std::atomic<bool> has_strays_{false};
    Mutex mutex_;
    FreeBlock* strays_ NEBULA_GUARDED_BY(mutex_) = nullptr;  // freed elsewhere, pool open
    std::size_t orphans_ NEBULA_GUARDED_BY(mutex_) = 0;      // still out, pool closed
    bool closed_ NEBULA_GUARDED_BY(mutex_) = false;
};

}  // namespace nebula::task_detail
