// SPDX-License-Identifier: MIT
// The materials of a brick that an edit changes.
#pragma once

#include "nebula/voxel/edit/ground_volume.hpp"
#include "nebula/voxel/field/brick.hpp"
#include "nebula/voxel/field/generator.hpp"
#include "nebula/voxel/space/ids.hpp"

#include <array>
#include <optional>

namespace nebula::voxel::detail {

/// What the generator says of one brick. It is asked when somebody wants to know, and once.
///
/// Throws:    what the generator throws.
class GeneratedMaterials {
public:
    using Array = PlacedMaterials::Array;

    /// From now on, of this brick.
    void begin(const Generator& generator, BrickId brick) noexcept {
        generator_ = &generator;
        brick_ = brick;
        asked_ = false;
        filled_ = false;
    }
    /// The material of all points, if that is proven.
    [[nodiscard]] std::optional<Material> one();
    /// Of every point.
    [[nodiscard]] const Array& all();

private:
    const Generator* generator_ = nullptr;
    BrickId brick_;
    bool asked_ = false;
    bool filled_ = false;
    std::optional<Material> one_;
    Array all_;
};

/// Of every point: placed, or else generated.
void read_materials(const Brick& brick, GeneratedMaterials& generated, PlacedMaterials::Array& out);

/// The form in which a brick keeps its materials: the same for the same samples, materials and generator.
/// \param materials  of the points in the ground; others do not matter.
/// \throws std::bad_alloc, and what the generator throws.
[[nodiscard]] PlacedMaterials placed_of(const std::array<Sample, kBrickSamples>& samples,
                                        const PlacedMaterials::Array& materials,
                                        GeneratedMaterials& generated);

/// What changed between two bricks, each with the materials of all of its points.
/// \throws std::bad_alloc.
[[nodiscard]] MaterialVolumes volumes_between(const Brick& before,
                                              const PlacedMaterials::Array& materials_before,
                                              const Brick& after,
                                              const PlacedMaterials::Array& materials_after);

[[nodiscard]] GroundVolume volume_between(const Brick& before, const Brick& after) noexcept;

}  // namespace nebula::voxel::detail
