// SPDX-License-Identifier: MIT
#include "nebula/voxel/edit/undo.hpp"

#include "nebula/base/assert.hpp"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <optional>
#include <span>
#include <utility>

namespace nebula::voxel {

namespace {

// A brick's entry, and its place in the index.
constexpr std::size_t kEntryBytes = 128;

// Makes room for one more, so that it can be added when nothing may fail.
template <class T>
void reserve_one(std::vector<T>& list) {
    if (list.size() == list.capacity()) list.reserve(list.size() * 2 + 8);
}

std::uint64_t hash_or_0(const Brick* brick) noexcept {
    return brick == nullptr ? 0 : hash_of(*brick);
}

void merge(EditReport& into, const EditReport& edit) {
    std::vector<ChunkId> chunks;
    chunks.reserve(into.chunks.size() + edit.chunks.size());
    std::set_union(into.chunks.begin(), into.chunks.end(), edit.chunks.begin(), edit.chunks.end(),
                   std::back_inserter(chunks));
    into.chunks = std::move(chunks);
    for (std::size_t level = 0; level < into.reach.size(); ++level)
        into.reach[level] = box_around(into.reach[level], edit.reach[level]);
    into.volume += edit.volume;
    add(into.materials, edit.materials);
}

}  // namespace

UndoHistory::UndoHistory(Volume& volume, std::size_t bytes_per_user)
    : volume_(volume), most_bytes_(bytes_per_user), mover_(volume.generator()) {}

UndoHistory::~UndoHistory() {
    for (auto& [id, user] : users_)
        for (Strokes* strokes : {&user.done, &user.undone})
            while (!strokes->empty()) drop(user, *strokes, strokes->size() - 1);
}

const Brick* UndoHistory::present(BrickId brick) const noexcept {
    return volume_.is_edited(brick) ? volume_.find(brick) : nullptr;
}

std::uint64_t UndoHistory::content(BrickId brick) const noexcept {
    return hash_or_0(present(brick));
}

std::uint64_t UndoHistory::content_wherever(BrickId brick) const {
    if (!volume_.is_kept_elsewhere(brick)) return content(brick);
    const FoundBrick kept = volume_.read(brick);
    return kept ? hash_of(*kept) : 0;  // damaged
}

// Not if somebody else edited a brick of the stroke since: undoing it would undo that, too.
bool UndoHistory::goes_on(const User& user, const Operation& operation,
                          const EditReport& report) const {
    if (operation.stroke == 0 || user.done.empty() || !user.undone.empty()) return false;
    const Stroke& last = *user.done.back();
    if (last.number != operation.stroke) return false;
    return std::all_of(report.bricks.begin(), report.bricks.end(), [&](BrickId brick) {
        const auto known = last.index.find(brick);
        return known == last.index.end() ||
               last.entries[known->second].after == content_wherever(brick);
    });
}

void UndoHistory::make_room(const Operation& operation, const EditReport& report) {
    NEBULA_ASSERT(room_.stroke == nullptr, "an edit was neither recorded nor forgotten");
    try {
        User& user = users_[operation.user];
        room_.user = &user;
        room_.user_id = operation.user;
        if (goes_on(user, operation, report)) {
            room_.stroke = user.done.back().get();
        } else {
            reserve_one(user.done);
            room_.fresh = std::make_unique<Stroke>();
            room_.fresh->number = operation.stroke;
            room_.stroke = room_.fresh.get();
        }
        Stroke& stroke = *room_.stroke;
        room_.known = stroke.entries.size();
        room_.merged = stroke.report;
        merge(room_.merged, report);
        room_.entry_of.clear();
        room_.entry_of.reserve(report.bricks.size());
        for (const BrickId brick : report.bricks) {
            const auto [place, is_new] = stroke.index.try_emplace(brick, stroke.entries.size());
            room_.entry_of.push_back(place->second);
            // If this throws, forget_room() does not know of the place in the index.
            if (is_new) try {
                    stroke.entries.push_back({.id = brick, .other = {}});
                } catch (...) {
                    stroke.index.erase(place);
                    throw;
                }
        }
    } catch (...) {
        forget_room();
        throw;
    }
}

void UndoHistory::forget_room() noexcept {
    if (room_.stroke != nullptr && room_.fresh == nullptr) {
        Stroke& stroke = *room_.stroke;
        while (stroke.entries.size() > room_.known) {
            stroke.index.erase(stroke.entries.back().id);
            stroke.entries.pop_back();
        }
    }
    room_.fresh.reset();
    room_.stroke = nullptr;
    if (std::exchange(room_.user, nullptr) != nullptr) forget_if_empty(room_.user_id);
}

void UndoHistory::record(std::vector<EditedBrick> replaced,
                         std::span<const BrickHashes> hashes) noexcept {
    NEBULA_ASSERT(room_.stroke != nullptr, "no room was made for this edit");
    NEBULA_ASSERT(replaced.size() == room_.entry_of.size(), "these are another edit's bricks");
    Stroke& stroke = *std::exchange(room_.stroke, nullptr);
    User& user = *std::exchange(room_.user, nullptr);
    ++clock_;
    stroke.report = std::move(room_.merged);
    for (std::size_t i = 0; i < replaced.size(); ++i) {
        Entry& entry = stroke.entries[room_.entry_of[i]];
        if (room_.entry_of[i] >= room_.known) {
            entry.before = replaced[i].samples == nullptr ? 0
                           : hashes.empty()               ? hash_of(*replaced[i].samples)
                                                          : hashes[i].before;
            entry.other = std::move(replaced[i].samples);
        } else {
            volume_.retire(std::move(replaced[i].samples));
        }
        entry.after = hashes.empty() ? content(entry.id) : hashes[i].after;
        entry.when = clock_;
    }
    if (room_.fresh != nullptr) user.done.push_back(std::move(room_.fresh));
    while (!user.undone.empty()) drop(user, user.undone, user.undone.size() - 1);
    count_bytes(user, stroke);
    keep_limit(user, user.done, user.undone);
    forget_if_empty(room_.user_id);
}

void UndoHistory::forget_if_empty(std::uint32_t id) noexcept {
    const auto found = users_.find(id);
    if (found != users_.end() && found->second.done.empty() && found->second.undone.empty())
        users_.erase(found);
}

void UndoHistory::keep_limit(User& user, Strokes& first, Strokes& then) noexcept {
    for (Strokes* strokes : {&first, &then})
        while (user.bytes > most_bytes_ && !strokes->empty()) drop(user, *strokes, 0);
}

void UndoHistory::count_bytes(User& user, Stroke& stroke) noexcept {
    std::size_t bytes =
        stroke.entries.size() * kEntryBytes + stroke.report.chunks.size() * sizeof(ChunkId);
    for (const Entry& entry : stroke.entries) bytes += bytes_of(entry.other.get());
    user.bytes = user.bytes - stroke.bytes + bytes;
    stroke.bytes = bytes;
}

void UndoHistory::forget_other(Entry& entry) noexcept {
    if (std::exchange(entry.is_new, false))
        entry.other.reset();
    else
        volume_.retire(std::move(entry.other));
}

void UndoHistory::drop(User& user, Strokes& strokes, std::size_t i) noexcept {
    for (Entry& entry : strokes[i]->entries) forget_other(entry);
    user.bytes -= strokes[i]->bytes;
    strokes.erase(strokes.begin() + static_cast<std::ptrdiff_t>(i));
}

tl::expected<UndoHistory::Step, VoxelError> UndoHistory::prepare_undo(std::uint32_t user) {
    return prepare_step(user, true);
}

tl::expected<UndoHistory::Step, VoxelError> UndoHistory::prepare_redo(std::uint32_t user) {
    return prepare_step(user, false);
}

bool UndoHistory::can_be_taken_back(BrickId brick, std::uint64_t content) const noexcept {
    const auto has = [&](const std::unique_ptr<Stroke>& stroke) {
        const auto known = stroke->index.find(brick);
        return known != stroke->index.end() && stroke->entries[known->second].after == content;
    };
    return std::ranges::any_of(
        users_, [&](const auto& user) { return std::ranges::any_of(user.second.done, has); });
}

std::optional<const Brick*> UndoHistory::kept(BrickId brick, std::uint64_t content) const noexcept {
    if (content == 0) return nullptr;
    for (const auto& [id, user] : users_)
        for (const Strokes* strokes : {&user.done, &user.undone})
            for (const auto& stroke : *strokes) {
                const auto known = stroke->index.find(brick);
                if (known == stroke->index.end()) continue;
                const Entry& entry = stroke->entries[known->second];
                if ((strokes == &user.done ? entry.before : entry.after) == content)
                    return entry.other.get();
            }
    return std::nullopt;
}

// Others made the brick what it is now, from what the stroke has left. If each of their edits could as well have
// been made without the stroke, they are from now on, and the stroke comes last.
std::optional<BrickPtr> UndoHistory::move_out(Stroke& stroke, std::size_t at, Step& step) {
    Entry& mine = stroke.entries[at];
    const std::uint64_t here = content(mine.id);
    const std::size_t first = step.sunk.size();
    struct Later {
        std::uint32_t user;
        Stroke* stroke;
        Entry* entry;
    };
    std::vector<Later> done;
    for (auto& [id, user] : users_)
        for (const auto& other : user.done) {
            const auto known = other->index.find(mine.id);
            if (known == other->index.end()) continue;
            Entry& entry = other->entries[known->second];
            if (entry.when > mine.when) done.push_back({id, other.get(), &entry});
        }
    std::ranges::sort(done, {}, [](const Later& later) { return later.entry->when; });
    std::uint64_t state = mine.after;
    for (const Later& next : done) {
        if (state == here) break;
        if (next.entry->before != state) continue;  // what led to it is forgotten
        Sunk& edit = step.sunk.emplace_back();
        edit.user = next.user;
        edit.stroke = next.stroke;
        edit.entry = next.entry;
        state = next.entry->after;
    }
    if (state != here) return std::nullopt;
    const std::span<Sunk> later(step.sunk.begin() + static_cast<std::ptrdiff_t>(first),
                                step.sunk.end());
    const Brick* const left = later.front().entry->other.get();
    const auto without = [&](const Brick* brick) {
        return mover_.move(mine.id, left, mine.other.get(), brick);
    };
    auto now = without(present(mine.id));
    if (!now) return std::nullopt;
    States sunk{{here, present(mine.id), hash_or_0(now->get()), now->get()}};
    States raised;
    for (std::size_t i = later.size(); i-- > 0;) {
        Sunk& edit = later[i];
        edit.after = sunk.back().new_hash;
        if (i == 0) {
            edit.first = &mine;
            edit.before = mine.before;
        } else {
            auto other = without(edit.entry->other.get());
            if (!other) return std::nullopt;
            edit.other = std::move(*other);
            edit.before = hash_or_0(edit.other.get());
        }
        const Brick* const old = edit.entry->other.get();
        sunk.push_back(
            {edit.entry->before, old, edit.before, i == 0 ? mine.other.get() : edit.other.get()});
        raised.push_back({edit.entry->before, old, here, present(mine.id)});
    }
    step.moved.push_back({at, sunk.front().new_hash, here});
    carry_undone(mine.id, std::move(sunk), std::move(raised), step);
    return now;
}

// The stroke is made again, after what others have done since.
std::optional<BrickPtr> UndoHistory::move_onto(Stroke& stroke, std::size_t at, Step& step) {
    const Entry& mine = stroke.entries[at];
    const auto before = kept(mine.id, mine.before);
    if (!before) return std::nullopt;
    auto now = mover_.move(mine.id, *before, mine.other.get(), present(mine.id));
    if (!now) return std::nullopt;
    const std::uint64_t after = hash_or_0(now->get());
    step.moved.push_back({at, content(mine.id), after});
    carry_undone(mine.id, {}, {{mine.after, mine.other.get(), after, now->get()}}, step);
    return now;
}

// What was undone can be made again on the state that it once changed. If a step changes that state, or nobody
// comes back to it, it goes on from the new one, unless it changes the same samples.
void UndoHistory::carry_undone(BrickId brick, States sunk, States raised, Step& step) {
    for (auto& [id, user] : users_)
        for (auto stroke = user.undone.rbegin(); stroke != user.undone.rend(); ++stroke) {
            const auto known = (*stroke)->index.find(brick);
            if (known == (*stroke)->index.end()) continue;
            Entry& entry = (*stroke)->entries[known->second];
            const auto carry = [&](States& states) {
                const auto on = std::ranges::find(states, entry.before, &State::hash);
                if (on == states.end()) return false;
                auto other = mover_.move(brick, on->brick, entry.other.get(), on->new_brick);
                if (!other) return false;
                const std::uint64_t before = on->new_hash;
                const std::uint64_t after = hash_or_0(other->get());
                states.push_back({entry.after, entry.other.get(), after, other->get()});
                step.sunk.push_back({.user = id,
                                     .stroke = stroke->get(),
                                     .entry = &entry,
                                     .first = nullptr,
                                     .other = std::move(*other),
                                     .before = before,
                                     .after = after});
                return true;
            };
            // The user's own come after the stroke again.
            if (id != step.user && carry(sunk)) continue;
            carry(raised);
        }
}

UndoHistory::Way UndoHistory::way_of(Stroke& stroke, Step& step, std::vector<EditedBrick>& bricks) {
    std::vector<BrickId> ids;
    ids.reserve(stroke.entries.size());
    for (const Entry& entry : stroke.entries) ids.push_back(entry.id);
    volume_.recall(ids);
    bricks.reserve(stroke.entries.size());
    Way way = Way::Free;
    for (std::size_t i = 0; i < stroke.entries.size(); ++i) {
        const Entry& entry = stroke.entries[i];
        const std::uint64_t here = content(entry.id);
        if (here == (step.undo ? entry.after : entry.before)) {
            if (step.undo)
                carry_undone(entry.id,
                             {{entry.after, present(entry.id), entry.before, entry.other.get()}},
                             {}, step);
            // What was published is given back later. A new one stays here, in case the step is not made.
            bricks.push_back({entry.id, entry.is_new ? make_brick(*entry.other) : nullptr});
        } else if (auto now = step.undo ? move_out(stroke, i, step) : move_onto(stroke, i, step)) {
            bricks.push_back({entry.id, std::move(*now)});
        } else if (can_be_taken_back(entry.id, here)) {
            way = Way::Blocked;
        } else {
            return Way::Lost;
        }
    }
    return way;
}

tl::expected<UndoHistory::Step, VoxelError> UndoHistory::prepare_step(std::uint32_t id, bool undo) {
    const auto none = [&] {
        return tl::unexpected(VoxelError{VoxelError::Kind::NothingToUndo,
                                         undo
                                             ? "there is no edit of this user that can be undone"
                                             : "there is no edit of this user that can be redone"});
    };
    const auto found = users_.find(id);
    if (found == users_.end()) return none();
    try {
        User& user = found->second;
        Strokes& from = undo ? user.done : user.undone;
        Step step;
        std::vector<EditedBrick> bricks;
        for (Way way = Way::Lost; way != Way::Free;) {
            if (from.empty()) {
                forget_if_empty(id);
                return none();
            }
            step = {};
            step.user = id;
            step.undo = undo;
            bricks.clear();
            way = way_of(*from.back(), step, bricks);
            if (way == Way::Blocked)
                return tl::unexpected(VoxelError{VoxelError::Kind::Conflict,
                                                 undo ? "the edit cannot be undone, because "
                                                        "somebody edited the same ground since; "
                                                        "that edit must be undone first"
                                                      : "the edit cannot be redone, because "
                                                        "somebody edited the same ground since; "
                                                        "that edit must be undone first"});
            if (way == Way::Lost) drop(user, from, from.size() - 1);
        }
        const Stroke& stroke = *from.back();
        for (const Entry& entry : stroke.entries) step.report.bricks.push_back(entry.id);
        step.report.chunks = stroke.report.chunks;
        step.report.reach = stroke.report.reach;
        step.report.volume = stroke.report.volume;
        step.report.materials = stroke.report.materials;
        if (undo) {
            const auto swap = [](GroundVolume& v) { std::swap(v.removed, v.added); };
            swap(step.report.volume);
            for (MaterialVolume& part : step.report.materials) swap(part.volume);
        }
        Strokes& to = undo ? user.undone : user.done;
        reserve_one(to);
        step.bricks = volume_.prepare(std::move(bricks));
        return step;
    } catch (...) {
        return tl::unexpected(error_of_current_exception());
    }
}

EditReport UndoHistory::publish(Step step) noexcept {
    User& user = users_.find(step.user)->second;
    Strokes& from = step.undo ? user.done : user.undone;
    Strokes& to = step.undo ? user.undone : user.done;
    Stroke& stroke = *from.back();
    NEBULA_ASSERT(stroke.entries.size() == step.report.bricks.size(),
                  "something was published after this step was prepared");
    for (Sunk& edit : step.sunk) {
        forget_other(*edit.entry);
        if (edit.first != nullptr) {
            edit.entry->other = std::move(edit.first->other);
            edit.entry->is_new = std::exchange(edit.first->is_new, false);
        } else {
            edit.entry->other = std::move(edit.other);
            edit.entry->is_new = edit.entry->other != nullptr;
        }
        edit.entry->before = edit.before;
        edit.entry->after = edit.after;
    }
    for (const Moved& moved : step.moved) {
        Entry& entry = stroke.entries[moved.entry];
        forget_other(entry);  // if no edit of others has it
        entry.before = moved.before;
        entry.after = moved.after;
    }
    auto moved = step.moved.begin();
    for (std::size_t i = 0; i < stroke.entries.size(); ++i) {
        Entry& entry = stroke.entries[i];
        if (moved != step.moved.end() && moved->entry == i)
            ++moved;
        else if (entry.is_new)
            forget_other(entry);
        else
            step.bricks.give_back(i, std::move(entry.other));
    }
    std::vector<EditedBrick> replaced = volume_.publish_keeping(std::move(step.bricks));
    ++clock_;
    for (std::size_t i = 0; i < replaced.size(); ++i) {
        stroke.entries[i].other = std::move(replaced[i].samples);
        stroke.entries[i].when = clock_;
    }
    to.push_back(std::move(from.back()));
    from.pop_back();
    count_bytes(user, stroke);
    // The bricks that a step takes back may need more memory than those that it brings. What would be
    // made again last goes first: a user who takes back many strokes wants to take back more.
    keep_limit(user, to, from);
    for (const Sunk& edit : step.sunk) {
        User& other = users_.find(edit.user)->second;
        // The limit of one edit may have forgotten the next.
        for (const Strokes* strokes : {&other.done, &other.undone})
            if (std::ranges::any_of(*strokes,
                                    [&](const auto& s) { return s.get() == edit.stroke; }))
                count_bytes(other, *edit.stroke);
    }
    for (const Sunk& edit : step.sunk)
        if (const auto found = users_.find(edit.user); found != users_.end()) {
            keep_limit(found->second, found->second.done, found->second.undone);
            forget_if_empty(edit.user);
        }
    forget_if_empty(step.user);
    return std::move(step.report);
}

std::optional<std::uint32_t> UndoHistory::stroke_to_undo(std::uint32_t user) const noexcept {
    const auto found = users_.find(user);
    if (found == users_.end() || found->second.done.empty()) return {};
    return found->second.done.back()->number;
}

std::optional<std::uint32_t> UndoHistory::stroke_to_redo(std::uint32_t user) const noexcept {
    const auto found = users_.find(user);
    if (found == users_.end() || found->second.undone.empty()) return {};
    return found->second.undone.back()->number;
}

std::size_t UndoHistory::undo_count(std::uint32_t user) const noexcept {
    const auto found = users_.find(user);
    return found == users_.end() ? 0 : found->second.done.size();
}

std::size_t UndoHistory::redo_count(std::uint32_t user) const noexcept {
    const auto found = users_.find(user);
    return found == users_.end() ? 0 : found->second.undone.size();
}

std::size_t UndoHistory::bytes(std::uint32_t user) const noexcept {
    const auto found = users_.find(user);
    return found == users_.end() ? 0 : found->second.bytes;
}

}  // namespace nebula::voxel
