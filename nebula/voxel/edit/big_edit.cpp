// SPDX-License-Identifier: MIT
#include "nebula/voxel/edit/big_edit.hpp"

#include "nebula/base/assert.hpp"
#include "nebula/base/yield_point.hpp"
#include "nebula/threading/worker_pool.hpp"
#include "nebula/voxel/edit/detail/edit_changes.hpp"
#include "nebula/voxel/edit/detail/level_brush.hpp"
#include "nebula/voxel/edit/detail/soft_edit.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace nebula::voxel {

namespace {

// A slice is a box of 4^3 bricks: at 20 microseconds each, a frame's work of others waits at most a
// millisecond behind it.
constexpr std::int32_t kSliceEdge = 4;
// So many bricks that others edited are worked out again on the owner thread, in about half a millisecond;
// more go to the workers for another round.
constexpr std::size_t kMostRedoneHere = 24;
constexpr std::size_t kRedonePerSlice = 32;
constexpr unsigned kMostGrowth = 10;

}  // namespace

BigEdit::Plan::Plan(Operation operation) : operation_(std::move(operation)), rules_(operation_) {
    if (is_soft(operation_))
        soft_ = std::make_unique<const detail::SoftEdit>(operation_);
    else
        brushes_ = detail::make_brushes(operation_);
}
BigEdit::Plan::Plan(Plan&&) noexcept = default;
BigEdit::Plan& BigEdit::Plan::operator=(Plan&&) noexcept = default;
BigEdit::Plan::~Plan() = default;

tl::expected<BigEdit::Plan, VoxelError> BigEdit::plan(Operation operation) {
    try {
        if (auto fault = check(operation, kMaxBigEditRadius))
            return tl::unexpected(std::move(*fault));
        return Plan(std::move(operation));
    } catch (...) {
        return tl::unexpected(error_of_current_exception());
    }
}

tl::expected<std::unique_ptr<BigEdit>, VoxelError> BigEdit::start(WorkerPool& pool, Volume& volume,
                                                                  Plan plan) {
    NEBULA_ASSERT(volume.is_owner_thread(),
                  "a big edit was not started on the volume's owner thread");
    try {
        std::unique_ptr<BigEdit> edit(new BigEdit(pool, volume, std::move(plan)));
        edit->cut();
        edit->begin_round();
        return edit;
    } catch (...) {
        return tl::unexpected(error_of_current_exception());
    }
}

BigEdit::BigEdit(WorkerPool& pool, Volume& volume, Plan plan)
    : pool_(pool), volume_(volume), plan_(std::move(plan)), tasks_(pool, Band::Normal) {}

BigEdit::~BigEdit() {
    cancel();
    tasks_.cancel();
    tasks_.wait();
}

void BigEdit::cut() {
    if (plan_.soft_ != nullptr) {
        if (!plan_.soft_->box().empty()) cut(plan_.soft_->box(), 0);
        return;
    }
    for (const auto& brush : plan_.brushes_)
        if (brush != nullptr) cut(brush->box(), brush->level());
}

void BigEdit::cut(const Box3i& points, Level level) {
    const Box3i bricks{floor_div(points.min, kBrickSize),
                       floor_div(points.max - Vec3i{1, 1, 1}, kBrickSize) + Vec3i{1, 1, 1}};
    for (std::int32_t z = bricks.min.z; z < bricks.max.z; z += kSliceEdge)
        for (std::int32_t y = bricks.min.y; y < bricks.max.y; y += kSliceEdge)
            for (std::int32_t x = bricks.min.x; x < bricks.max.x; x += kSliceEdge) {
                Slice& slice = slices_.emplace_back();
                slice.level = level;
                const Vec3i corner{x, y, z};
                slice.box = intersection(
                    bricks, {corner, corner + Vec3i{kSliceEdge, kSliceEdge, kSliceEdge}});
            }
}

