// SPDX-License-Identifier: MIT
// What each user has done, and can take back.
#pragma once

#include "nebula/voxel/edit/detail/move_change.hpp"
#include "nebula/voxel/edit/edit.hpp"
#include "nebula/voxel/edit/operation.hpp"
#include "nebula/voxel/field/volume.hpp"
#include "nebula/voxel/space/ids.hpp"
#include "nebula/voxel/space/voxel_error.hpp"

#include <tl/expected.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

namespace nebula::voxel {

/// Strokes, per user, from the latest to the oldest that fits into a number of bytes. Bricks never
/// change, so a stroke keeps the replaced ones as they are, and to undo it means to publish them again.
///
/// **Others' edits.** A stroke can be undone as long as all samples that it has changed, on all levels, are as it
/// left them; what others changed beside those stays. If somebody changed one of them since, undo() is
/// refused and changes nothing, until that edit is undone (README, "When users edit the same ground"). If
/// nobody's history has that edit any more, the stroke can never be undone: it is forgotten, and undo() goes
/// on with the one before it.
///
/// Each edit is three calls: make_room(), which may fail; then the volume publishes; then record(). World
/// makes them. If the edit is not made after all, forget_room().
///
/// Threads:   owner thread of the volume.
/// Lifetime:  the volume must outlive it.
class UndoHistory {
public:
    /// \param bytes_per_user  if a stroke alone needs more, it cannot be undone.
    UndoHistory(Volume& volume, std::size_t bytes_per_user);
    ~UndoHistory();
    UndoHistory(const UndoHistory&) = delete;
    UndoHistory& operator=(const UndoHistory&) = delete;

    /// \throws std::bad_alloc, and nothing has changed.
    void make_room(const Operation& operation, const EditReport& report);
    /// `replaced` is what publish_keeping() has returned. What the user had undone cannot be redone any more.
    /// `hashes` are those of the edit's bricks, or none.
    void record(std::vector<EditedBrick> replaced,
                std::span<const BrickHashes> hashes = {}) noexcept;
    void forget_room() noexcept;

    struct Moved;
    struct Sunk;
    /// A stroke that can be taken back, and nothing has changed yet.
    struct Step {
        EditReport report;
        Volume::Prepared bricks;
        std::uint32_t user = 0;
        bool undo = true;
        std::vector<Moved> moved;
        std::vector<Sunk> sunk;
    };
    /// Works out the user's latest stroke before or after the present, without those that are lost to others'
    /// edits. Its volume is the stroke's, the
    /// other way round.
    ///
    /// Cost:      a hash per brick, some 0.5 microseconds; for a brick that others have changed since, a look-up
    ///            in each stroke, and for each of their edits of it that of detail/move_change.hpp.
    /// Errors:    NothingToUndo, Conflict, OutOfMemory.
    [[nodiscard]] tl::expected<Step, VoxelError> prepare_undo(std::uint32_t user);
    [[nodiscard]] tl::expected<Step, VoxelError> prepare_redo(std::uint32_t user);
    /// Nothing else may have been published since the step was prepared.
    EditReport publish(Step step) noexcept;

    [[nodiscard]] std::size_t undo_count(std::uint32_t user) const noexcept;
    [[nodiscard]] std::size_t redo_count(std::uint32_t user) const noexcept;
    /// The number of the stroke that the next undo, or redo, is about.
    [[nodiscard]] std::optional<std::uint32_t> stroke_to_undo(std::uint32_t user) const noexcept;
    [[nodiscard]] std::optional<std::uint32_t> stroke_to_redo(std::uint32_t user) const noexcept;
    [[nodiscard]] std::size_t bytes(std::uint32_t user) const noexcept;

private:
    struct Entry {
        BrickId id;
        BrickPtr other;            // undone: the brick after the stroke; else the one before
        std::uint64_t before = 0;  // hashes; 0: pristine
        std::uint64_t after = 0;
        std::uint64_t when = 0;  // it was done; by clock_
        bool is_new = false;     // `other` was never published: nobody else looks at it
    };
    struct Stroke {
        std::uint32_t number = 0;
        std::vector<Entry> entries;
        std::unordered_map<BrickId, std::size_t, BrickIdHash> index;
        EditReport report;  // of all its edits; the bricks are those of the entries
        std::size_t bytes = 0;
    };
    using Strokes = std::vector<std::unique_ptr<Stroke>>;
    struct User {
        Strokes done;
        Strokes undone;  // the next one to redo is the last
        std::size_t bytes = 0;
    };
    struct Room {
        User* user = nullptr;
        std::uint32_t user_id = 0;
        Stroke* stroke = nullptr;
        std::unique_ptr<Stroke> fresh;      // or null: the edit goes on with the user's last stroke
        std::size_t known = 0;              // entries from here on are the edit's own
        std::vector<std::size_t> entry_of;  // by the edit's bricks
        EditReport merged;
    };

