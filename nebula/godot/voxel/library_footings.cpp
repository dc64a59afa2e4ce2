// SPDX-License-Identifier: MIT
#include "nebula/godot/voxel/library_footings.hpp"

#include "nebula/voxel/field/material.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace nebula::godot {

void LibraryFootings::follow(const Ref<VoxelMaterialLibrary>& library) {
    // Before the materials are read: what changes meanwhile is seen the next time.
    const std::uint64_t revision = library ? library->physics_revision() : 0;
    if (library == library_ && revision == revision_) return;
    voxel::Footings footings;
    std::vector<Known> known;
    const auto materials =
        library ? library->physics_materials() : std::vector<Ref<PhysicsMaterial>>();
    for (std::size_t i = 0; i < materials.size(); ++i) {
        if (!materials[i]) continue;
        auto shared = std::ranges::find(known, materials[i], &Known::material);
        if (shared == known.end())
            shared = known.insert(shared, {static_cast<voxel::Footing>(i + 1), materials[i]});
        footings.set(static_cast<voxel::Material>(i), shared->footing);
    }
    library_ = library;
    revision_ = revision;
    footings_ = footings;
    known_ = std::move(known);
}

void LibraryFootings::write_grips(std::vector<Grip>& grips) const {
    grips.resize(1 + (known_.empty() ? std::size_t{0} : std::size_t{known_.back().footing}),
                 grips.front());
    std::fill(grips.begin() + 1, grips.end(), grips.front());
    for (const auto& [footing, material] : known_) grips[footing] = grip_of(material);
}

}  // namespace nebula::godot
