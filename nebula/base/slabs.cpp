// SPDX-License-Identifier: MIT
#include "nebula/base/slabs.hpp"

#include "nebula/base/pages.hpp"

#include <algorithm>
#include <new>
#include <utility>

// The leak checker follows pointers through the heap, but not through pages of our own.
#if defined(__SANITIZE_ADDRESS__)
#define NEBULA_SLABS_FROM_HEAP 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define NEBULA_SLABS_FROM_HEAP 1
#endif
#endif

namespace nebula {
namespace {

constexpr std::size_t kSize = Slabs::kSlabBytes;

#if defined(NEBULA_SLABS_FROM_HEAP)
void* map_slab() { return ::operator new(kSize, std::align_val_t{kSize}); }
void unmap_slab(void* slab) noexcept { ::operator delete(slab, std::align_val_t{kSize}); }
#else
void* map_slab() { return map_pages(kSize); }
void unmap_slab(void* slab) noexcept { unmap_pages(slab, kSize); }
#endif

}  // namespace

Slabs::Slabs(std::size_t block_bytes, std::size_t alignment, std::size_t kept, Keep keep) noexcept
    : block_bytes_((std::max(block_bytes, sizeof(void*)) + alignment - 1) / alignment * alignment),
      first_((sizeof(Slab) + alignment - 1) / alignment * alignment),
      per_slab_(static_cast<std::uint32_t>((kSlabBytes - first_) / block_bytes_)),
      always_kept_(kept),
      keep_(keep),
      kept_(kept) {}

Slabs::~Slabs() {
    while (all_ != nullptr) unmap_slab(std::exchange(all_, all_->all_next));
}

Slabs::Slab* Slabs::add_slab() {
    Slab* slab = idle_;
    if (slab != nullptr) {
        idle_ = slab->next;
        set_idle_count(idle_count() - 1);
        least_idle_ = std::min(least_idle_, idle_count());
    } else {
        slab = ::new (map_slab()) Slab{};
        slab->all_next = all_;
        if (all_ != nullptr) all_->all_before = slab;
        all_ = slab;
        ++slab_count_;
        // A slab that went back was needed again, so keep more: the next burst finds them.
        if (keep_ == Keep::MoreAfterBursts && gave_back_ != Clock::time_point{} &&
            Clock::now() - gave_back_ < kIdleFor)
            ++kept_;
    }
    link(*slab);
    return slab;
}

void Slabs::retire(Slab& slab) noexcept {
    unlink(slab);
    if (idle_count() >= kept_) {
        if (keep_ == Keep::MoreAfterBursts) gave_back_ = Clock::now();
        give_back(slab);
        return;
    }
    // Its pages stay. The list is in the order of last use.
    slab.next = std::exchange(idle_, &slab);
    set_idle_count(idle_count() + 1);
}

void Slabs::give_back(Slab& slab) noexcept {
    (slab.all_before != nullptr ? slab.all_before->all_next : all_) = slab.all_next;
    if (slab.all_next != nullptr) slab.all_next->all_before = slab.all_before;
    --slab_count_;
    unmap_slab(&slab);
}

bool Slabs::settle(Clock::time_point now, std::size_t most) noexcept {
    if (now - period_ < kIdleFor) return false;
    const std::size_t unused = std::max(std::min(least_idle_, idle_count()), always_kept_);
    const std::size_t count = std::min(unused - always_kept_, most);
    for (std::size_t i = 0; i < count; ++i) {
        Slab& slab = *std::exchange(idle_, idle_->next);
        set_idle_count(idle_count() - 1);
        give_back(slab);
    }
    kept_ = std::max(always_kept_, std::min(kept_, idle_count()));
    if (unused - always_kept_ > count) {
        least_idle_ = std::min(least_idle_, idle_count());
        return true;
    }
    least_idle_ = idle_count();
    period_ = now;
    return false;
}

}  // namespace nebula
