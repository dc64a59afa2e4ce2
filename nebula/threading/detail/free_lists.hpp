// SPDX-License-Identifier: MIT
// Keeps what a pool has allocated, for reuse.
#pragma once

#include "nebula/base/clock.hpp"
#include "nebula/base/mutex.hpp"
#include "nebula/base/slabs.hpp"
#include "nebula/threading/detail/group_state.hpp"
#include "nebula/threading/detail/item.hpp"
#include "nebula/threading/detail/task_chunk.hpp"

#include <cstddef>
#include <cstdint>

namespace nebula::detail {

class PoolCore;

/// A worker's own free items, taken and given back without a lock while there are any.
///
/// Threads:   owner thread.
struct ItemCache {
    Item* first = nullptr;
    std::size_t size = 0;
};

/// The source of items, chunks and groups, to which they also return. The memory of a burst goes
/// back to the system: nebula/base/slabs.hpp.
///
/// Threads:   any thread; an ItemCache: its owner.
/// Cost:      a short lock; with an ItemCache, one lock for kCacheMoves items. Nothing allocates as
///            long as kept memory is enough.
/// Lifetime:  the destructor frees everything; nothing of it may be in use then.
class FreeLists {
public:
    /// `keep`: Fixed in a pool without workers, where nobody would call settle() after the last
    /// burst.
    explicit FreeLists(PoolCore& pool, Slabs::Keep keep = Slabs::Keep::MoreAfterBursts)
        : pool_(pool),
          items_(sizeof(Item), alignof(Item), kKeptItemSlabs, keep),
          chunks_(sizeof(TaskChunk), alignof(TaskChunk), kKeptChunkSlabs, keep),
          group_blocks_(sizeof(GroupState), alignof(GroupState), kKeptGroupSlabs, keep) {}
    ~FreeLists();
    FreeLists(const FreeLists&) = delete;
    FreeLists& operator=(const FreeLists&) = delete;

    /// `cache`: the calling worker's; null on any other thread.
    /// \throws std::bad_alloc
    [[nodiscard]] Item* take_item(ItemCache* cache) NEBULA_EXCLUDES(mutex_);
    void free(Item* item, ItemCache* cache) noexcept NEBULA_EXCLUDES(mutex_);

    /// Like a new one. \throws std::bad_alloc
    [[nodiscard]] TaskChunk* take_chunk() NEBULA_EXCLUDES(mutex_);
    void free(TaskChunk* chunk) noexcept NEBULA_EXCLUDES(mutex_);

    /// Call open() on it. \throws std::bad_alloc
    [[nodiscard]] GroupState* take_group() NEBULA_EXCLUDES(mutex_);
    void free(GroupState* group) noexcept NEBULA_EXCLUDES(mutex_);

    /// The number of pending tasks of all open groups.
    [[nodiscard]] std::uint64_t pending_in_groups() const noexcept NEBULA_EXCLUDES(mutex_);

    /// Whether bursts have left more memory than is always kept. For a worker that is about to
    /// sleep.
    [[nodiscard]] bool has_surplus() const noexcept {
        return items_.has_surplus() || chunks_.has_surplus() || group_blocks_.has_surplus();
    }
    /// Gives back some of the memory that was not used for a second. \returns whether there is
    /// more.
    bool settle(Clock::time_point now) noexcept NEBULA_EXCLUDES(mutex_);

    /// Bytes of pages that it holds, for tests.
    [[nodiscard]] std::size_t mapped_bytes() const noexcept NEBULA_EXCLUDES(mutex_);

private:
    static constexpr std::size_t kCacheMoves = 64;
    // 4 MiB of items, about thirty thousand. Frames with fewer in flight never wait for the kernel.
    static constexpr std::size_t kKeptItemSlabs = 64;
    static constexpr std::size_t kKeptChunkSlabs = 64;
    static constexpr std::size_t kKeptGroupSlabs = 4;
    // Groups that are kept whole, each with a chunk.
    static constexpr std::size_t kKeptGroups = 64;
    // How many settle() gives back at once: half a millisecond.
    static constexpr std::size_t kSettleSlabs = 64;

    PoolCore& pool_;
    mutable Mutex mutex_;
    // Used under the lock, except for has_surplus().
    Slabs items_;
    Slabs chunks_;
    Slabs group_blocks_;
    GroupState* groups_ NEBULA_GUARDED_BY(mutex_) = nullptr;  // to be opened again
    std::size_t group_count_ NEBULA_GUARDED_BY(mutex_) = 0;   // of those
    GroupState* all_groups_ NEBULA_GUARDED_BY(mutex_) = nullptr;
};

}  // namespace nebula::detail
