// SPDX-License-Identifier: MIT
// Describes the world before anyone digs in it.
#pragma once

#include "nebula/voxel/field/material.hpp"
#include "nebula/voxel/field/sample.hpp"
#include "nebula/voxel/space/ids.hpp"

#include <cstddef>
#include <optional>

namespace nebula::voxel {

/// Every sample of a region lies in [min, max].
struct Range {
    Sample min = kSampleMin;
    Sample max = kSampleMax;

    [[nodiscard]] constexpr bool all_air() const { return !is_inside(min); }
    [[nodiscard]] constexpr bool all_solid() const { return is_inside(max); }
    [[nodiscard]] constexpr bool uniform() const { return min == max; }
};

/// A pure function from points to distances, asked on the lattice of any level.
///
/// The value at a point must depend on the point and the level alone, never on the region in which
/// it is requested: a chunk and its neighbour request the points they share in different regions,
/// and must get the same bits, or a gap opens between them.
///
/// Two levels that share a point must give it the same sign. So compute the distance at
/// `to_level_0(point, level)` with the same arithmetic at every level, divide it by
/// `voxel_size(level)`, which is exact, and quantize that: quantize keeps the sign.
///
/// A material depends on the point alone, too: levels that share a point give it the same one, in the
/// air as well. A mask of an edit may ask for it, and then signs depend on it.
///
/// Threads:   every function: any thread, many at once.
/// Cost:      generate gets whole regions, up to 35^3 points, so that work per column or per octave
///            is done once.
/// Throws:    generate and generate_materials may throw; the chunk, edit or ray that needed it then fails with
///            GeneratorFailed.
class Generator {
public:
    Generator() = default;
    Generator(const Generator&) = delete;
    Generator& operator=(const Generator&) = delete;
    virtual ~Generator() = default;

    /// Writes the sample of each point of the region, in units of its level and never 0: the point
    /// `box.min + (x, y, z)` goes to `out[x + y * stride_y + z * stride_z]`.
    virtual void generate(const Region& region, Sample* out, std::ptrdiff_t stride_y,
                          std::ptrdiff_t stride_z) const = 0;

    /// Proves a region empty or solid without sampling it. The range may be wider than the truth,
    /// but never narrower; the default proves nothing. Must not throw.
    [[nodiscard]] virtual Range bounds(const Region& region) const noexcept;

    /// Writes the material of each point of the region, below kMaterials; the places are those of
    /// generate. Whoever overrides it overrides uniform_material, too. The default is 0 everywhere.
    virtual void generate_materials(const Region& region, Material* out, std::ptrdiff_t stride_y,
                                    std::ptrdiff_t stride_z) const;
    /// The material of all points of the region, if that can be proven. The default is 0: a world that
    /// says nothing about materials costs nothing. Must not throw.
    [[nodiscard]] virtual std::optional<Material> uniform_material(
        const Region& region) const noexcept;
};

}  // namespace nebula::voxel