void BigEdit::begin_round() {
    pin_ = volume_.epochs().pin();
    next_.store(0, std::memory_order_relaxed);
    all_.store(slices_.size(), std::memory_order_relaxed);
    left_.store(slices_.size(), std::memory_order_relaxed);
    merged_.store(false, std::memory_order_relaxed);
    if (slices_.empty()) {
        merged_.store(true, std::memory_order_relaxed);
        return;
    }
    // Without workers, a task would run inside spawn(): advance() does the slices.
    for (int i = 0; i < static_cast<int>(pool_.thread_count()); ++i)
        tasks_.spawn([this] { run(); }, "big edit");
}

float BigEdit::progress() const noexcept {
    const auto all = static_cast<float>(all_.load(std::memory_order_relaxed));
    const auto left = static_cast<float>(left_.load(std::memory_order_relaxed));
    return all > 0.0F ? std::clamp(1.0F - left / all, 0.0F, 1.0F) : 1.0F;
}

void BigEdit::run() noexcept {
    for (;;) {
        const std::size_t i = next_.fetch_add(1, std::memory_order_relaxed);
        if (i >= all_.load(std::memory_order_relaxed)) return;
        run_slice(slices_[i]);
        NEBULA_YIELD_POINT();
        if (left_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
            merge();
            merged_.store(true, std::memory_order_release);
            return;
        }
    }
}

// With what the owner thread would have to hash, and to wait for if it has left the memory.
void BigEdit::add(Slice& slice, detail::BrickChange change) const {
    const FoundBrick before = volume_.read(change.id);
    slice.hashes.push_back({before ? hash_of(*before) : 0, hash_of(*change.samples)});
    slice.before.push_back(volume_.kept_copy(change.id));
    slice.changes.push_back(std::move(change));
}

void BigEdit::run_slice(Slice& slice) noexcept {
    try {
        const auto scratch = std::make_unique_for_overwrite<detail::BrickScratch>();
        const auto change_softly = [&](BrickId id) {
            if (auto done = plan_.soft_->change_finest(volume_, id, *scratch)) {
                slice.picks.push_back(done->picks);
                add(slice, std::move(done->brick));
            }
        };
        const auto change = [&](BrickId id) {
            if (plan_.soft_ != nullptr && id.level == 0 &&
                !cancelled_.load(std::memory_order_relaxed))
                return change_softly(id);
            const detail::LevelBrush* brush =
                plan_.brushes_[static_cast<std::size_t>(id.level)].get();
            if (brush == nullptr || cancelled_.load(std::memory_order_relaxed)) return;
            if (auto done = detail::change_brick(volume_, *brush, plan_.rules_, id, *scratch))
                add(slice, std::move(*done));
        };
        for (const BrickId id : slice.again) change(id);
        for (std::int32_t z = slice.box.min.z; z < slice.box.max.z; ++z)
            for (std::int32_t y = slice.box.min.y; y < slice.box.max.y; ++y)
                for (std::int32_t x = slice.box.min.x; x < slice.box.max.x; ++x)
                    change({{x, y, z}, slice.level});
    } catch (...) {
        slice.error = error_of_current_exception();
        cancel();  // the rest would be for nothing
    }
}

void BigEdit::merge() noexcept {
    try {
        std::size_t count = bricks_.size();
        for (const Slice& slice : slices_) count += slice.changes.size();
        bricks_.reserve(count);
        volumes_.reserve(count);
        hashes_.reserve(count);
        for (Slice& slice : slices_)
            if (slice.error && !error_) error_ = std::move(slice.error);
        if (error_) return;  // the lists of a slice that has failed need not be of one length
        for (Slice& slice : slices_) merge_changes(slice);
        if (plan_.soft_ != nullptr) pick_down();
        for (Slice& slice : slices_) slice = {};  // here, and not on the owner thread
        std::sort(report_.chunks.begin(), report_.chunks.end());
        report_.chunks.erase(std::unique(report_.chunks.begin(), report_.chunks.end()),
                             report_.chunks.end());
    } catch (...) {
        error_ = error_of_current_exception();
    }
}