    [[nodiscard]] std::uint64_t content(BrickId brick) const noexcept;
    /// Also if it has left the memory. Throws as Volume::read.
    [[nodiscard]] std::uint64_t content_wherever(BrickId brick) const;
    [[nodiscard]] bool goes_on(const User& user, const Operation& operation,
                               const EditReport& report) const;
    enum class Way {
        Free,
        Blocked,  // by edits that somebody can take back
        Lost,     // by edits that nobody can take back
    };
    /// Fills the step, and `bricks` with what it publishes, if it is Free.
    [[nodiscard]] Way way_of(Stroke& stroke, Step& step, std::vector<EditedBrick>& bricks);
    /// For a brick that is not as the stroke left it. Nothing if others have changed the same samples.
    [[nodiscard]] std::optional<BrickPtr> move_out(Stroke& stroke, std::size_t entry, Step& step);
    /// What a brick was after some edit, and what it is from now on.
    struct State {
        std::uint64_t hash;
        const Brick* brick;
        std::uint64_t new_hash;
        const Brick* new_brick;
    };
    using States = std::vector<State>;
    /// \param sunk    states that lose the stroke which the step undoes.
    /// \param raised  states that lie below it from now on, for what comes after it.
    void carry_undone(BrickId brick, States sunk, States raised, Step& step);
    [[nodiscard]] std::optional<BrickPtr> move_onto(Stroke& stroke, std::size_t entry, Step& step);
    /// A brick that a history keeps; null: pristine.
    [[nodiscard]] std::optional<const Brick*> kept(BrickId brick,
                                                   std::uint64_t content) const noexcept;
    /// What is in the volume; null: pristine.
    [[nodiscard]] const Brick* present(BrickId brick) const noexcept;
    void forget_other(Entry& entry) noexcept;
    /// Whether a history has the stroke that left this in the brick.
    [[nodiscard]] bool can_be_taken_back(BrickId brick, std::uint64_t content) const noexcept;
    void forget_if_empty(std::uint32_t id) noexcept;
    [[nodiscard]] tl::expected<Step, VoxelError> prepare_step(std::uint32_t user, bool undo);
    void count_bytes(User& user, Stroke& stroke) noexcept;
    /// Forgets strokes from the front of one list, then of the other, until the rest fits.
    void keep_limit(User& user, Strokes& first, Strokes& then) noexcept;
    void drop(User& user, Strokes& strokes, std::size_t i) noexcept;

    Volume& volume_;
    std::size_t most_bytes_;
    std::map<std::uint32_t, User> users_;
    std::uint64_t clock_ = 0;  // edits and steps so far
    Room room_;
    detail::ChangeMover mover_;
};

/// A brick of a step that others have changed, too: the step's change was moved after theirs. The hashes are
/// those of its entry then.
struct UndoHistory::Moved {
    std::size_t entry;
    std::uint64_t before;
    std::uint64_t after;
};

/// Another edit, done or undone, whose entry of a brick a step changes: mostly an edit of others, before which the
/// undone stroke lay, and lies no more.
struct UndoHistory::Sunk {
    std::uint32_t user = 0;
    Stroke* stroke = nullptr;
    Entry* entry = nullptr;
    // The undone stroke's entry, if this edit came right after it: takes over its brick.
    Entry* first = nullptr;
    BrickPtr other;  // else
    std::uint64_t before = 0;
    std::uint64_t after = 0;
};

}  // namespace nebula::voxel
