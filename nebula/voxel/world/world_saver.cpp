// SPDX-License-Identifier: MIT
#include "nebula/voxel/world/world_saver.hpp"

#include "nebula/base/assert.hpp"

#include <algorithm>
#include <utility>

namespace nebula::voxel {

namespace {

// One is decoded while the other is being received.
constexpr std::size_t kBatchesUnderWay = 2;

}  // namespace

WorldSaver::WorldSaver(World& world, std::string path, WorldSaverSettings settings)
    : world_(world),
      settings_(std::move(settings)),
      last_save_(settings_.now()),
      store_(std::move(path), settings_.file) {
    world_.hold_edits({VoxelError::Kind::NotLoaded,
                       "the world is still being loaded; edit it when that has ended"});
    store_.open([this](tl::expected<WorldFileReport, VoxelError>&& report) {
        if (!report) return fail(std::move(report.error()));
        opened_ = true;
        report_ = std::move(*report);
        last_operation_ = report_.last_operation;
        to_load_.reserve(store_.keys().size());
        store_.keys().for_each([this](BrickKey key) { to_load_.push_back(key); });
        load_more();
    });
}

WorldSaver::~WorldSaver() = default;

void WorldSaver::fail(VoxelError error) {
    state_ = State::Failed;
    error_ = std::move(error);
    world_.hold_edits(
        {error_.kind, "what is changed could not be saved, because " + error_.message});
    auto answers = std::exchange(next_, {});
    for (auto& answer : answers)
        if (answer) answer(tl::unexpected(error_));
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
                         for (FetchedBrick& brick : *bricks) {
                             if (brick.samples == nullptr)
                                 ++damaged_;
                             else
                                 world_.volume().publish_saved(*brick_of(brick.key),
                                                               std::move(brick.samples));
                         }
                     });
        to_load_.resize(to_load_.size() - count);
        ++loading_;
    }
    if (loading_ > 0 || state_ != State::Loading) return;
    state_ = State::Ready;
    world_.allow_edits();
}

void WorldSaver::update() {
    store_.receive();
    if (state_ == State::Loading) {
        if (opened_) load_more();
        return;
    }
    if (saving_ || state_ == State::Failed) return;
    const bool is_due = settings_.autosave.count() > 0 && !report_.read_only && has_unsaved() &&
                        settings_.now() - last_save_ >= settings_.autosave;
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
    if (state_ == State::Ready && !saving_) begin_save();
}

std::uint64_t WorldSaver::note_operation(std::vector<std::byte> record) {
    NEBULA_ASSERT(state_ == State::Ready, "an operation before the world was loaded");
    operations_.push_back({last_operation_ + 1, std::move(record)});
    return ++last_operation_;
}

void WorldSaver::begin_save() {
    last_save_ = settings_.now();
    std::vector<StoredOperation> operations = operations_;
    Volume::Unsaved unsaved = world_.volume().begin_save();
    try {
        store_.save(std::move(unsaved), std::move(operations),
                    [this](const auto& result) { end_save(result); });
    } catch (...) {
        world_.volume().end_save(false);
        throw;
    }
    saving_operations_ = operations_.size();
    answers_.swap(next_);
    saving_ = true;
}

void WorldSaver::end_save(const tl::expected<SaveReport, VoxelError>& result) {
    saving_ = false;
    world_.volume().end_save(result.has_value());
    if (result)
        operations_.erase(operations_.begin(),
                          operations_.begin() + static_cast<std::ptrdiff_t>(saving_operations_));
    else
        ++failed_saves_;
    saving_operations_ = 0;
    if (settings_.after_save) settings_.after_save(result);
    auto answers = std::exchange(answers_, {});
    for (auto& answer : answers)
        if (answer) answer(tl::expected<SaveReport, VoxelError>(result));
}

}  // namespace nebula::voxel