void BigEdit::merge_changes(Slice& slice) {
    if (!slice.again.empty())
        for (std::size_t i = index_.size(); i < bricks_.size(); ++i)
            index_.emplace(bricks_[i].id, i);
    for (const BrickId id : slice.again) forget(id);
    for (std::size_t i = 0; i < slice.picks.size(); ++i)
        picks_.insert_or_assign(slice.changes[i].id, slice.picks[i]);
    hashes_.insert(hashes_.end(), slice.hashes.begin(), slice.hashes.end());
    for (std::size_t i = 0; i < slice.changes.size(); ++i) {
        detail::BrickChange& change = slice.changes[i];
        const auto level = static_cast<std::size_t>(change.id.level);
        change.changed.append_chunks(change.id, report_.chunks);
        report_.reach[level] = box_around(report_.reach[level], brick_region(change.id).box);
        voxel::add(report_.materials, change.volumes);
        report_.volume += total(change.volumes);
        bricks_.push_back({change.id, std::move(change.samples), std::move(slice.before[i])});
        volumes_.push_back(std::move(change.volumes));
    }
}

// What this round has changed on the finest level, and what others have on coarser ones, level by level.
void BigEdit::pick_down() {
    std::array<std::vector<BrickId>, kLevels> stale;
    const auto note_above = [&](BrickId id) {
        if (id.level + 1 < kLevels)
            stale[static_cast<std::size_t>(id.level) + 1].push_back(detail::coarser(id));
    };
    for (const Slice& slice : slices_) {
        for (const detail::BrickChange& change : slice.changes) note_above(change.id);
        for (const BrickId id : slice.again)
            if (id.level > 0)
                stale[static_cast<std::size_t>(id.level)].push_back(id);
            else
                note_above(id);
    }
    const auto scratch = std::make_unique_for_overwrite<detail::BrickScratch>();
    const auto picks_of = [&](BrickId id) {
        const auto known = picks_.find(id);
        return known == picks_.end() ? nullptr : &known->second;
    };
    for (std::vector<BrickId>& bricks : stale) {
        std::sort(bricks.begin(), bricks.end());
        bricks.erase(std::unique(bricks.begin(), bricks.end()), bricks.end());
        Slice made;
        for (const BrickId id : bricks) {
            if (cancelled_.load(std::memory_order_relaxed)) return;
            made.again.push_back(id);
            note_above(id);
            auto done = detail::SoftEdit::change_coarser(
                volume_, id, detail::finer_picks(id, picks_of), *scratch);
            if (!done) continue;
            made.picks.push_back(done->picks);
            add(made, std::move(done->brick));
        }
        merge_changes(made);
    }
}

void BigEdit::forget(BrickId brick) noexcept {
    picks_.erase(brick);
    const auto known = index_.find(brick);
    if (known == index_.end()) return;
    const std::size_t i = known->second;
    report_.volume -= total(volumes_[i]);
    subtract(report_.materials, volumes_[i]);
    index_.erase(known);
    if (i + 1 < bricks_.size()) {
        bricks_[i] = std::move(bricks_.back());
        volumes_[i] = std::move(volumes_.back());
        hashes_[i] = hashes_.back();
        index_.find(bricks_[i].id)->second = i;
    }
    bricks_.pop_back();
    volumes_.pop_back();
    hashes_.pop_back();
}

void BigEdit::note_edited(std::span<const BrickId> bricks) noexcept {
    try {
        for (const BrickId id : bricks) {
            if (plan_.soft_ != nullptr) {
                note_edited_softly(id);
                continue;
            }
            if (const auto* brush = plan_.brushes_[static_cast<std::size_t>(id.level)].get();
                brush != nullptr && brush->reach(id) != detail::LevelBrush::Reach::None)
                edited_.push_back(id);
        }
    } catch (...) {
        lost_count_ = true;
    }
}

// A sample that is moved softly has looked at its neighbours, which may lie in the brick beside its own.
void BigEdit::note_edited_softly(BrickId brick) {
    const std::int32_t beside = brick.level == 0 ? 1 : 0;
    for (std::int32_t z = -beside; z <= beside; ++z)
        for (std::int32_t y = -beside; y <= beside; ++y)
            for (std::int32_t x = -beside; x <= beside; ++x)
                if (const BrickId id{brick.at + Vec3i{x, y, z}, brick.level};
                    plan_.soft_->reaches(id))
                    edited_.push_back(id);
}

