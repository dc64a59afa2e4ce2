// SPDX-License-Identifier: MIT
#include "nebula/task/detail/frame_pool.hpp"

#include "nebula/base/assert.hpp"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <new>
#include <numeric>
#include <utility>

namespace nebula::task_detail {

constinit thread_local FramePool* this_threads_pool = nullptr;

void* allocate_from_heap(std::size_t size) {
    void* const memory = ::operator new(sizeof(FramePool::Header) + size);
    auto* const header = ::new (memory) FramePool::Header{nullptr, 0, 0};
    return header + 1;
}

void* allocate_over_aligned(std::size_t size, std::size_t alignment) {
    using Header = FramePool::Header;
    NEBULA_ASSERT(std::has_single_bit(alignment), "an alignment must be a power of two");
    // A block is aligned for a Header, so the frame has to move up by this much at most.
    const std::size_t room = alignment - alignof(Header);
    if (room > std::numeric_limits<std::uint32_t>::max() ||
        size > std::numeric_limits<std::size_t>::max() - room - sizeof(Header))
        throw std::bad_alloc();
    auto* const block = static_cast<std::byte*>(allocate_frame(size + room));
    const std::uintptr_t beyond = reinterpret_cast<std::uintptr_t>(block) & (alignment - 1);
    if (beyond == 0) return block;
    const std::size_t up = alignment - beyond;
    // The header in front of the frame lies in the bytes that were skipped.
    auto* const header = ::new (static_cast<void*>(block + up - sizeof(Header)))
        Header{nullptr, 0, static_cast<std::uint32_t>(up)};
    return header + 1;
}

void free_foreign_frame(void* frame) noexcept {
    auto* const header = static_cast<FramePool::Header*>(frame) - 1;
    if (header->home == nullptr) {
        if (header->moved_up != 0)
            return free_frame(static_cast<std::byte*>(frame) - header->moved_up);
        ::operator delete(header);
        return;
    }
    header->home->give_back_from_elsewhere(FramePool::as_free(*header));
}

FramePool::User::User() {
    if (this_threads_pool == nullptr) this_threads_pool = new FramePool;
    pool_ = this_threads_pool;
    ++pool_->users_;
}

FramePool::User::~User() {
    NEBULA_ASSERT(this_threads_pool == pool_,
                  "a frame pool must be closed on the thread that opened it");
    if (--pool_->users_ == 0) {
        this_threads_pool = nullptr;
        pool_->close();
    }
}

void* FramePool::allocate_new(std::size_t size_class) {
    if (has_strays_.load(std::memory_order_relaxed)) {
        fetch_strays();
        if (free_[size_class] != nullptr) return allocate(block_bytes(size_class));
    }
    FreeBlock& block = take_from_slabs(size_class);
    // Takes more than one, about a page of them.
    try {
        for (std::size_t more = kLargest / block_bytes(size_class); more > 1; --more) {
            FreeBlock& next = take_from_slabs(size_class);
            next.next = std::exchange(free_[size_class], &next);
            ++kept_[size_class];
        }
    } catch (const std::bad_alloc&) {
        // One is enough.
    }
    return static_cast<Header*>(&block) + 1;
}

FramePool::FreeBlock& FramePool::take_from_slabs(std::size_t size_class) {
    std::unique_ptr<Slabs>& slabs = slabs_[size_class];
    if (slabs == nullptr)
        slabs = std::make_unique<Slabs>(sizeof(Header) + block_bytes(size_class), alignof(Header),
                                        kKeptSlabs);
    auto* const block = ::new (slabs->take()) FreeBlock{};
    block->home = this;
    block->size_class = static_cast<std::uint32_t>(size_class);
    ++taken_;
    was_used_ = true;
    return *block;
}

void FramePool::give_back(std::size_t size_class, std::size_t count) noexcept {
    Slabs& slabs = *slabs_[size_class];
    for (; count > 0; --count) {
        slabs.free(std::exchange(free_[size_class], free_[size_class]->next));
        --kept_[size_class];
        --taken_;
    }
}

// Half, so that a thread that alternately frees and allocates does not come here each time.
void FramePool::give_back_half(std::size_t size_class) noexcept {
    is_unsettled_ = was_used_ = true;
    give_back(size_class, kept_[size_class] / 2);
    Slabs& slabs = *slabs_[size_class];
    if (slabs.has_surplus()) (void)slabs.settle(Clock::now(), kSettleSlabs);
}

void FramePool::settle(Clock::time_point now) noexcept {
    if (has_strays_.load(std::memory_order_relaxed)) fetch_strays();  // see the member
    if (!is_unsettled_) return;
    if (std::exchange(was_used_, false)) quiet_since_ = now;
    const bool quiet = now - quiet_since_ >= Slabs::kIdleFor;
    bool surplus = false;
    for (std::size_t size_class = 0; size_class < slabs_.size(); ++size_class) {
        Slabs* const slabs = slabs_[size_class].get();
        if (slabs == nullptr) continue;
        // Kept blocks may lie in many slabs, each of which then keeps its memory.
        if (quiet) give_back(size_class, kept_[size_class]);
        if (!slabs->has_surplus()) continue;
        (void)slabs->settle(now, kSettleSlabs);
        surplus = surplus || slabs->has_surplus();
    }
    is_unsettled_ = surplus || !quiet;
}

std::size_t FramePool::mapped_bytes() const noexcept {
    std::size_t bytes = 0;
    for (const auto& slabs : slabs_)
        if (slabs != nullptr) bytes += slabs->mapped_bytes();
    return bytes;
}

std::size_t FramePool::live() const noexcept {
    return taken_ - std::accumulate(kept_.begin(), kept_.end(), std::size_t{0});
}

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
    if (last) delete this;  // with the slabs
}

std::size_t FramePool::live_blocks() noexcept {
    fetch_strays();
    return live();
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
    bool last = false;
    {
        const MutexLock lock(mutex_);
        closed_ = true;
        orphans_ = live();
        // Blocks that other threads have freed since fetch_strays().
        while (strays_ != nullptr) {
            strays_ = strays_->next;
            --orphans_;
        }
        last = orphans_ == 0;
    }
    if (last) delete this;
}

}  // namespace nebula::task_detail
