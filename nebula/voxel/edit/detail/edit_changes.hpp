// SPDX-License-Identifier: MIT
// The bricks of an edit that is being worked out, and what is told of them.
#pragma once

#include "nebula/voxel/edit/detail/brick_materials.hpp"
#include "nebula/voxel/edit/detail/changed_samples.hpp"
#include "nebula/voxel/edit/detail/level_brush.hpp"
#include "nebula/voxel/edit/detail/material_rules.hpp"
#include "nebula/voxel/edit/edit.hpp"
#include "nebula/voxel/field/volume.hpp"

#include <memory>
#include <optional>
#include <vector>

namespace nebula::voxel::detail {

/// What a brick has become.
struct BrickChange {
    BrickId id;
    BrickPtr samples;
    ChangedSamples changed;
    MaterialVolumes volumes;  // of the finest level
};

/// Memory that change_brick() uses again. One per thread.
struct BrickScratch {
    std::unique_ptr<Brick> copy;
    Brick before;
    GeneratedMaterials generated;
    PlacedMaterials::Array materials_before, materials_after;
};

/// The brick as it is: the one that exists, or what the generator makes.
void read_brick(const Volume& volume, BrickId id, Brick& out);

/// What changed on the finest level. \throws std::bad_alloc, and what the generator throws.
[[nodiscard]] MaterialVolumes volumes_of(const Brick& before, const Brick& after,
                                         BrickScratch& scratch);

/// Applies a brush to one brick; nothing if no point changes.
///
/// Threads:   any thread with a pin.
/// Throws:    what the generator throws, and std::bad_alloc.
[[nodiscard]] std::optional<BrickChange> change_brick(const Volume& volume, const LevelBrush& brush,
                                                      const MaterialRules& rules, BrickId id,
                                                      BrickScratch& scratch);

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
