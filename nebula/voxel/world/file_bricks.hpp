// SPDX-License-Identifier: MIT
// The bricks of a world that are in its file and not in memory.
#pragma once

#include "nebula/base/mutex.hpp"
#include "nebula/voxel/field/brick.hpp"
#include "nebula/voxel/field/kept_bricks.hpp"
#include "nebula/voxel/space/ids.hpp"
#include "nebula/voxel/store/brick_key.hpp"
#include "nebula/voxel/store/brick_keys.hpp"

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

namespace nebula::voxel {

/// Answers for the bricks of a world that are in its file and not in memory, so that a clean brick can leave
/// the memory at any time. Which they are is known without a look at the file.
///
/// Without a file it has none.
///
/// Threads:   any thread; open, forget, set_keys, show_if and close: owner thread of the volume.
/// Cost:      has: a look at a set, under a lock. A brick that is not among the last read ones makes its reader
///            wait for the file: some 50 us, and for a save that is being committed as long as the disk takes.
/// Lifetime:  what `read` needs must live until close().
class FileBricks final : public KeptBricks {
public:
    /// Reads bricks of the file, from any thread: null where it has none, or a damaged one. The outcome has
    /// the order of the keys. May wait, and may throw.
    using Read =
        std::function<std::vector<std::shared_ptr<const Brick>>(std::span<const BrickKey>)>;

    /// From now on, the file's bricks are found. Once: what was read or hidden is of one file.
    /// \param most_bytes  of decoded bricks that are kept for the next reader.
    void open(BrickKeys keys, Read read, std::size_t most_bytes);
    [[nodiscard]] bool was_opened() const noexcept {
        return is_open_.load(std::memory_order_relaxed);  // the owner thread's own
    }
    /// A save has ended, or failed: these bricks may be other ones in the file than when they were read.
    void forget(std::span<const BrickId> changed) noexcept;
    /// What the file has now.
    void set_keys(BrickKeys keys) noexcept;
    /// Ends hide() for the bricks for which f(BrickId) is true.
    template <class F>
    void show_if(F&& f) {
        const MutexLock lock(mutex_);
        hidden_.erase_if([&](BrickKey key) { return f(*brick_of(key)); });
    }
    /// There is no file any more. Reading what it had fails from now on. Waits for those who are reading.
    void close() noexcept;

    [[nodiscard]] std::shared_ptr<const Brick> kept(BrickId id) const override;
    [[nodiscard]] bool has(BrickId id) const noexcept override;
    [[nodiscard]] bool has_any(const Box3i& bricks, Level level) const noexcept override;
    void prefetch(std::span<const BrickId> bricks) const override;
    void make_room_to_hide(BrickId id) override;
    void hide(BrickId id) noexcept override;

    /// Of decoded bricks, with their arrays of materials.
    [[nodiscard]] std::size_t bytes() const noexcept;

private:
    using Kept = std::shared_ptr<const Brick>;
    struct Cached {
        BrickKey key;
        Kept brick;  // null: it could not be read
    };
    [[nodiscard]] bool is_stored(BrickKey key) const noexcept NEBULA_REQUIRES(mutex_);
    void uncache(std::list<Cached>::iterator which) const noexcept NEBULA_REQUIRES(mutex_);
    [[nodiscard]] std::vector<Kept> read(std::span<const BrickKey> keys) const
        NEBULA_EXCLUDES(mutex_);
    /// What the file has, in their order.
    [[nodiscard]] std::vector<Kept> read_file(std::span<const BrickKey> keys) const
        NEBULA_EXCLUDES(mutex_);

    std::atomic<bool> is_open_{false};
    mutable Mutex mutex_;
    std::shared_ptr<const Read> read_ NEBULA_GUARDED_BY(mutex_);
    BrickKeys keys_ NEBULA_GUARDED_BY(mutex_);
    BrickKeys hidden_ NEBULA_GUARDED_BY(mutex_);  // until the next save
    // The last read ones; the latest is the first.
    mutable std::list<Cached> cache_ NEBULA_GUARDED_BY(mutex_);
    mutable std::unordered_map<BrickKey, std::list<Cached>::iterator> index_
        NEBULA_GUARDED_BY(mutex_);
    // Raised by forget(): what was read before it is not kept after it.
    std::uint64_t saves_ NEBULA_GUARDED_BY(mutex_) = 0;
    mutable std::size_t reading_ NEBULA_GUARDED_BY(mutex_) = 0;  // threads that are in `read_`
    mutable std::condition_variable_any read_ended_;
    std::size_t most_cached_ NEBULA_GUARDED_BY(mutex_) = 0;     // in bytes
    mutable std::size_t cached_ NEBULA_GUARDED_BY(mutex_) = 0;  // the same
};

}  // namespace nebula::voxel
