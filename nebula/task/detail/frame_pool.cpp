// SPDX-License-Identifier: MIT
#include "nebula/task/detail/frame_pool.hpp"

#include "nebula/base/assert.hpp"

#include <new>
#include <utility>

// The address sanitizer must see every frame come and go, or a use after free would read a block
// that is in use again.
#if defined(__SANITIZE_ADDRESS__)
#define NEBULA_FRAMES_FROM_HEAP 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define NEBULA_FRAMES_FROM_HEAP 1
#endif
#endif

namespace nebula::task_detail {
namespace {

constinit thread_local FramePool* this_threads_pool = nullptr;

}  // namespace

void* allocate_from_heap(std::size_t size) {
    void* const memory = ::operator new(sizeof(FramePool::Header) + size);
    auto* const header = ::new (memory) FramePool::Header{nullptr, 0};
    return header + 1;
}

void* allocate_frame(std::size_t size) {
#if !defined(NEBULA_FRAMES_FROM_HEAP)
    if (this_threads_pool != nullptr && size <= FramePool::kLargest)
        return this_threads_pool->allocate(size);
#endif
    return allocate_from_heap(size);
}

void free_frame(void* frame) noexcept {
    auto* const header = static_cast<FramePool::Header*>(frame) - 1;
    FramePool* const home = header->home;
    if (home == nullptr) {
        ::operator delete(header);
        return;
    }
    // The block's bytes are free now, so the list link may lie in them.
    auto& block = *::new (static_cast<void*>(header))
                      FramePool::FreeBlock{{home, header->size_class}, nullptr};
    if (home == this_threads_pool) {
        home->give_back(block);
    } else {
        home->give_back_from_elsewhere(block);
    }
}

FramePool::User::User() {
    if (this_threads_pool == nullptr) this_threads_pool = new FramePool;
    pool_ = this_threads_pool;
    ++pool_->users_;
}

FramePool::User::~User() {
    NEBULA_ASSERT(this_threads_pool == pool_,
                  "a frame pool is closed on the thread that opened it");
    if (--pool_->users_ == 0) {
        this_threads_pool = nullptr;
        pool_->close();
    }
}

void* FramePool::allocate(std::size_t size) {
    const std::size_t size_class = size == 0 ? 0 : (size - 1) / kStep;
    if (free_[size_class] == nullptr && has_strays_.load(std::memory_order_relaxed)) fetch_strays();
    ++live_;
    if (FreeBlock* const block = free_[size_class]; block != nullptr) {
        free_[size_class] = block->next;
        return static_cast<Header*>(block) + 1;
    }
    void* const memory = ::operator new(sizeof(Header) + (size_class + 1) * kStep);
    auto* const header = ::new (memory) Header{this, static_cast<std::uint32_t>(size_class)};
    return header + 1;
}

void FramePool::keep(FreeBlock& block) noexcept {
    block.next = std::exchange(free_[block.size_class], &block);
    --live_;
}

void FramePool::give_back(FreeBlock& block) noexcept { keep(block); }

void FramePool::give_back_from_elsewhere(FreeBlock& block) noexcept {
    bool last = false;
    {
        const MutexLock lock(mutex_);
        if (!closed_) {
            block.next = std::exchange(strays_, &block);
            has_strays_.store(true, std::memory_order_relaxed);  // see the member
            return;
        }
        last = --orphans_ == 0;
    }
    ::operator delete(static_cast<void*>(&block));
    if (last) delete this;
}

std::size_t FramePool::live_blocks() noexcept {
    fetch_strays();
    return live_;
}

void FramePool::fetch_strays() noexcept {
    FreeBlock* strays = nullptr;
    {
        const MutexLock lock(mutex_);
        strays = std::exchange(strays_, nullptr);
        has_strays_.store(false, std::memory_order_relaxed);  // see the member
    }
    while (strays != nullptr) keep(*std::exchange(strays, strays->next));
}

void FramePool::close() noexcept {
    fetch_strays();
    for (FreeBlock*& list : free_) {
        while (list != nullptr)
            ::operator delete(static_cast<void*>(std::exchange(list, list->next)));
    }
    bool last = false;
    {
        const MutexLock lock(mutex_);
        // Blocks freed elsewhere since fetch_strays() are few; they go to the heap here.
        while (strays_ != nullptr) {
            ::operator delete(static_cast<void*>(std::exchange(strays_, strays_->next)));
            --live_;
        }
        closed_ = true;
        orphans_ = live_;
        last = orphans_ == 0;
    }
    if (last) delete this;
}

}  // namespace nebula::task_detail
