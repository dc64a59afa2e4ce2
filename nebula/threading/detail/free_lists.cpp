// SPDX-License-Identifier: MIT
#include "nebula/threading/detail/free_lists.hpp"

#include "nebula/base/log.hpp"

#include <utility>

namespace nebula::detail {

FreeLists::~FreeLists() {
    // Groups first: they give their chunks back.
    GroupState* group = nullptr;
    {
        const MutexLock lock(mutex_);
        group = all_groups_;
        std::size_t open = 0;
        for (const GroupState* all = all_groups_; all != nullptr; all = all->next_made) ++open;
        for (const GroupState* kept = groups_; kept != nullptr; kept = kept->next_free) --open;
        // No assertion: an exception that passed frames built without them leaves scopes open too.
        if (open != 0)
            log(LogLevel::Error,
                "a WorkerPool is destroyed while a scope or TaskGroup of it is open; what that "
                "does from here on is undefined");
    }
    while (group != nullptr) delete std::exchange(group, group->next_made);
    const MutexLock lock(mutex_);
    while (chunks_ != nullptr) delete std::exchange(chunks_, chunks_->newer);
    while (slabs_ != nullptr) delete std::exchange(slabs_, slabs_->next);
}

Item* FreeLists::take_item(ItemCache* cache) {
    if (cache != nullptr && cache->first != nullptr) {
        Item* const item = cache->first;
        cache->first = item->next;
        --cache->size;
        return item;
    }
    const MutexLock lock(mutex_);
    if (items_ == nullptr) add_slab();
    Item* const item = items_;
    items_ = item->next;
    if (cache != nullptr) {
        for (std::size_t i = 1; i < kCacheMoves && items_ != nullptr; ++i) {
            Item* const next = std::exchange(items_, items_->next);
            next->next = std::exchange(cache->first, next);
            ++cache->size;
        }
    }
    return item;
}

void FreeLists::free(Item* item, ItemCache* cache) noexcept {
    if (cache == nullptr) {
        const MutexLock lock(mutex_);
        item->next = std::exchange(items_, item);
        return;
    }
    item->next = std::exchange(cache->first, item);
    if (++cache->size < 2 * kCacheMoves) return;
    // Others spawn what this worker runs: hand half of it back.
    const MutexLock lock(mutex_);
    for (std::size_t i = 0; i < kCacheMoves; ++i) {
        Item* const next = std::exchange(cache->first, cache->first->next);
        next->next = std::exchange(items_, next);
    }
    cache->size -= kCacheMoves;
}

void FreeLists::add_slab() {
    auto* const slab = new Slab;
    slab->next = std::exchange(slabs_, slab);
    for (Item& item : slab->items) item.next = std::exchange(items_, &item);
}

TaskChunk* FreeLists::take_chunk() {
    {
        const MutexLock lock(mutex_);
        if (chunks_ != nullptr) return std::exchange(chunks_, chunks_->newer);
    }
    return new TaskChunk;
}

void FreeLists::free(TaskChunk* chunk) noexcept {
    chunk->reset();
    const MutexLock lock(mutex_);
    chunk->newer = std::exchange(chunks_, chunk);
}

GroupState* FreeLists::take_group() {
    {
        const MutexLock lock(mutex_);
        if (groups_ != nullptr) return std::exchange(groups_, groups_->next_free);
    }
    auto* const group = new GroupState(pool_);
    const MutexLock lock(mutex_);
    group->next_made = std::exchange(all_groups_, group);
    return group;
}

void FreeLists::free(GroupState* group) noexcept {
    const MutexLock lock(mutex_);
    group->next_free = std::exchange(groups_, group);
}

std::uint64_t FreeLists::pending_in_groups() const noexcept {
    const MutexLock lock(mutex_);
    std::uint64_t pending = 0;
    for (const GroupState* group = all_groups_; group != nullptr; group = group->next_made)
        pending += group->pending();
    return pending;
}

}  // namespace nebula::detail
