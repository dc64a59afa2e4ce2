// SPDX-License-Identifier: MIT
// What is true of the world, whoever looks at it: its samples, and the door through which they
// change.
#pragma once

#include "nebula/voxel/edit/big_edit.hpp"
#include "nebula/voxel/edit/edit.hpp"
#include "nebula/voxel/edit/operation_log.hpp"
#include "nebula/voxel/edit/undo.hpp"
#include "nebula/voxel/field/generator.hpp"
#include "nebula/voxel/field/volume.hpp"
#include "nebula/voxel/query/islands.hpp"
#include "nebula/voxel/query/material_at.hpp"
#include "nebula/voxel/query/mover.hpp"
#include "nebula/voxel/query/raycast.hpp"
#include "nebula/voxel/space/vec.hpp"
#include "nebula/voxel/space/voxel_error.hpp"
#include "nebula/voxel/world/detachment.hpp"
#include "nebula/voxel/world/file_bricks.hpp"

#include <tl/expected.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace nebula::voxel {

/// A generator, and what was changed since. It needs no viewer and no workers: a server, a tool or a
/// test uses a World alone.
///
/// Threads:   owner thread (the one that constructed it); the volume says what others may do.
/// Lifetime:  shares the generator. Edits are kept until the world goes.
class World {
public:
    /// Called when nothing can fail any more and nothing has changed yet. If it throws, nothing
    /// changes, and what it threw becomes the error.
    using Ready = std::function<void(const EditReport&)>;

    explicit World(std::shared_ptr<const Generator> generator);

    /// Changes the samples on every level at once. This and finish(), undo() and redo() are the only
    /// ways to change them. Errors and cost:
    /// see voxel::prepare.
    tl::expected<EditReport, VoxelError> apply(const Operation& operation, const Ready& ready = {});
    tl::expected<EditReport, VoxelError> apply(const SphereEdit& edit, const Ready& ready = {}) {
        return apply(operation_of(edit), ready);
    }

    /// Begins an operation of any size, which workers make (big_edit.hpp); call its advance() once a frame,
    /// and finish() when it is Ready. The world owns it: it is valid until finish() or drop().
    /// Errors: see BigEdit::plan and start.
    tl::expected<BigEdit*, VoxelError> begin(WorkerPool& pool, const Operation& operation);
    /// The same of what another thread has planned. Errors: see BigEdit::start.
    tl::expected<BigEdit*, VoxelError> begin(WorkerPool& pool, BigEdit::Plan plan);
    /// Publishes it, as apply() would now. After NotReady it is still there; otherwise it is gone then,
    /// also after an error. Errors: see BigEdit::prepare.
    tl::expected<EditReport, VoxelError> finish(BigEdit& edit, const Ready& ready = {});
    /// Ends it, and nothing changes.
    void drop(BigEdit& edit) noexcept;

    /// Begins to take an island out of the ground (detachment.hpp); call its advance() once a frame, and
    /// finish() when it is Ready. The world owns it: it is valid until finish() or drop().
    /// Errors: OutOfMemory.
    tl::expected<Detachment*, VoxelError> detach(WorkerPool& pool, Vec3i sample,
                                                 const DetachmentSettings& settings);
    /// Removes the ground. When it is still there afterwards, and errors: as for finish() above.
    tl::expected<EditReport, VoxelError> finish(Detachment& island, const Ready& ready = {});
    void drop(Detachment& island) noexcept;

    /// Takes back the user's latest stroke, or makes it again; what can be undone, and when it is refused:
    /// see UndoHistory. Errors: NothingToUndo, Conflict, OutOfMemory.
    tl::expected<EditReport, VoxelError> undo(std::uint32_t user, const Ready& ready = {});
    tl::expected<EditReport, VoxelError> redo(std::uint32_t user, const Ready& ready = {});
    /// Keeps so many bytes per user of what edits replaced. 0, the default: nothing can be undone.
    /// Forgets what was kept so far.
    /// \throws std::bad_alloc.
    void set_undo_limit(std::size_t bytes_per_user);
    [[nodiscard]] const UndoHistory* undo_history() const noexcept { return undo_.get(); }

    /// Does what an entry of a log says. Entries without effect are no errors: the log they came
    /// from has them, too. All in this call, also what finish() has published: at a radius of 512, that
    /// takes about a second.
    tl::expected<EditReport, VoxelError> replay(const LogEntry& entry, const Ready& ready = {});
    /// Appends everything that is done from now on; null: nothing. The log must outlive the world, or
    /// be taken away first.
    void record_to(OperationLog* log) noexcept { log_ = log; }

    /// How many edits returned no error; undo and redo count, too.
    [[nodiscard]] std::uint64_t edits() const noexcept { return edits_; }

    /// Until allow_edits(), all changes are refused with this error: they would be made on samples that
    /// are about to be replaced, or could never be saved.
    void hold_edits(VoxelError why) noexcept { held_ = std::move(why); }
    void allow_edits() noexcept { held_.reset(); }
    /// Why edits are refused now; null if they are not.
    [[nodiscard]] const VoxelError* hold() const noexcept { return held_ ? &*held_ : nullptr; }
    /// Whether nothing was changed or loaded, and no edit has begun.
    [[nodiscard]] bool is_untouched() const noexcept {
        return edits_ == 0 && big_edits_.empty() && detachments_.empty() &&
               volume_.edited_count() == 0 && !file_bricks_.was_opened();
    }

    /// On the finest level. Errors, misses and cost: see Raycaster::cast.
    [[nodiscard]] tl::expected<std::optional<RayHit>, VoxelError> raycast(Vec3f from,
                                                                          Vec3f direction,
                                                                          float max_distance) {
        return raycaster_.cast(from, direction, max_distance);
    }
    /// Errors and cost: see voxel::material_at.
    [[nodiscard]] tl::expected<std::optional<Material>, VoxelError> material_at(
        Vec3f position) const {
        return voxel::material_at(volume_, position);
    }

    /// Sweeps, overlaps and the nearest surface.
    [[nodiscard]] Mover& mover() noexcept { return mover_; }

    /// What no longer hangs on the ground. It learns of every edit here, once set_largest() was
    /// called; the caller advances it.
    [[nodiscard]] IslandSearch& islands() noexcept { return islands_; }

    [[nodiscard]] FileBricks& file_bricks() noexcept { return file_bricks_; }
    [[nodiscard]] Volume& volume() noexcept { return volume_; }
    [[nodiscard]] const Volume& volume() const noexcept { return volume_; }

private:
    tl::expected<EditReport, VoxelError> apply_up_to(float most_reach, const Operation& operation,
                                                     const Ready& ready);
    tl::expected<EditReport, VoxelError> publish(const Operation& operation, PreparedEdit prepared,
                                                 const Ready& ready);
    template <class T>
    tl::expected<EditReport, VoxelError> finish(std::vector<std::unique_ptr<T>>& list, T& what,
                                                BigEdit& edit, const Ready& ready);
    tl::expected<EditReport, VoxelError> step(UndoStep what, const Ready& ready);
    void note_edited(const EditReport& report) noexcept;

    FileBricks file_bricks_;
    Volume volume_;
    Raycaster raycaster_;
    Mover mover_;
    IslandSearch islands_;
    std::unique_ptr<UndoHistory> undo_;  // null: nothing can be undone
    OperationLog* log_ = nullptr;
    std::uint64_t edits_ = 0;
    std::vector<std::unique_ptr<BigEdit>> big_edits_;       // those that have begun
    std::vector<std::unique_ptr<Detachment>> detachments_;  // the same
    std::optional<VoxelError> held_;
};

}  // namespace nebula::voxel
