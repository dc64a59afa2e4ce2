// SPDX-License-Identifier: MIT
// An island on its way out of the ground: workers get all of it ready, and then it goes at once.
#pragma once

#include "nebula/base/clock.hpp"
#include "nebula/threading/task_group.hpp"
#include "nebula/voxel/edit/big_edit.hpp"
#include "nebula/voxel/field/volume.hpp"
#include "nebula/voxel/space/ids.hpp"
#include "nebula/voxel/space/vec.hpp"
#include "nebula/voxel/space/voxel_error.hpp"
#include "nebula/voxel/world/loose_part.hpp"

#include <tl/expected.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace nebula {
class WorkerPool;
}

namespace nebula::voxel {

struct DetachmentSettings {
    std::int32_t largest = kUsualIslandSize;  ///< As part_at().
    BodySettings body{};
    std::uint32_t user = 0;    ///< Of the operation that removes the ground.
    std::uint32_t stroke = 0;  ///< The same.
};

/// Takes an island out of the world without a long call: README, "Islands that come off". World::detach()
/// makes one.
///
/// Edits that others make meanwhile are not lost: if one of them reaches what was looked at, all of it is
/// looked at again. So what goes is what hangs on nothing at the moment when it goes.
///
/// Threads:   owner thread of the volume.
/// Cost:      advance: some microseconds; a few hundred where the removal begins. On a pool without workers, all of the work.
/// Lifetime:  the destructor waits for the step that a worker has begun.
class Detachment {
public:
    enum class State {
        Working,
        Ready,   ///< World::finish() can be called, now.
        Gone,    ///< There is no such island any more. Nothing changes.
        Failed,  ///< Nothing changes; error() says why.
    };

    Detachment(WorkerPool& pool, Volume& volume, Vec3i sample, const DetachmentSettings& settings);
    ~Detachment();
    Detachment(const Detachment&) = delete;
    Detachment& operator=(const Detachment&) = delete;

    /// Once a frame. \param deadline  as BigEdit::advance().
    State advance(Clock::time_point deadline);
    /// Raised each time that it begins anew: what was made of part() before is worthless.
    [[nodiscard]] std::uint32_t round() const noexcept { return round_; }
    /// Null until it is known.
    [[nodiscard]] const LoosePart* part() const noexcept;
    [[nodiscard]] const VoxelError& error() const noexcept { return error_; }

    /// Somebody has published these bricks, with changed samples of level 0 in `reach`.
    void note_edited(std::span<const BrickId> bricks, const Box3i& reach) noexcept;
    /// What removes the ground; null until part() is known, and after an edit that reached it.
    [[nodiscard]] BigEdit* removal() noexcept;

private:
    void begin_round();
    void work() noexcept;
    /// Whether an edit there makes what was worked out worthless.
    [[nodiscard]] bool is_reached_by(const Box3i& reach) const noexcept;
    State fail(VoxelError error) noexcept;

    WorkerPool& pool_;
    Volume& volume_;
    const Vec3i sample_;
    const DetachmentSettings settings_;
    std::uint32_t round_ = 0;

    // Of the worker until done_, then of the owner thread.
    std::optional<LoosePart> part_;
    std::optional<BigEdit::Plan> plan_;
    std::optional<VoxelError> trouble_;
    // Set by the worker (release) after its last look at the above; acquired in advance().
    std::atomic<bool> done_{false};
    std::atomic<bool> cancelled_{false};  // publishes nothing

    bool known_ = false;         // done_ was seen in this round
    std::vector<Box3i> edited_;  // by others in this round, until it is known
    bool lost_count_ = false;    // there was no memory to note them
    bool outdated_ = false;      // since it is known
    State state_ = State::Working;
    VoxelError error_;
    std::unique_ptr<BigEdit> edit_;  // null until it is known
    TaskGroup tasks_;                // the last member: ends first
};

}  // namespace nebula::voxel
