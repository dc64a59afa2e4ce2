// SPDX-License-Identifier: MIT
#include "nebula/voxel/world/world_saver.hpp"

#include "nebula/base/assert.hpp"

#include <algorithm>
#include <cstddef>
#include <deque>
#include <exception>
#include <iterator>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace nebula::voxel {

namespace {

// One is decoded while the other is being received.
constexpr std::size_t kBatchesUnderWay = 2;

// Without memory for the error's text, the error is that.
tl::expected<SaveReport, VoxelError> copy_of(
    const tl::expected<SaveReport, VoxelError>& result) noexcept {
    try {
        return result;
    } catch (...) {
        return tl::unexpected(error_of_current_exception());
    }
}

}  // namespace

WorldSaver::WorldSaver(World& world, std::string path, WorldSaverSettings settings)
    : world_(world),
      settings_(std::move(settings)),
      last_save_(settings_.now()),
      store_(std::move(path), settings_.file) {
    if (!world_.is_untouched()) {
        fail({VoxelError::Kind::NotLoaded,
              "a world file must be loaded into a new world, before anything edits it"});
        return;
    }
    store_.open([this](tl::expected<WorldFileReport, VoxelError>&& report) {
        if (!report) return fail(std::move(report.error()));
        try {
            if (settings_.memory_limit)
                keep_in_file();
            else
                to_load_.reserve(store_.keys().size());
        } catch (...) {
            return fail(error_of_current_exception());
        }
        if (!settings_.memory_limit)
            store_.keys().for_each([this](BrickKey key) { to_load_.push_back(key); });
        report_ = std::move(*report);
        last_operation_ = report_.last_operation;
        opened_ = true;
    });
    world_.hold_edits({VoxelError::Kind::NotLoaded,
                       "the world is still being loaded; edit it when that has ended"});
}

WorldSaver::~WorldSaver() {
    // Nobody will see how the save ends. What was in it counts as not saved.
    if (saving_) world_.volume().end_save(false);
    world_.file_bricks().close();
    if (state_ != State::Ready) world_.allow_edits();
}

void WorldSaver::fail(VoxelError error) {
    state_ = State::Failed;
    const SaveResult result = tl::unexpected(std::move(error));
    error_ = copy_of(result).error();
    try {
        world_.hold_edits(
            {error_.kind, "what is changed could not be saved, because " + error_.message});
    } catch (...) {
        world_.hold_edits(error_of_current_exception());  // no memory for the text
    }
    answer_all(std::exchange(next_, {}), result);
}

void WorldSaver::answer_all(std::vector<WorldStore::Answer<SaveReport>> answers,
                            const SaveResult& result) {
    std::exception_ptr thrown;
    for (auto& answer : answers) {
        if (!answer) continue;
        try {
            answer(copy_of(result));
        } catch (...) {
            if (thrown == nullptr) thrown = std::current_exception();
        }
    }
    if (thrown != nullptr) std::rethrow_exception(thrown);
}

void WorldSaver::load_more() {
    while (loading_ < kBatchesUnderWay && !to_load_.empty() && state_ == State::Loading) {
        const std::size_t count = std::min(kBricksAtOnce, to_load_.size());
        std::vector<BrickKey> batch(to_load_.end() - static_cast<std::ptrdiff_t>(count),
                                    to_load_.end());
        store_.fetch(std::move(batch),
                     [this](tl::expected<std::vector<FetchedBrick>, VoxelError>&& bricks) {
                         --loading_;
                         if (!bricks) return fail(std::move(bricks.error()));
                         try {
                             publish(*bricks);
                         } catch (...) {  // what is missing would count as pristine
                             fail(error_of_current_exception());
                         }
                     });
        to_load_.resize(to_load_.size() - count);
        ++loading_;
    }
    if (loading_ > 0 || state_ != State::Loading) return;
    state_ = State::Ready;
    world_.allow_edits();
}

void WorldSaver::keep_in_file() {
    const std::size_t half = *settings_.memory_limit / 2;
    world_.file_bricks().open(
        store_.keys(),
        [this](std::span<const BrickKey> keys) {
            std::vector<BrickPtr> bricks = store_.read_now(keys);
            return std::vector<std::shared_ptr<const Brick>>(
                std::make_move_iterator(bricks.begin()), std::make_move_iterator(bricks.end()));
        },
        half);
    world_.volume().set_kept(&world_.file_bricks());
}

// One that is saved again and again keeps its place.
void WorldSaver::note_saved(std::span<const BrickId> bricks) {
    for (const BrickId id : bricks) {
        const auto [place, is_new] = is_listed_.insert(id);
        if (!is_new) continue;
        try {
            saved_.push_back(id);
        } catch (...) {
            is_listed_.erase(place);
            throw;
        }
    }
}

bool WorldSaver::is_full() const noexcept {
    // Not again at once where it has failed.
    if (!settings_.memory_limit || has_failed_) return false;
    const Volume& volume = world_.volume();
    const std::size_t edited = volume.edited_count();
    const std::size_t mean = edited == 0 ? sizeof(Brick) : volume.edited_bytes() / edited;
    return volume.unsaved_count() * mean > *settings_.memory_limit / 2;
}

void WorldSaver::drop_saved() {
    if (!settings_.memory_limit || saving_) return;
    const auto is_over = [&] {
        return world_.volume().edited_bytes() > *settings_.memory_limit / 2;
    };
    for (std::size_t i = 0; i < kBricksAtOnce && !saved_.empty() && is_over(); ++i) {
        const BrickId id = saved_.front();
        saved_.pop_front();
        is_listed_.erase(id);
        (void)world_.volume().drop_kept(id);  // or it was edited again, and is saved again
    }
}

