// SPDX-License-Identifier: MIT
#include "nebula/threading/detail/free_lists.hpp"

#include "nebula/base/log.hpp"

#include <new>
#include <utility>

namespace nebula::detail {

FreeLists::~FreeLists() {
    // Groups first: they give their chunks back.
    GroupState* group = nullptr;
    std::size_t open = 0;
    {
        const MutexLock lock(mutex_);
        group = all_groups_;
        for (const GroupState* all = all_groups_; all != nullptr; all = all->next_made) ++open;
        for (const GroupState* kept = groups_; kept != nullptr; kept = kept->next_free) --open;
    }
    // Not an assertion: an exception that passes frames built without exceptions also leaves scopes
    // open. Not under the lock: the log's sink is user code.
    if (open != 0)
        log(LogLevel::Error,
            "a WorkerPool is being destroyed while one of its scopes or TaskGroups is still open; "
            "using that scope or group from now on is undefined behaviour");
    while (group != nullptr) std::exchange(group, group->next_made)->~GroupState();
}

Item* FreeLists::take_item(ItemCache* cache) {
    if (cache != nullptr && cache->first != nullptr) {
        Item* const item = cache->first;
        cache->first = item->next;
        --cache->size;
        return item;
    }
    const MutexLock lock(mutex_);
    Item* const item = ::new (items_.take()) Item;
    if (cache != nullptr) {
        try {
            for (std::size_t i = 1; i < kCacheMoves; ++i) {
                Item* const next = ::new (items_.take()) Item;
                next->next = std::exchange(cache->first, next);
                ++cache->size;
            }
        } catch (const std::bad_alloc&) {
            // One is enough.
        }
    }
    return item;
}

void FreeLists::free(Item* item, ItemCache* cache) noexcept {
    if (cache == nullptr) {
        const MutexLock lock(mutex_);
        items_.free(item);
        return;
    }
    item->next = std::exchange(cache->first, item);
    if (++cache->size < 2 * kCacheMoves) return;
    // Other threads spawn what this worker runs, so it hands half of its items back.
    const MutexLock lock(mutex_);
    for (std::size_t i = 0; i < kCacheMoves; ++i)
        items_.free(std::exchange(cache->first, cache->first->next));
    cache->size -= kCacheMoves;
}

TaskChunk* FreeLists::take_chunk() {
    const MutexLock lock(mutex_);
    return ::new (chunks_.take()) TaskChunk;
}

void FreeLists::free(TaskChunk* chunk) noexcept {
    const MutexLock lock(mutex_);
    chunks_.free(chunk);
}

GroupState* FreeLists::take_group() {
    const MutexLock lock(mutex_);
    if (groups_ != nullptr) {
        --group_count_;
        return std::exchange(groups_, groups_->next_free);
    }
    auto* const group = ::new (group_blocks_.take()) GroupState(pool_);
    group->next_made = all_groups_;
    group->before_made = nullptr;
    if (all_groups_ != nullptr) all_groups_->before_made = group;
    all_groups_ = group;
    return group;
}

void FreeLists::free(GroupState* group) noexcept {
    {
        const MutexLock lock(mutex_);
        if (group_count_ < kKeptGroups) {
            ++group_count_;
            group->next_free = std::exchange(groups_, group);
            return;
        }
        (group->before_made != nullptr ? group->before_made->next_made : all_groups_) =
            group->next_made;
        if (group->next_made != nullptr) group->next_made->before_made = group->before_made;
    }
    group->~GroupState();  // gives its chunks back
    const MutexLock lock(mutex_);
    group_blocks_.free(group);
}

bool FreeLists::settle(Clock::time_point now) noexcept {
    const MutexLock lock(mutex_);
    const bool more_items = items_.settle(now, kSettleSlabs);
    const bool more_chunks = chunks_.settle(now, kSettleSlabs);
    const bool more_groups = group_blocks_.settle(now, kSettleSlabs);
    return more_items || more_chunks || more_groups;
}

std::size_t FreeLists::mapped_bytes() const noexcept {
    const MutexLock lock(mutex_);
    return items_.mapped_bytes() + chunks_.mapped_bytes() + group_blocks_.mapped_bytes();
}

std::uint64_t FreeLists::pending_in_groups() const noexcept {
    const MutexLock lock(mutex_);
    std::uint64_t pending = 0;
    for (const GroupState* group = all_groups_; group != nullptr; group = group->next_made)
        pending += group->pending();
    return pending;
}

}  // namespace nebula::detail
