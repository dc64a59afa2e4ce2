// SPDX-License-Identifier: MIT
#include "nebula/voxel/field/epoch.hpp"

#include "nebula/base/assert.hpp"
#include "nebula/base/yield_point.hpp"

#include <algorithm>

namespace nebula::voxel {

namespace {

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
    for (const Retired& r : retired_) r.destroy(r.object);
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
        Block* next = block->next.load(std::memory_order_acquire);  // pairs with the exchange below
        if (next == nullptr) {
            auto fresh = std::make_unique<Block>();
            // seq_cst: a scan that did not see this block came before it in the single order of
            // such operations, and so before the exchange of any slot in it.
            if (block->next.compare_exchange_strong(next, fresh.get(), std::memory_order_seq_cst,
                                                    std::memory_order_acquire))
                next = fresh.release();
        }
        block = next;
    }
}

std::size_t EpochDomain::collect(std::size_t most) {
    if (retired_.empty()) return 0;
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
    for (; freed < most && !retired_.empty() && retired_.front().epoch < oldest; ++freed) {
        const Retired gone = retired_.front();
        retired_.pop_front();
        gone.destroy(gone.object);
    }
    return freed;
}

}  // namespace nebula::voxel
