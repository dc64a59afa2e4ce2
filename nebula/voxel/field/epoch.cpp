// SPDX-License-Identifier: MIT
#include "nebula/voxel/field/epoch.hpp"

#include "nebula/base/assert.hpp"
#include "nebula/base/yield_point.hpp"

#include <algorithm>
#include <bit>
#include <memory>
#include <utility>

namespace nebula::voxel {

namespace {

constexpr std::size_t kLeastCapacity = 64;

// Where this thread last found a free slot, so that each thread settles on its own cache line.
std::size_t& slot_hint() noexcept {
    thread_local std::size_t hint = 0;
    return hint;
}

}  // namespace

EpochDomain::~EpochDomain() {
    for (Block* block = &first_; block != nullptr; block = block->next.load())
        for ([[maybe_unused]] const Slot& slot : block->slots)
            NEBULA_ASSERT(slot.pinned.load() == 0, "an epoch pin outlived its EpochDomain");
    for (std::size_t i = 0; i < retired_count_; ++i) {
        const Retired& gone = retired_at(i);
        gone.destroy(gone.object);
    }
    for (Block* block = first_.next.load(); block != nullptr;)
        delete std::exchange(block, block->next.load());
}

EpochDomain::Pin EpochDomain::pin() {
    // May be stale: a lower epoch only keeps more alive.
    const std::uint64_t epoch = epoch_.load(std::memory_order_relaxed);
    std::size_t& hint = slot_hint();
    for (Block* block = &first_;;) {
        for (std::size_t i = 0; i < kSlotsPerBlock; ++i) {
            const std::size_t at = (hint + i) % kSlotsPerBlock;
            Slot& slot = block->slots[at];
            std::uint64_t free = 0;
            if (slot.pinned.load(std::memory_order_relaxed) != 0) continue;
            // seq_cst: before the load below in the single order of such operations, on which the
            // proof relies.
            if (!slot.pinned.compare_exchange_strong(free, epoch, std::memory_order_seq_cst,
                                                     std::memory_order_relaxed))
                continue;
            NEBULA_YIELD_POINT();
            // The value is not needed. If collect's scan came before our exchange, this load comes
            // after its new epoch and synchronizes with it, so we cannot find what it unlinked.
            (void)epoch_.load(std::memory_order_seq_cst);
            hint = at;
            return Pin(slot);
        }
        // seq_cst, like the exchange below: the link comes before our exchange in the single order.
        Block* next = block->next.load(std::memory_order_seq_cst);
        if (next == nullptr) {
            auto fresh = std::make_unique<Block>();
            // seq_cst: a scan that did not see this block came before it in the single order of
            // such operations, and so before the exchange of any slot in it.
            if (block->next.compare_exchange_strong(next, fresh.get())) next = fresh.release();
        }
        block = next;
    }
}

void EpochDomain::reserve(std::size_t count) {
    if (capacity_ - retired_count_ >= count) return;
    const std::size_t capacity = std::bit_ceil(std::max(retired_count_ + count, kLeastCapacity));
    auto fresh = std::make_unique_for_overwrite<Retired[]>(capacity);
    for (std::size_t i = 0; i < retired_count_; ++i) fresh[i] = retired_at(i);
    retired_ = std::move(fresh);
    capacity_ = capacity;
    first_retired_ = 0;
}

void EpochDomain::push(Retired retired) noexcept {
    reserve(1);
    retired_at(retired_count_++) = retired;
}

std::size_t EpochDomain::collect(std::size_t most) {
    if (retired_count_ == 0) return 0;
    const std::uint64_t next = epoch_.load(std::memory_order_relaxed) + 1;
    epoch_.store(next, std::memory_order_seq_cst);
    NEBULA_YIELD_POINT();
    std::uint64_t oldest = next;
    for (Block* block = &first_; block != nullptr;
         block = block->next.load(std::memory_order_seq_cst))
        for (const Slot& slot : block->slots) {
            // seq_cst: after the store above in their one order. Also acquires what a reader did
            // before it unpinned.
            const std::uint64_t pinned = slot.pinned.load(std::memory_order_seq_cst);
            if (pinned != 0) oldest = std::min(oldest, pinned);
        }
    std::size_t freed = 0;
    for (; freed < most && retired_count_ > 0 && retired_at(0).epoch < oldest; ++freed) {
        const Retired gone = retired_at(0);
        first_retired_ = (first_retired_ + 1) & (capacity_ - 1);
        --retired_count_;
        gone.destroy(gone.object);
    }
    return freed;
}

}  // namespace nebula::voxel
