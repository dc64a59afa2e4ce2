// SPDX-License-Identifier: MIT
// What a pool has ever allocated, kept for the next one who needs it.
#pragma once

#include "nebula/base/mutex.hpp"
#include "nebula/threading/detail/group_state.hpp"
#include "nebula/threading/detail/item.hpp"
#include "nebula/threading/detail/task_chunk.hpp"

#include <cstddef>

namespace nebula::detail {

class PoolCore;

/// A worker's own items: taken and given back without a lock while there are any.
///
/// Threads:   owner thread.
struct ItemCache {
    Item* first = nullptr;
    std::size_t size = 0;
};

/// Free lists of items, chunks and groups. They only grow: a pool that has once had ten thousand
/// tasks queued can have them again without an allocation.
///
/// Threads:   any thread; an ItemCache: its owner.
/// Cost:      a lock, short; with an ItemCache one lock for kCacheMoves items.
/// Lifetime:  frees all at its end; nobody may hold anything of it then.
class FreeLists {
public:
    explicit FreeLists(PoolCore& pool) : pool_(pool) {}
    ~FreeLists();
    FreeLists(const FreeLists&) = delete;
    FreeLists& operator=(const FreeLists&) = delete;

    /// `cache`: the calling worker's; null on any other thread.
    /// \throws std::bad_alloc
    [[nodiscard]] Item* take_item(ItemCache* cache) NEBULA_EXCLUDES(mutex_);
    void free(Item* item, ItemCache* cache) noexcept NEBULA_EXCLUDES(mutex_);

    /// As made. \throws std::bad_alloc
    [[nodiscard]] TaskChunk* take_chunk() NEBULA_EXCLUDES(mutex_);
    void free(TaskChunk* chunk) noexcept NEBULA_EXCLUDES(mutex_);

    /// To be opened. \throws std::bad_alloc
    [[nodiscard]] GroupState* take_group() NEBULA_EXCLUDES(mutex_);
    void free(GroupState* group) noexcept NEBULA_EXCLUDES(mutex_);

    /// Tasks of all groups that are open.
    [[nodiscard]] std::uint64_t pending_in_groups() const noexcept NEBULA_EXCLUDES(mutex_);

private:
    static constexpr std::size_t kCacheMoves = 64;
    static constexpr std::size_t kSlabItems = 64;

    struct Slab {
        Item items[kSlabItems];
        Slab* next = nullptr;
    };

    void add_slab() NEBULA_REQUIRES(mutex_);

    PoolCore& pool_;
    mutable Mutex mutex_;
    Item* items_ NEBULA_GUARDED_BY(mutex_) = nullptr;
    Slab* slabs_ NEBULA_GUARDED_BY(mutex_) = nullptr;
    TaskChunk* chunks_ NEBULA_GUARDED_BY(mutex_) = nullptr;
    GroupState* groups_ NEBULA_GUARDED_BY(mutex_) = nullptr;
    GroupState* all_groups_ NEBULA_GUARDED_BY(mutex_) = nullptr;
};

}  // namespace nebula::detail
