// SPDX-License-Identifier: MIT
// The physics materials of a library as footings of the ground.
#pragma once

#include "nebula/godot/api/physics_material.hpp"
#include "nebula/godot/binding/ref.hpp"
#include "nebula/godot/voxel/ground_sink.hpp"
#include "nebula/godot/voxel/voxel_material_library.hpp"
#include "nebula/voxel/field/footing.hpp"

#include <cstdint>
#include <vector>

namespace nebula::godot {

/// A footing is 1 more than the lowest number of the materials that share its physics material. So it
/// stays the same when a material gets another one that nobody shares: the ground need not be divided
/// anew, and only has another grip.
///
/// Threads:   main thread.
class LibraryFootings {
public:
    /// Looks whether anything has changed. Null: no material has a footing.
    /// Cost: 1 ns per material if nothing has.
    void follow(const Ref<VoxelMaterialLibrary>& library);
    [[nodiscard]] const voxel::Footings& footings() const noexcept { return footings_; }
    /// Fills grips[1...] by footing, with the numbers of this moment. grips[0] is that of the terrain,
    /// and what materials without a physics material have.
    void write_grips(std::vector<Grip>& grips) const;

private:
    struct Known {
        voxel::Footing footing;
        Ref<PhysicsMaterial> material;
    };

    Ref<VoxelMaterialLibrary> library_;
    std::uint64_t revision_ = 0;
    voxel::Footings footings_;
    std::vector<Known> known_;  // by footing
};

}  // namespace nebula::godot
