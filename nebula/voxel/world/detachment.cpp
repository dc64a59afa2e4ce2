// SPDX-License-Identifier: MIT
#include "nebula/voxel/world/detachment.hpp"

#include "nebula/base/assert.hpp"
#include "nebula/base/yield_point.hpp"
#include "nebula/threading/worker_pool.hpp"
#include "nebula/voxel/edit/removal.hpp"

#include <algorithm>
#include <optional>
#include <span>
#include <utility>

namespace nebula::voxel {

Detachment::Detachment(WorkerPool& pool, Volume& volume, Vec3i sample,
                       const DetachmentSettings& settings)
    : pool_(pool),
      volume_(volume),
      sample_(sample),
      settings_(settings),
      tasks_(pool, Band::Normal) {
    NEBULA_ASSERT(volume.is_owner_thread(), "a detachment belongs to the volume's owner thread");
    begin_round();
}

Detachment::~Detachment() {
    cancelled_.store(true, std::memory_order_relaxed);
    tasks_.cancel();
    tasks_.wait();
}

void Detachment::begin_round() {
    tasks_.wait();  // the last round's worker may still be on its way out of work()
    edit_.reset();
    part_.reset();
    plan_.reset();
    trouble_.reset();
    edited_.clear();
    known_ = lost_count_ = outdated_ = false;
    done_.store(false, std::memory_order_relaxed);
    ++round_;
    tasks_.spawn([this] { work(); }, "island");
}

void Detachment::work() noexcept {
    try {
        const EpochDomain::Pin pin = volume_.epochs().pin();
        auto part = loose_part_at(volume_, sample_, settings_.largest, settings_.body);
        if (!part) {
            trouble_ = std::move(part.error());
        } else if (part->has_value() && !cancelled_.load(std::memory_order_relaxed)) {
            part_ = std::move(*part);
            auto removal = removal_of(volume_, part_->part);
            if (removal) {
                removal->user = settings_.user;
                removal->stroke = settings_.stroke;
                auto plan = BigEdit::plan(std::move(*removal));
                if (plan)
                    plan_ = std::move(*plan);
                else
                    trouble_ = std::move(plan.error());
            } else {
                trouble_ = std::move(removal.error());
            }
        }
    } catch (...) {
        trouble_ = error_of_current_exception();
    }
    NEBULA_YIELD_POINT();
    done_.store(true, std::memory_order_release);
}

const LoosePart* Detachment::part() const noexcept { return known_ && part_ ? &*part_ : nullptr; }

void Detachment::note_edited(std::span<const BrickId> bricks, const Box3i& reach) noexcept {
    if (edit_) edit_->note_edited(bricks);
    if (known_) {
        outdated_ = outdated_ || is_reached_by(reach);
        return;
    }
    try {
        edited_.push_back(reach);
    } catch (...) {
        lost_count_ = true;
    }
}

// If there is no island, it does not matter: what an edit cuts off, the search tells again.
bool Detachment::is_reached_by(const Box3i& reach) const noexcept {
    return part_ && !intersection(removal_box(part_->part.box), reach).empty();
}

BigEdit* Detachment::removal() noexcept {
    return state_ == State::Working && edit_ != nullptr && !outdated_ ? edit_.get() : nullptr;
}

Detachment::State Detachment::fail(VoxelError error) noexcept {
    error_ = std::move(error);
    return state_ = State::Failed;
}

Detachment::State Detachment::advance(Clock::time_point deadline) {
    NEBULA_ASSERT(volume_.is_owner_thread(), "a detachment belongs to the volume's owner thread");
    if (state_ == State::Gone || state_ == State::Failed) return state_;
    try {
        if (!known_) {
            if (!done_.load(std::memory_order_acquire)) return State::Working;
            known_ = true;
            outdated_ = lost_count_ || std::ranges::any_of(edited_, [this](const Box3i& reach) {
                            return is_reached_by(reach);
                        });
            edited_.clear();
        }
        if (outdated_) {
            begin_round();
            return State::Working;
        }
        if (trouble_) return fail(std::move(*trouble_));
        if (!part_) return state_ = State::Gone;
        if (!edit_) {
            auto edit = BigEdit::start(pool_, volume_, *std::exchange(plan_, std::nullopt));
            if (!edit) return fail(std::move(edit.error()));
            edit_ = std::move(*edit);
        }
    } catch (...) {
        return fail(error_of_current_exception());
    }
    switch (edit_->advance(deadline)) {
        case BigEdit::State::Working:
            return State::Working;
        case BigEdit::State::Ready:
            return State::Ready;
        default:
            break;
    }
    const auto why = edit_->prepare();
    return fail(why ? VoxelError{} : why.error());
}

}  // namespace nebula::voxel