void WorldSaver::publish(std::vector<FetchedBrick>& bricks) {
    for (FetchedBrick& brick : bricks) {
        if (brick.samples == nullptr)
            ++damaged_;
        else
            world_.volume().publish_saved(*brick_of(brick.key), std::move(brick.samples));
    }
}

void WorldSaver::update() {
    store_.receive();
    if (state_ == State::Loading) {
        if (opened_) load_more();
        return;
    }
    if (saved_result_) end_more();
    if (saving_ || state_ == State::Failed) return;
    drop_saved();
    const bool is_due = settings_.autosave.count() > 0 && !report_.read_only && has_unsaved() &&
                        (settings_.now() - last_save_ >= settings_.autosave || is_full());
    if (!next_.empty() || is_due) begin_save();
}

void WorldSaver::wait() {
    do {
        store_.wait();
        update();
    } while (state_ == State::Loading || saving_ || (state_ == State::Ready && !next_.empty()));
}

bool WorldSaver::has_unsaved() const noexcept {
    return world_.volume().unsaved_count() > 0 || operations_.size() > saving_operations_;
}

tl::expected<void, VoxelError> WorldSaver::finish() {
    tl::expected<void, VoxelError> outcome;
    if (state_ != State::Ready) return outcome;
    wait();
    if (!has_unsaved()) return outcome;
    save([&outcome](tl::expected<SaveReport, VoxelError>&& result) {
        if (!result) outcome = tl::unexpected(std::move(result.error()));
    });
    wait();
    return outcome;
}

void WorldSaver::save(WorldStore::Answer<SaveReport> answer) {
    if (state_ == State::Failed) return answer(tl::unexpected(error_));
    next_.push_back(std::move(answer));
    if (state_ != State::Ready || saving_) return;
    try {
        begin_save();
    } catch (...) {
        next_.pop_back();  // the exception is the answer
        throw;
    }
}

void WorldSaver::export_region(std::string path, const Box3i& voxels,
                               WorldStore::Answer<std::size_t> answer) {
    save([this, path = std::move(path), voxels,
          answer = std::move(answer)](tl::expected<SaveReport, VoxelError>&& saved) mutable {
        if (state_ == State::Failed) return answer(tl::unexpected(std::move(saved.error())));
        // Somebody who was told of the failure before saves again, and has what is unsaved.
        if (!saved && saving_) return export_region(std::move(path), voxels, std::move(answer));
        Volume::Unsaved unsaved;
        if (!saved) try {
                unsaved = world_.volume().begin_save();
                world_.volume().end_save(false);  // they stay unsaved
            } catch (...) {
                return answer(tl::unexpected(error_of_current_exception()));
            }
        store_.export_to(std::move(path), voxels, false, std::move(unsaved), std::move(answer));
    });
}

std::uint64_t WorldSaver::note_operation(std::vector<std::byte> record) {
    NEBULA_ASSERT(state_ == State::Ready, "an operation before the world was loaded");
    if (record.size() > kMostRecordBytes) return 0;  // no save would ever succeed with it
    operations_.push_back({last_operation_ + 1, std::move(record)});
    return ++last_operation_;
}

void WorldSaver::begin_save() {
    last_save_ = settings_.now();
    std::vector<StoredOperation> operations = operations_;
    Volume::Unsaved unsaved = world_.volume().begin_save();
    try {
        store_.save(std::move(unsaved), std::move(operations),
                    [this](const SaveResult& result) { saved_result_ = copy_of(result); });
    } catch (...) {
        world_.volume().end_save(false);
        throw;
    }
    saving_operations_ = operations_.size();
    answers_.swap(next_);
    saving_ = true;
}

void WorldSaver::end_more() {
    Volume& volume = world_.volume();
    const bool durable = saved_result_->has_value();
    const std::span<const BrickId> all = volume.being_saved();
    const std::span<const BrickId> bricks = all.last(std::min(all.size(), kEndedAtOnce));
    if (settings_.memory_limit) {
        world_.file_bricks().forget(bricks);
        if (durable) try {
                note_saved(bricks);
            } catch (...) {  // no memory: what is not listed stays in memory
            }
    }
    if (volume.end_save_of(durable, kEndedAtOnce)) end_save();
}

void WorldSaver::end_save() {
    saving_ = false;
    const SaveResult result = *std::exchange(saved_result_, std::nullopt);
    const Volume& volume = world_.volume();
    if (settings_.memory_limit && result) {
        try {
            world_.file_bricks().set_keys(store_.keys());
        } catch (...) {  // no memory: what it does not know of stays in memory
        }
        world_.file_bricks().show_if([&](BrickId id) { return !volume.is_unsaved_pristine(id); });
    }
    if (result)
        operations_.erase(operations_.begin(),
                          operations_.begin() + static_cast<std::ptrdiff_t>(saving_operations_));
    else
        ++failed_saves_;
    has_failed_ = !result;
    saving_operations_ = 0;
    // Whoever is told may save again at once, and then these are others.
    std::vector<WorldStore::Answer<SaveReport>> answers = std::exchange(answers_, {});
    try {
        if (settings_.after_save) settings_.after_save(result);
    } catch (...) {
        answer_all(std::move(answers), result);
        throw;
    }
    answer_all(std::move(answers), result);
}

}  // namespace nebula::voxel
