// SPDX-License-Identifier: MIT
// A hard operation on the lattice of one level.
#pragma once

#include "nebula/voxel/edit/detail/changed_samples.hpp"
#include "nebula/voxel/edit/operation.hpp"
#include "nebula/voxel/field/brick.hpp"
#include "nebula/voxel/field/generator.hpp"
#include "nebula/voxel/space/ids.hpp"

#include <array>
#include <memory>

namespace nebula::voxel::detail {

/// How far beyond a surface, in voxels of a level, samples differ from kSampleMin or kSampleMax.
inline constexpr double kReach =
    static_cast<double>(kSampleMax) / static_cast<double>(kSampleUnitsPerVoxel);

/// What is done to a sample depends on that sample and on its point alone.
///
/// Threads:   any thread, many at once.
class LevelBrush {
public:
    enum class Reach {
        None,  ///< Changes no sample of the brick.
        Part,
        Whole,  ///< Leaves whole() in every sample of the brick.
    };

    explicit LevelBrush(Level level) : level_(level) {}
    LevelBrush(const LevelBrush&) = delete;
    LevelBrush& operator=(const LevelBrush&) = delete;
    virtual ~LevelBrush() = default;

    [[nodiscard]] Level level() const { return level_; }
    /// Every sample that it may change is in here.
    [[nodiscard]] const Box3i& box() const { return box_; }

    /// Whether the level is too coarse to show the edit: no point lies in it, so no sign changes
    /// and levels keep agreeing. It would only shift a few distances by less than half a voxel.
    [[nodiscard]] virtual bool is_too_small() const = 0;
    [[nodiscard]] virtual Reach reach(BrickId brick) const = 0;
    /// The brick's samples are those before, and are changed.
    virtual void paint(BrickId id, Brick& brick, ChangedSamples& changed) const = 0;

    /// Whether it says what the ground that it leaves is made of, point by point.
    [[nodiscard]] virtual bool has_materials() const { return false; }
    /// Only if it does: for each point of the brick, kNotPlaced where it leaves no ground.
    virtual void read_materials(BrickId, PlacedMaterials::Array&) const {}

protected:
    Box3i box_;

private:
    Level level_;
};

/// `max(d, into)` to dig, `min(d, -into)` to add.
[[nodiscard]] std::unique_ptr<const LevelBrush> make_sphere_brush(const SphereShape& shape,
                                                                  bool dig, Level level);
/// By level; null: the level is left out, see is_too_small().
using LevelBrushes = std::array<std::unique_ptr<const LevelBrush>, kLevels>;
/// Those of a hard operation that has passed check(). Those of a paint dig: in solid ground, they leave air
/// where a point lies in the shape. \throws std::bad_alloc.
[[nodiscard]] LevelBrushes make_brushes(const Operation& operation);

/// What a dig leaves where it leaves nothing, or what an addition leaves in its depth.
[[nodiscard]] inline const Brick& whole_brick(Mode mode) {
    return mode == Mode::Dig ? kAirBrick : kSolidBrick;
}

}  // namespace nebula::voxel::detail
