// SPDX-License-Identifier: MIT
// A connected piece of the ground, cut out of the world.
#pragma once

#include "nebula/voxel/field/material.hpp"
#include "nebula/voxel/field/sample.hpp"
#include "nebula/voxel/space/vec.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace nebula::voxel {

class Volume;

/// The samples of a part of the ground on the finest level, with the air around it and without any
/// other ground: its surface is the part's own.
///
/// Threads:   as a plain struct.
struct GroundPart {
    /// How many samples of air are stored beyond the box: the surface ends in the first, and normals
    /// read the second.
    static constexpr int kMargin = 2;

    Box3i box;                      ///< The smallest around the part's samples.
    std::vector<Sample> samples{};  ///< Of stored(); x fastest, then y, then z. Inside: the part.
    /// Of the points of `box`, in the same order; those of air do not matter. Empty until
    /// read_materials().
    std::vector<Material> materials{};

    [[nodiscard]] Box3i stored() const noexcept {
        const Vec3i margin{kMargin, kMargin, kMargin};
        return {box.min - margin, box.max + margin};
    }
    /// The place of a point of stored() in `samples`.
    [[nodiscard]] std::size_t index(Vec3i p) const noexcept {
        const Box3i all = stored();
        const Vec3i size = all.max - all.min;
        const Vec3i at = p - all.min;
        return static_cast<std::size_t>(at.x) +
               static_cast<std::size_t>(size.x) *
                   (static_cast<std::size_t>(at.y) +
                    static_cast<std::size_t>(size.y) * static_cast<std::size_t>(at.z));
    }
    /// Air beyond what is stored.
    [[nodiscard]] Sample at(Vec3i p) const noexcept {
        return stored().contains(p) ? samples[index(p)] : kSampleMax;
    }
    [[nodiscard]] bool has(Vec3i p) const noexcept { return box.contains(p) && is_inside(at(p)); }
};

/// Fills part.materials.
///
/// Threads:   any thread that holds a pin, or the owner thread; nothing was edited since the part was cut out.
/// Cost:      that of the generator's materials for the box, if it proves nothing.
/// Throws:    std::bad_alloc, and whatever the generator throws; the part has no materials then.
void read_materials(const Volume& volume, GroundPart& part);

/// The mass of a volume of 1, by material.
using Densities = std::array<double, kMaterials>;

/// What a body made of a part weighs, in voxels. A sample counts as its share of a voxel below the
/// surface, as in GroundVolume.
struct PartMass {
    double volume = 0.0;
    double mass = 0.0;               ///< The sum over its materials of volume times density.
    std::array<double, 3> centre{};  ///< Of mass, from `box.min`.
    /// The mean of the squared distance from the centre along x, y and z. A box of mass m with edges
    /// (a, b, c) has (a², b², c²) / 12; about the x axis, its inertia is m times the sum of the
    /// others.
    std::array<double, 3> spread{};
};

/// As if it had a density of 1 everywhere. Sums whole numbers, so the result has the same bits on every
/// machine. Cost: 1 ns per sample.
[[nodiscard]] PartMass mass_of(const GroundPart& part) noexcept;

/// The same with the densities of its materials; a part without materials is all of material 0. The thin
/// end of the surface, which lies in samples of air, is of the ground beside it. If nothing weighs
/// anything, centre and spread are those of the shape. Cost: four times that of one material.
///
/// \pre no density is negative, infinite or NaN.
[[nodiscard]] PartMass mass_of(const GroundPart& part, const Densities& densities) noexcept;

/// The material that makes up most of the volume, counted as above; of equals, the lowest number.
/// Cost: that of mass_of() with several materials.
[[nodiscard]] Material main_material_of(const GroundPart& part) noexcept;

}  // namespace nebula::voxel
