// SPDX-License-Identifier: MIT
// One change of the world, as data: what World::apply makes, and what a journal or a network carries.
#pragma once

#include "nebula/voxel/edit/shapes.hpp"
#include "nebula/voxel/field/material.hpp"
#include "nebula/voxel/field/material_set.hpp"
#include "nebula/voxel/space/vec.hpp"
#include "nebula/voxel/space/voxel_error.hpp"

#include <tl/expected.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace nebula::voxel {

/// New modes go to the end: records store the number.
enum class Mode : std::uint8_t {
    Dig,      ///< Leaves air in the shape.
    Add,      ///< Leaves ground in the shape.
    Paste,    ///< StampShape only: inside the grid's box, the ground becomes what the grid says.
    Grow,     ///< Moves the surface outwards.
    Shrink,   ///< Moves the surface inwards.
    Smooth,   ///< Moves the surface towards the mean of its surroundings.
    Flatten,  ///< Moves the surface towards `target`.
    Paint,    ///< Makes the ground in the shape be of `material`; air stays as it is.
};

/// The ground is wanted below it, on the side from which the normal points away.
struct Plane {
    Vec3f point{};
    Vec3f normal{0.0F, 1.0F, 0.0F};  ///< Its length does not matter, except that it must not be 0.

    friend bool operator==(const Plane&, const Plane&) = default;
};

/// In voxels: the largest half edge of the box around a shape that is made in one call. At a radius
/// of 64, an edit changes about 500 bricks on the owner thread (about 10 ms).
inline constexpr float kMaxEditRadius = 64.0F;
/// The same for those that workers make in the background (big_edit.hpp).
inline constexpr float kMaxBigEditRadius = 512.0F;
/// The smallest share of the radius along an axis. Flatter ellipsoids are refused.
inline constexpr float kMinEditProportion = 0.001F;
/// In voxels: the widest falloff.
inline constexpr float kMostFalloff = 512.0F;

/// How much of an operation's strength ground of a material resists: from 0, all of it goes, to 1, which
/// nothing takes away.
struct MaterialHardness {
    Material material = 0;
    float hardness = 0.0F;  ///< [0, 1].

    friend bool operator==(const MaterialHardness&, const MaterialHardness&) = default;
};

/// A dig or an addition is *hard* if its strength is 1 and its falloff 0: it is done at once. All
/// others are *soft*: at a point of the shape, one operation moves the surface by at most
/// `strength * weight` voxels, where the weight rises from 0 on the shape's surface to 1 at the depth
/// `falloff`, and never beyond what the hard operation would leave.
///
/// What becomes ground by an addition or a paste is of `material`; by Grow, Smooth and Flatten, of that of
/// the ground beside it. Other ground keeps its material, except that Paint changes it; and a paste of a grid
/// with materials makes all ground in its box of these. What becomes air forgets it, and has the generator's.
struct Operation {
    Mode mode = Mode::Dig;
    Shape shape{};
    float strength = 1.0F;  ///< (0, 1].
    float falloff = 0.0F;   ///< In voxels, [0, kMostFalloff].
    Plane target{};         ///< Flatten only.
    Material material =
        0;  ///< Add, Paint, and Paste of a grid without materials: below kMaterials.
    /// Points of other materials stay as they are. In the air, a point counts as what it would become by
    /// Grow, Smooth and Flatten, and else as what the generator says.
    MaterialSet only{};
    /// Dig, Shrink, Smooth and Flatten: ground of these materials feels only `strength * (1 - hardness)`.
    /// In the order of the materials, each at most once. If a hardness lies between 0 and 1, the whole
    /// operation is worked out like a soft one; where ground has no hardness, it is still done at once.
    std::vector<MaterialHardness> hardness{};
    /// Whose it is: each user has an undo history of their own.
    std::uint32_t user = 0;
    /// Consecutive operations of a user with the same number are undone together; 0: alone.
    std::uint32_t stroke = 0;

    friend bool operator==(const Operation&, const Operation&) = default;
};

/// Whether `hardness` counts.
[[nodiscard]] constexpr bool meets_hardness(Mode mode) noexcept {
    return mode == Mode::Dig || mode == Mode::Shrink || mode == Mode::Smooth ||
           mode == Mode::Flatten;
}
[[nodiscard]] bool is_soft(const Operation& operation) noexcept;

/// Why the operation cannot be made, or nothing. `most_reach` is the largest half edge of its box.
[[nodiscard]] std::optional<VoxelError> check(const Operation& operation,
                                              float most_reach = kMaxEditRadius);

/// Appends the operation's record. Two machines that read it make equal bricks: floats are stored as
/// their bits, and an edit computes with sums, products, quotients and square roots alone, in one order.
/// \throws std::bad_alloc.
void serialise(const Operation& operation, std::vector<std::byte>& out);

/// Reads a record, which may come from anywhere: whatever the bytes are, the result is an operation that
/// check() accepts (up to kMaxBigEditRadius), or an error.
///
/// Errors:    BadData: cut off, of an unknown version, or more than one record; those of check();
///            OutOfMemory.
[[nodiscard]] tl::expected<Operation, VoxelError> parse(std::span<const std::byte> record);

/// Equal for equal operations, on every machine.
/// \throws std::bad_alloc.
[[nodiscard]] std::uint64_t hash_of(const Operation& operation);

}  // namespace nebula::voxel
