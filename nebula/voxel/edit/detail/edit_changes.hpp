// SPDX-License-Identifier: MIT
// The bricks of an edit that is being worked out, and what is told of them.
#pragma once

#include "nebula/voxel/edit/detail/changed_samples.hpp"
#include "nebula/voxel/edit/detail/level_brush.hpp"
#include "nebula/voxel/edit/edit.hpp"
#include "nebula/voxel/field/volume.hpp"

#include <memory>
#include <optional>
#include <vector>

namespace nebula::voxel::detail {

[[nodiscard]] GroundVolume volume_between(const Brick& before, const Brick& after) noexcept;

/// What a brick has become.
struct BrickChange {
    BrickId id;
    BrickPtr samples;
    ChangedSamples changed;
    GroundVolume volume;
};

/// Memory that change_brick() uses again. One per thread.
struct BrickScratch {
    std::unique_ptr<Brick> copy;
    Brick before;
};

/// The brick's samples as they are: those that exist, or those of the generator.
void read_brick(const Volume& volume, BrickId id, Brick& out);

/// Applies a brush to one brick; nothing if no sample changes.
///
/// Threads:   any thread with a pin.
/// Throws:    what the generator throws, and std::bad_alloc.
[[nodiscard]] std::optional<BrickChange> change_brick(const Volume& volume, const LevelBrush& brush,
                                                      Mode mode, BrickId id, BrickScratch& scratch);

struct EditChanges {
    std::vector<EditedBrick> bricks;
    EditReport report;

    /// \throws std::bad_alloc.
    void add(BrickChange change);
    /// Sorts the report's chunks; after the last brick.
    void finish();
};

/// A soft operation, on all levels. \throws what the generator throws, and std::bad_alloc.
void make_soft_changes(const Volume& volume, const Operation& operation, EditChanges& changes);

}  // namespace nebula::voxel::detail
