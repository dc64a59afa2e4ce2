// SPDX-License-Identifier: MIT
#include "nebula/voxel/world/world.hpp"

#include "nebula/base/assert.hpp"

#include <algorithm>
#include <memory>
#include <utility>
#include <variant>
#include <vector>

namespace nebula::voxel {

World::World(std::shared_ptr<const Generator> generator)
    : volume_(std::move(generator)), raycaster_(volume_), mover_(volume_), islands_(volume_) {}

tl::expected<EditReport, VoxelError> World::apply(const Operation& operation, const Ready& ready) {
    return apply_up_to(kMaxEditRadius, operation, ready);
}

tl::expected<EditReport, VoxelError> World::apply_up_to(float most_reach,
                                                        const Operation& operation,
                                                        const Ready& ready) {
    if (held_) return tl::unexpected(*held_);
    auto prepared = prepare(volume_, operation, most_reach);
    if (!prepared) return tl::unexpected(std::move(prepared.error()));
    return publish(operation, std::move(*prepared), ready);
}

tl::expected<EditReport, VoxelError> World::publish(const Operation& operation,
                                                    PreparedEdit prepared, const Ready& ready) {
    // An edit that changes nothing is not in the history, but in the log: whoever replays it is told the
    // same.
    const bool keeps = undo_ != nullptr && !prepared.bricks.empty();
    bool has_room = false;
    bool is_logged = false;
    try {
        if (keeps) {
            undo_->make_room(operation, prepared.report);
            has_room = true;
        }
        if (log_ != nullptr) {
            log_->append(operation);
            is_logged = true;
        }
        if (ready) ready(std::as_const(prepared.report));
    } catch (...) {
        if (has_room) undo_->forget_room();
        if (is_logged) log_->drop_last();
        return tl::unexpected(error_of_current_exception());
    }
    ++edits_;
    note_edited(prepared.report);
    if (!keeps) return voxel::publish(volume_, std::move(prepared));
    undo_->record(volume_.publish_keeping(std::move(prepared.bricks)), prepared.hashes);
    volume_.collect(kCollectedPerEdit);
    return std::move(prepared.report);
}

void World::note_edited(const EditReport& report) noexcept {
    for (const auto& edit : big_edits_) edit->note_edited(report.bricks);
    for (const auto& island : detachments_) island->note_edited(report.bricks, report.reach[0]);
    islands_.note_edited(report.bricks, report.reach[0], report.volume.removed > 0);
}

tl::expected<BigEdit*, VoxelError> World::begin(WorkerPool& pool, const Operation& operation) {
    if (held_) return tl::unexpected(*held_);
    auto plan = BigEdit::plan(operation);
    if (!plan) return tl::unexpected(std::move(plan.error()));
    return begin(pool, std::move(*plan));
}

tl::expected<BigEdit*, VoxelError> World::begin(WorkerPool& pool, BigEdit::Plan plan) {
    if (held_) return tl::unexpected(*held_);
    auto edit = BigEdit::start(pool, volume_, std::move(plan));
    if (!edit) return tl::unexpected(std::move(edit.error()));
    try {
        big_edits_.push_back(std::move(*edit));
    } catch (...) {
        return tl::unexpected(error_of_current_exception());
    }
    return big_edits_.back().get();
}

namespace {

template <class T>
std::unique_ptr<T> taken_out(std::vector<std::unique_ptr<T>>& from, const T& what) noexcept {
    const auto found = std::find_if(from.begin(), from.end(),
                                    [&](const auto& known) { return known.get() == &what; });
    NEBULA_ASSERT(found != from.end(), "this edit is not one of this world, or has ended");
    std::unique_ptr<T> taken = std::move(*found);
    from.erase(found);
    return taken;
}

}  // namespace

template <class T>
tl::expected<EditReport, VoxelError> World::finish(std::vector<std::unique_ptr<T>>& list, T& what,
                                                   BigEdit& edit, const Ready& ready) {
    auto prepared = held_ ? tl::unexpected(*held_) : edit.prepare();
    if (!prepared && prepared.error().kind == VoxelError::Kind::NotReady)
        return tl::unexpected(std::move(prepared.error()));
    // Out of the list first: its own publication is none by others.
    const std::unique_ptr<T> ended = taken_out(list, what);
    if (!prepared) return tl::unexpected(std::move(prepared.error()));
    return publish(edit.operation(), std::move(*prepared), ready);
}

tl::expected<EditReport, VoxelError> World::finish(BigEdit& edit, const Ready& ready) {
    return finish(big_edits_, edit, edit, ready);
}

void World::drop(BigEdit& edit) noexcept { (void)taken_out(big_edits_, edit); }

tl::expected<Detachment*, VoxelError> World::detach(WorkerPool& pool, Vec3i sample,
                                                    const DetachmentSettings& settings) {
    try {
        detachments_.push_back(std::make_unique<Detachment>(pool, volume_, sample, settings));
        return detachments_.back().get();
    } catch (...) {
        return tl::unexpected(error_of_current_exception());
    }
}

tl::expected<EditReport, VoxelError> World::finish(Detachment& island, const Ready& ready) {
    BigEdit* const removal = island.removal();
    if (removal == nullptr)
        return tl::unexpected(
            VoxelError{VoxelError::Kind::NotReady,
                       "the island is not ready to come off yet; try it again later"});
    return finish(detachments_, island, *removal, ready);
}

void World::drop(Detachment& island) noexcept { (void)taken_out(detachments_, island); }

tl::expected<EditReport, VoxelError> World::undo(std::uint32_t user, const Ready& ready) {
    return step({.user = user, .redo = false}, ready);
}

tl::expected<EditReport, VoxelError> World::redo(std::uint32_t user, const Ready& ready) {
    return step({.user = user, .redo = true}, ready);
}

tl::expected<EditReport, VoxelError> World::step(UndoStep what, const Ready& ready) {
    if (held_) return tl::unexpected(*held_);
    if (undo_ == nullptr)
        return tl::unexpected(
            VoxelError{VoxelError::Kind::NothingToUndo,
                       "edits of this world cannot be undone, because its undo limit is 0 bytes"});
    auto prepared = what.redo ? undo_->prepare_redo(what.user) : undo_->prepare_undo(what.user);
    if (!prepared) return tl::unexpected(std::move(prepared.error()));
    bool is_logged = false;
    try {
        if (log_ != nullptr) {
            log_->append(what);
            is_logged = true;
        }
        if (ready) ready(std::as_const(prepared->report));
    } catch (...) {
        if (is_logged) log_->drop_last();
        return tl::unexpected(error_of_current_exception());
    }
    ++edits_;
    note_edited(prepared->report);
    EditReport report = undo_->publish(std::move(*prepared));
    volume_.collect(kCollectedPerEdit);
    return report;
}

void World::set_undo_limit(std::size_t bytes_per_user) {
    undo_.reset();
    if (bytes_per_user > 0) undo_ = std::make_unique<UndoHistory>(volume_, bytes_per_user);
}

tl::expected<EditReport, VoxelError> World::replay(const LogEntry& entry, const Ready& ready) {
    if (const auto* operation = std::get_if<Operation>(&entry))
        return apply_up_to(kMaxBigEditRadius, *operation, ready);  // finish() may have made it
    return step(std::get<UndoStep>(entry), ready);
}

}  // namespace nebula::voxel