BigEdit::State BigEdit::advance(Clock::time_point deadline) {
    NEBULA_ASSERT(volume_.is_owner_thread(), "a big edit belongs to the volume's owner thread");
    if (pool_.thread_count() == 0)
        for (bool first = true;
             !merged_.load(std::memory_order_relaxed) && (first || Clock::now() < deadline);
             first = false) {
            const std::size_t i = next_.fetch_add(1, std::memory_order_relaxed);
            run_slice(slices_[i]);
            if (left_.fetch_sub(1, std::memory_order_relaxed) == 1) {
                merge();
                merged_.store(true, std::memory_order_relaxed);
            }
        }
    if (!merged_.load(std::memory_order_acquire)) return State::Working;
    pin_.reset();  // from here on, only this thread looks at bricks, until another round begins
    if (lost_count_ && !error_)
        error_ = VoxelError{VoxelError::Kind::OutOfMemory, "there is not enough memory"};
    if (error_) return State::Failed;
    if (cancelled_.load(std::memory_order_relaxed)) return State::Cancelled;
    // Whoever edits here in every frame would put it off for ever, so the limit grows.
    if (edited_.size() <= kMostRedoneHere << std::min(rounds_, kMostGrowth)) return State::Ready;
    ++rounds_;
    try {
        redo_edited(std::exchange(edited_, {}));
        begin_round();
    } catch (...) {
        auto error = error_of_current_exception();
        cancel();
        tasks_.wait();  // runners that were spawned may have merged
        error_ = std::move(error);
        merged_.store(true, std::memory_order_relaxed);  // no runner is left to do it
        return State::Failed;
    }
    return State::Working;
}

void BigEdit::redo_edited(std::vector<BrickId> bricks) {
    tasks_.wait();  // the last round's runners may still be on their way out of run()
    slices_.clear();
    std::sort(bricks.begin(), bricks.end());
    bricks.erase(std::unique(bricks.begin(), bricks.end()), bricks.end());
    for (std::size_t i = 0; i < bricks.size(); i += kRedonePerSlice) {
        const auto first = bricks.begin() + static_cast<std::ptrdiff_t>(i);
        const auto count = std::min(kRedonePerSlice, bricks.size() - i);
        slices_.emplace_back().again.assign(first, first + static_cast<std::ptrdiff_t>(count));
    }
}

tl::expected<PreparedEdit, VoxelError> BigEdit::prepare() {
    const auto cancelled = [] {
        return tl::unexpected(
            VoxelError{VoxelError::Kind::Cancelled, "the edit in the background was cancelled"});
    };
    const State state = advance(Clock::time_point::min());
    if (state == State::Working)
        return tl::unexpected(
            VoxelError{VoxelError::Kind::NotReady,
                       "the edit in the background is not worked out yet; try it again later"});
    if (error_) return tl::unexpected(*error_);
    if (state == State::Cancelled) return cancelled();
    try {
        if (!edited_.empty()) {
            redo_edited(std::exchange(edited_, {}));
            for (Slice& slice : slices_) run_slice(slice);
            merge();
            if (error_) return tl::unexpected(*error_);
            // Since it was cancelled, bricks have been left out.
            if (cancelled_.load(std::memory_order_relaxed)) return cancelled();
        }
        PreparedEdit prepared;
        report_.bricks.clear();
        report_.bricks.reserve(bricks_.size());
        for (const EditedBrick& brick : bricks_) report_.bricks.push_back(brick.id);
        for (Level level = 0; level < kLevels; ++level)
            if (const auto* brush = plan_.brushes_[static_cast<std::size_t>(level)].get())
                report_.reach[static_cast<std::size_t>(level)] =
                    intersection(report_.reach[static_cast<std::size_t>(level)], brush->box());
        prepared.bricks = volume_.prepare(std::move(bricks_));
        prepared.report = std::move(report_);
        prepared.hashes = std::move(hashes_);
        // Whoever calls again finds nothing.
        error_ =
            VoxelError{VoxelError::Kind::Cancelled, "the edit in the background was already made"};
        return prepared;
    } catch (...) {
        error_ = error_of_current_exception();
        return tl::unexpected(*error_);
    }
}

}  // namespace nebula::voxel
