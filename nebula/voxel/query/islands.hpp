// SPDX-License-Identifier: MIT
// Ground that hangs on nothing: found after edits, and cut out on request. README, "Islands".
#pragma once

#include "nebula/voxel/field/ground_part.hpp"
#include "nebula/voxel/query/detail/ground_walk.hpp"
#include "nebula/voxel/space/ids.hpp"
#include "nebula/voxel/space/vec.hpp"
#include "nebula/voxel/space/voxel_error.hpp"

#include <tl/expected.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <vector>

namespace nebula::voxel {

class Volume;

/// In voxels: the largest box of an island, along each axis. What is larger counts as held.
inline constexpr std::int32_t kMostIslandSize = 96;
inline constexpr std::int32_t kUsualIslandSize = 64;

/// Samples of ground on the finest level that are connected along the axes, all that are, and whose
/// box is not larger than the limit.
struct Island {
    Box3i box;
    Vec3i first;  ///< Its first sample in the order of x, y, z: a name while it is unchanged.
    std::int64_t samples = 0;

    friend bool operator==(const Island&, const Island&) = default;
};

/// Tells which islands lie where ground was removed. It works in steps of a few microseconds, so
/// that the owner thread decides how long it takes in a frame.
///
///     search.note_edited(report.bricks, report.reach[0], report.volume.removed > 0);
///     for (std::size_t i = 0; i < budget && search.pending(); ++i) search.advance(found);
///
/// **What it finds**: of each edit that removed ground, every island that has a sample in one of the
/// edit's bricks and in its reach, or next to such a sample along an axis, as the world is when it is
/// found. Later edits may change or attach it, so
/// before it is used, part_at() looks again.
///
/// Threads:   owner thread of the volume.
/// Cost:      a dig with a radius of 4 in hills: some 30 us. Whether something is an island takes no
///            more than the bricks of the largest one and those next to them.
/// Lifetime:  borrows the volume. Keeps memory for some 512 bricks (1 MB) once it was needed.
class IslandSearch {
public:
    explicit IslandSearch(const Volume& volume) : walk_(volume) {}

    /// The largest edge of an island's box, up to kMostIslandSize. 0, the default: nothing is
    /// searched, and what was noted is forgotten.
    /// \pre it is within [0, kMostIslandSize].
    void set_largest(std::int32_t voxels) noexcept;
    [[nodiscard]] std::int32_t largest() const noexcept { return largest_; }

    /// After every edit: its changed bricks of all levels, the box around its changed samples of
    /// level 0, and whether it removed any ground. Without memory, the next advance() says so.
    void note_edited(std::span<const BrickId> bricks, const Box3i& reach, bool removed) noexcept;

    [[nodiscard]] bool pending() const noexcept { return lost_ || !edits_.empty(); }
    /// One step; appends what it finds. An island is told once until nothing is pending.
    /// Errors: GeneratorFailed, OutOfMemory: what is around one changed brick was not searched.
    [[nodiscard]] tl::expected<void, VoxelError> advance(std::vector<Island>& found);

private:
    // Where ground may have lost its hold: at the changed bricks of level 0, as far as in `reach`.
    struct Edit {
        std::vector<Vec3i> bricks;
        Box3i reach;
    };
    void look_further(std::vector<Island>& found);
    void next_place() noexcept;
    [[nodiscard]] std::optional<detail::GroundWalk::Place> unfound_place();
    void note_island(std::vector<Island>& found);

    detail::GroundWalk walk_;
    std::int32_t largest_ = 0;
    std::deque<Edit> edits_;
    std::size_t brick_ = 0;  // of the first edit
    int side_ = 0;           // the brick itself, then the six next to it
    bool walking_ = false;
    bool lost_ = false;          // an edit for which there was no memory
    std::vector<Island> found_;  // those told since nothing was pending
};

/// The island that a sample belongs to, cut out of the world as it is now; nothing if the sample is
/// air, or if what it belongs to is larger than `largest`.
///
/// Threads:   owner thread of the volume; any thread that holds a pin: what was edited meanwhile in the
///            part's box and kMargin around it makes the part worthless.
/// Cost:      some 3 us per brick in the island's box, and 1 ns per sample.
/// Errors:    GeneratorFailed, OutOfMemory.
[[nodiscard]] tl::expected<std::optional<GroundPart>, VoxelError> part_at(
    const Volume& volume, Vec3i sample, std::int32_t largest = kUsualIslandSize);

}  // namespace nebula::voxel
