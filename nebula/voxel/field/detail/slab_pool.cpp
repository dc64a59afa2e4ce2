// SPDX-License-Identifier: MIT
#include "nebula/voxel/field/detail/slab_pool.hpp"

#include "nebula/base/pages.hpp"

#include <cstddef>
#include <cstdint>
#include <new>
#include <utility>

namespace nebula::voxel::detail {

struct SlabPool::Free {
    Free* next;
};

struct SlabPool::Slab {
    Slab* previous;  // in the list of those with room
    Slab* next;
    Free* free;           // blocks that came back
    std::size_t touched;  // blocks that were ever taken
    std::size_t used;

    [[nodiscard]] bool has_room() const noexcept { return used < kBlocks; }
};

namespace {

// Not from the heap, which would keep slabs that went back, and would then also keep other large
// blocks instead of returning them to the system.
void* map_slab() {
    void* const slab = map_pages(SlabPool::kSlabBytes);
    prefer_large_pages(slab, SlabPool::kSlabBytes);
    return slab;
}

void unmap_slab(void* slab) noexcept { unmap_pages(slab, SlabPool::kSlabBytes); }

}  // namespace

SlabPool::~SlabPool() {
    const MutexLock lock(mutex_);
    while (with_room_ != nullptr) {  // all of them, if every block is back
        Slab* const slab = with_room_;
        with_room_ = slab->next;
        free_slab(slab);
    }
}

SlabPool::Slab* SlabPool::slab_of(void* block) noexcept {
    const std::size_t offset = reinterpret_cast<std::uintptr_t>(block) & (kSlabBytes - 1);
    return reinterpret_cast<Slab*>(static_cast<std::byte*>(block) - offset);
}

SlabPool::Slab* SlabPool::make_slab() { return ::new (map_slab()) Slab{}; }

void SlabPool::free_slab(Slab* slab) noexcept { unmap_slab(slab); }

void SlabPool::link(Slab* slab) noexcept {
    slab->previous = nullptr;
    slab->next = with_room_;
    if (with_room_ != nullptr) with_room_->previous = slab;
    with_room_ = slab;
}

void SlabPool::unlink(Slab* slab) noexcept {
    if (slab->previous != nullptr)
        slab->previous->next = slab->next;
    else
        with_room_ = slab->next;
    if (slab->next != nullptr) slab->next->previous = slab->previous;
}

void* SlabPool::take() {
    {
        const MutexLock lock(mutex_);
        if (with_room_ != nullptr) return take_block();
    }
    // Meanwhile nobody waits for the kernel, which clears a large page. Two threads may both get here,
    // and then there is a slab more than needed.
    Slab* const slab = make_slab();
    const MutexLock lock(mutex_);
    link(slab);
    ++slabs_;
    ++empty_;
    return take_block();
}

void* SlabPool::take_block() noexcept {
    Slab* const slab = with_room_;
    if (slab->used++ == 0) --empty_;
    if (!slab->has_room()) unlink(slab);
    if (slab->free != nullptr) return std::exchange(slab->free, slab->free->next);
    ++slab->touched;
    return reinterpret_cast<std::byte*>(slab) + slab->touched * kBlockBytes;
}

void SlabPool::give(void* block) noexcept {
    Slab* const slab = slab_of(block);
    Slab* unused = nullptr;
    {
        const MutexLock lock(mutex_);
        if (!slab->has_room()) link(slab);
        slab->free = ::new (block) Free{slab->free};
        if (--slab->used > 0) return;
        if (empty_ == 0) {
            ++empty_;
            return;
        }
        unlink(slab);
        --slabs_;
        unused = slab;
    }
    free_slab(unused);
}

std::size_t SlabPool::slab_count() const {
    const MutexLock lock(mutex_);
    return slabs_;
}

}  // namespace nebula::voxel::detail
