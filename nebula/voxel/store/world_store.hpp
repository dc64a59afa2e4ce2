// SPDX-License-Identifier: MIT
// A world file on a thread of its own. Start here; README.md has the design.
#pragma once

#include "nebula/base/mutex.hpp"
#include "nebula/base/small_function.hpp"
#include "nebula/threading/io_threads.hpp"
#include "nebula/voxel/field/volume.hpp"
#include "nebula/voxel/space/owner_thread.hpp"
#include "nebula/voxel/space/vec.hpp"
#include "nebula/voxel/space/voxel_error.hpp"
#include "nebula/voxel/store/brick_key.hpp"
#include "nebula/voxel/store/brick_keys.hpp"
#include "nebula/voxel/store/world_file.hpp"

#include <tl/expected.hpp>

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace nebula::voxel {

/// A stored brick that came back. Null samples: it is damaged.
struct FetchedBrick {
    BrickKey key = 0;
    BrickPtr samples;
};

struct SaveReport {
    std::size_t bricks =
        0;  ///< Written; those that are pristine again are removed, and not counted.
    std::size_t bytes = 0;  ///< Of the bricks in the file.
};

/// Opens a world file, saves to it and reads from it without making the owner thread wait.
///
/// Each call is answered exactly once, in a later receive(), even if that is with an error. If the
/// file could not be opened, every answer is that error.
///
///     WorldStore store("user/slot1.nebula", {.generator = "hills 7"});
///     store.open([&](const auto& report) { … });
///     store.save(volume.begin_save(), operations, [&](const auto& saved) { … });
///     store.receive();                                   // once a frame
///
/// Threads:   owner thread; read_now: any thread. Files are touched by the thread nebula-store-0 alone, so calls are
///            carried out in their order, except that a fetch goes before what has not begun, and
///            between the rows of a save or an export.
/// Cost:      a call is a short lock and waking a thread. A save keeps its bricks' pin until they
///            are encoded, some 15 microseconds each, and their bytes until they are written.
/// Lifetime:  the destructor finishes all saves and exports, which may take as long as the disk
///            does, and answers nothing. What begin_save() gave may need the volume: destroy the store
///            first.
class WorldStore {
public:
    template <class T>
    using Answer = SmallFunction<void(tl::expected<T, VoxelError>&&)>;

    WorldStore(std::string path, WorldFileSettings settings);
    ~WorldStore();
    WorldStore(const WorldStore&) = delete;
    WorldStore& operator=(const WorldStore&) = delete;

    // \throws std::bad_alloc, and std::system_error if there can be no thread; then nothing happened.

    /// First, and once.
    void open(Answer<WorldFileReport> answer);
    /// Durable when it is answered without an error; else nothing of it is in the file. The volume's
    /// end_save() is the caller's.
    void save(Volume::Unsaved unsaved, std::vector<StoredOperation> operations,
              Answer<SaveReport> answer);
    /// Reads bricks: those of them that are stored, in any order. All of them are in memory before
    /// you receive them, so ask for some hundreds at a time.
    void fetch(std::vector<BrickKey> keys, Answer<std::vector<FetchedBrick>> answer);
    /// Reads bricks for whoever cannot go on without them, in the order of the keys. It waits until the I/O
    /// thread has read them, which does so between the rows of a save or an export but not while it commits one
    /// or syncs the pages that it has moved. Any thread, while the store lives. \throws std::runtime_error if the file cannot be read, std::bad_alloc.
    [[nodiscard]] std::vector<BrickPtr> read_now(std::span<const BrickKey> keys);
    /// The first `most` operations after a sequence number; none: there are no more.
    void fetch_operations(std::uint64_t after, std::size_t most,
                          Answer<std::vector<StoredOperation>> answer);
    /// See WorldFile::export_to. Answers how many bricks it has. `unsaved`: of a world that cannot be
    /// saved; empty if it is.
    void export_to(std::string path, Box3i voxels, bool with_operations, Volume::Unsaved unsaved,
                   Answer<std::size_t> answer);

    /// Gives the answers that have come. Returns how many. What an answer throws leaves this call,
    /// and the next one continues.
    std::size_t receive();
    /// The same, until no question is left. For a game that quits, and for tests.
    void wait();

    /// Bricks that were found damaged so far. Any thread.
    [[nodiscard]] std::size_t damaged() const noexcept {
        return damaged_.load(std::memory_order_relaxed);  // a number to show
    }
    /// Which bricks the file has, as of the answers received. Empty before open's.
    [[nodiscard]] const BrickKeys& keys() const noexcept { return keys_; }

private:
    class Request;
    class Reading;
    template <class T, class Work>
    class RequestOf;
    using Requests = std::list<std::unique_ptr<Request>>;

    template <class T, class Work>
    void ask(bool urgent, Answer<T> answer, Work work);
    void run_next() noexcept NEBULA_EXCLUDES(mutex_);
    /// Null: there is none.
    [[nodiscard]] Requests take(bool only_urgent) noexcept NEBULA_EXCLUDES(mutex_);
    /// What cannot wait for the end of a save or an export.
    void serve_urgent() noexcept NEBULA_EXCLUDES(mutex_);
    void finish(Requests request) noexcept NEBULA_EXCLUDES(mutex_);
    /// A checkpoint, unless somebody waits.
    void move_pages() noexcept NEBULA_EXCLUDES(mutex_);
    /// And ends a checkpoint, so that it is served.
    void add_urgent(Requests& request) noexcept NEBULA_REQUIRES(mutex_);
    struct Packed {
        std::vector<PackedBrick> bricks;
        std::vector<BrickKey> pristine;  // whose edits were undone
    };
    /// And ends the pin.
    [[nodiscard]] Packed pack(Volume::Unsaved& unsaved);
    [[nodiscard]] tl::expected<SaveReport, VoxelError> save_now(
        Volume::Unsaved& unsaved, const std::vector<StoredOperation>& operations, BrickKeys& keys);

    OwnerThread owner_;
    const std::string path_;
    const WorldFileSettings settings_;
    BrickKeys keys_;
    std::size_t pending_ = 0;  // asked and not received

    // The I/O thread's; stop_checkpoint() is for whoever sees may_stop_.
    std::unique_ptr<WorldFile> file_;
    VoxelError why_closed_;  // if there is no file
    std::atomic<std::size_t> damaged_{0};

    mutable Mutex mutex_;
    std::condition_variable_any answered_;
    Requests urgent_ NEBULA_GUARDED_BY(mutex_);
    Requests waiting_ NEBULA_GUARDED_BY(mutex_);
    Requests finished_ NEBULA_GUARDED_BY(mutex_);
    bool may_stop_ NEBULA_GUARDED_BY(mutex_) = false;  // a checkpoint is under way
    int stops_ NEBULA_GUARDED_BY(mutex_) = 0;          // since the last whole one
    IoThreads io_;  // last: its destructor finishes what was asked
};

}  // namespace nebula::voxel
