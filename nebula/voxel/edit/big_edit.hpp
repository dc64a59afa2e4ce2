// SPDX-License-Identifier: MIT
// An operation that is too large for one call: workers make it, and it appears as a whole.
#pragma once

#include "nebula/base/clock.hpp"
#include "nebula/threading/task_group.hpp"
#include "nebula/voxel/edit/detail/material_rules.hpp"
#include "nebula/voxel/edit/edit.hpp"
#include "nebula/voxel/edit/operation.hpp"
#include "nebula/voxel/field/epoch.hpp"
#include "nebula/voxel/field/volume.hpp"
#include "nebula/voxel/space/ids.hpp"
#include "nebula/voxel/space/voxel_error.hpp"

#include <tl/expected.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

namespace nebula {
class WorkerPool;
}

namespace nebula::voxel {

namespace detail {
class LevelBrush;
class SoftEdit;
struct BrickChange;
struct BrickScratch;
struct Picks;
}  // namespace detail

/// Works out an operation in slices on workers, against the bricks as they are, and changes nothing
/// until the owner thread publishes it (README, "Big edits"). World::begin() makes one.
///
/// Edits that others make meanwhile are not lost: the bricks that they change are worked out again, so the
/// outcome is that of an operation made at the moment of its publication.
///
/// Threads:   owner thread; progress and cancel: any thread.
/// Cost:      some 20 microseconds of a worker per brick that the shape's surface passes; what lies inside
///            takes less than one. The owner thread moves one pointer per changed brick.
/// Lifetime:  pins the volume's bricks while it is Working. The destructor waits for the bricks that workers
///            have begun, one each.
class BigEdit {
public:
    enum class State {
        Working,
        Ready,      ///< prepare() can be called.
        Cancelled,  ///< Nothing changes, and prepare() says so.
        Failed,     ///< Nothing changes; prepare() says why.
    };

    /// An operation, with all that can be known of it before anybody looks at a brick.
    ///
    /// Threads:   as a plain struct.
    class Plan {
    public:
        Plan(Plan&&) noexcept;
        Plan& operator=(Plan&&) noexcept;
        ~Plan();
        [[nodiscard]] const Operation& operation() const noexcept { return operation_; }

    private:
        friend BigEdit;
        explicit Plan(Operation operation);
        Operation operation_;
        detail::MaterialRules rules_;
        std::array<std::unique_ptr<const detail::LevelBrush>, kLevels> brushes_;  // null: left out
        std::unique_ptr<const detail::SoftEdit> soft_;  // null: it is hard
    };
    /// Any thread. Cost: of a stamp, some 3 ns per point. Errors: those of check() up to
    /// kMaxBigEditRadius; OutOfMemory.
    [[nodiscard]] static tl::expected<Plan, VoxelError> plan(Operation operation);
    /// Errors: OutOfMemory.
    [[nodiscard]] static tl::expected<std::unique_ptr<BigEdit>, VoxelError> start(WorkerPool& pool,
                                                                                  Volume& volume,
                                                                                  Plan plan);
    ~BigEdit();
    BigEdit(const BigEdit&) = delete;
    BigEdit& operator=(const BigEdit&) = delete;

    [[nodiscard]] const Operation& operation() const noexcept { return plan_.operation(); }
    /// From 0 to 1: the share of the slices that are done. Falls if bricks are worked out again.
    [[nodiscard]] float progress() const noexcept;
    /// What has begun is finished, and dropped.
    void cancel() noexcept { cancelled_.store(true, std::memory_order_relaxed); }

    /// Once a frame. Without workers, the calling thread does at least one slice, and more until the deadline.
    State advance(Clock::time_point deadline);
    /// Somebody else has published these bricks.
    void note_edited(std::span<const BrickId> bricks) noexcept;
    /// The operation as of now; if it is Ready. Its report may name chunks that another edit made meanwhile
    /// has spared.
    /// Errors: NotReady while it is Working; Cancelled; what the generator threw; OutOfMemory. Only after
    /// NotReady, a later call can succeed.
    [[nodiscard]] tl::expected<PreparedEdit, VoxelError> prepare();

private:
    struct Slice {
        Level level = 0;
        Box3i box;                   // of bricks; or else
        std::vector<BrickId> again;  // bricks that were edited meanwhile
        std::vector<detail::BrickChange> changes;
        std::vector<BrickHashes> hashes;   // of the changes; an undo history wants them
        std::vector<BrickPtr> before;      // of those that have left the memory; else null
        std::vector<detail::Picks> picks;  // of the changes of a soft operation
        std::optional<VoxelError> error;
    };

    BigEdit(WorkerPool& pool, Volume& volume, Plan plan);
    void cut();
    void cut(const Box3i& points, Level level);
    void begin_round();
    void run() noexcept;
    void run_slice(Slice& slice) noexcept;
    void add(Slice& slice, detail::BrickChange change) const;
    void merge() noexcept;
    void merge_changes(Slice& slice);
    void pick_down();
    void forget(BrickId brick) noexcept;
    void note_edited_softly(BrickId brick);
    void redo_edited(std::vector<BrickId> bricks);

    WorkerPool& pool_;
    Volume& volume_;
    const Plan plan_;
    EpochDomain::Pin pin_;  // of a round: what workers look up stays alive

    std::vector<Slice>
        slices_;  // of this round; changes between rounds only, when no runner is left
    // Hands out slices; what it orders was complete when the runners were spawned.
    std::atomic<std::size_t> next_{0};
    // Slices that are not done. Each decrement releases a slice's changes; the last one acquires them all.
    std::atomic<std::size_t> left_{0};
    // How many slices this round has. Written before its runners are spawned.
    std::atomic<std::size_t> all_{0};
    std::atomic<bool> cancelled_{false};
    // Set by the last runner of a round (release) after merge(); acquired in advance().
    std::atomic<bool> merged_{false};

    // Of the last runner until merged_, then of the owner thread.
    std::vector<EditedBrick> bricks_;
    std::vector<MaterialVolumes> volumes_;                         // by brick
    std::vector<BrickHashes> hashes_;                              // by brick
    std::unordered_map<BrickId, std::size_t, BrickIdHash> index_;  // empty until bricks are redone
    std::unordered_map<BrickId, detail::Picks, BrickIdHash> picks_;  // of a soft operation
    EditReport report_;
    std::optional<VoxelError> error_;

    std::vector<BrickId> edited_;  // by others, since this round began
    unsigned rounds_ = 0;          // that followed the first one
    bool lost_count_ = false;      // there was no memory to note them
    TaskGroup tasks_;              // the last member: ends first
};

}  // namespace nebula::voxel
