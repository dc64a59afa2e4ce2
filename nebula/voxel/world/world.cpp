// SPDX-License-Identifier: MIT
#include "nebula/voxel/world/world.hpp"

#include "nebula/base/assert.hpp"

#include <algorithm>
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
    islands_.note_edited(report.bricks, report.reach[0], report.volume.removed > 0);
}

tl::expected<BigEdit*, VoxelError> World::begin(WorkerPool& pool, const Operation& operation) {
    if (held_) return tl::unexpected(*held_);
    auto edit = BigEdit::start(pool, volume_, operation);
    if (!edit) return tl::unexpected(std::move(edit.error()));
    try {
        big_edits_.push_back(std::move(*edit));
    } catch (...) {
        return tl::unexpected(error_of_current_exception());
    }
    return big_edits_.back().get();
}

tl::expected<EditReport, VoxelError> World::finish(BigEdit& edit, const Ready& ready) {
    if (held_) return tl::unexpected(*held_);
    auto prepared = edit.prepare();
    if (!prepared && prepared.error().kind == VoxelError::Kind::NotReady)
        return tl::unexpected(std::move(prepared.error()));
    Operation operation;
    try {
        operation = edit.operation();
    } catch (...) {
        drop(edit);
        return tl::unexpected(error_of_current_exception());
    }
    drop(edit);
    if (!prepared) return tl::unexpected(std::move(prepared.error()));
    return publish(operation, std::move(*prepared), ready);
}

void World::drop(BigEdit& edit) noexcept {
    const auto found = std::find_if(big_edits_.begin(), big_edits_.end(),
                                    [&](const auto& known) { return known.get() == &edit; });
    NEBULA_ASSERT(found != big_edits_.end(), "this edit is not one of this world, or has ended");
    big_edits_.erase(found);
}

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
