// SPDX-License-Identifier: MIT
// A part of the ground as a body that physics moves.
#pragma once

#include "nebula/godot/api/material.hpp"
#include "nebula/godot/api/physics_material.hpp"
#include "nebula/godot/api/rigid_body_3d.hpp"
#include "nebula/godot/binding/math.hpp"
#include "nebula/godot/binding/ref.hpp"
#include "nebula/godot/voxel/chunk_surface.hpp"
#include "nebula/voxel/space/voxel_error.hpp"
#include "nebula/voxel/world/loose_part.hpp"

#include <tl/expected.hpp>

#include <cstdint>

namespace nebula::godot {

class TerrainMaterials;

/// What does not follow from the part itself.
struct IslandLook {
    Transform3D place;  ///< Of the terrain, global.
    Ref<Material> material;
    TerrainMaterials* materials = nullptr;  ///< Of the terrain's library, if there is no material.
    /// By material, as vertices have them; null: the part's materials do not matter.
    const VertexColors* colors = nullptr;
    Ref<PhysicsMaterial> physics_material;
    std::uint32_t layer = 1;
    std::uint32_t mask = 1;
    double priority = 1.0;
    std::uint32_t visual_layers = 1;
    std::int64_t cast_shadow = 1;
};

/// A RigidBody3D with a MeshInstance3D and a CollisionShape3D for each convex piece. Its origin is the
/// centre of mass, its axes are those of the terrain, and it stands exactly where the part is. It is
/// hidden and frozen, and not in the tree; whoever calls this owns it.
///
/// Threads:   main thread.
/// \param loose  no crumb; its densities are in kilograms per cubic metre.
/// Cost:      in proportion to its vertices and hulls.
/// Errors:    OutOfMemory.
[[nodiscard]] tl::expected<RigidBody3D, voxel::VoxelError> make_island_body(
    const voxel::LoosePart& loose, const IslandLook& look);

}  // namespace nebula::godot
