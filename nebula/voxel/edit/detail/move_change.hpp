// SPDX-License-Identifier: MIT
// A change of a brick, made once more where others have changed other samples.
#pragma once

#include "nebula/voxel/edit/detail/brick_materials.hpp"
#include "nebula/voxel/field/brick.hpp"
#include "nebula/voxel/field/generator.hpp"
#include "nebula/voxel/space/ids.hpp"

#include <array>
#include <memory>
#include <optional>

namespace nebula::voxel::detail {

/// Threads:   one at a time.
/// Cost:      some microseconds a brick; tens, if the generator has to fill it or somebody placed materials.
class ChangeMover {
public:
    explicit ChangeMover(const Generator& generator) : generator_(generator) {}

    /// `onto` with the samples, and their materials, that differ between `from` and `to`, as they are in
    /// `to`. Nothing if one of those is not in `onto` as it is in `from`. Null bricks are pristine.
    /// \throws std::bad_alloc, and what the generator throws.
    [[nodiscard]] std::optional<BrickPtr> move(BrickId id, const Brick* from, const Brick* to,
                                               const Brick* onto);

private:
    struct Scratch {
        Brick pristine;
        std::array<PlacedMaterials::Array, 3> materials;
        GeneratedMaterials generated;
    };

    const Generator& generator_;
    std::unique_ptr<Scratch> scratch_;  // most users need none
};

}  // namespace nebula::voxel::detail
