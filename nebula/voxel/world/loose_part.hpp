// SPDX-License-Identifier: MIT
// An island, and all that makes a body of it.
#pragma once

#include "nebula/voxel/field/ground_part.hpp"
#include "nebula/voxel/field/volume.hpp"
#include "nebula/voxel/mesh/part_mesh.hpp"
#include "nebula/voxel/query/islands.hpp"
#include "nebula/voxel/space/vec.hpp"
#include "nebula/voxel/space/voxel_error.hpp"

#include <tl/expected.hpp>

#include <cstdint>
#include <optional>
#include <vector>

namespace nebula::voxel {

/// What a body shall be like.
struct BodySettings {
    Densities densities{};  ///< As mass_of().
    /// With less ground than this, in voxels, it becomes no body: it has no mesh and no hulls.
    double crumbs = 0.0;
    bool has_materials = false;         ///< Whether its mass and mesh depend on materials.
    std::int32_t hull_edge = kOneHull;  ///< As hulls_of().
};

/// Threads:   as a plain struct.
struct LoosePart {
    GroundPart part;
    PartMass mass;  ///< A crumb's is that of a density of 1.
    bool is_crumb = false;
    PartMesh mesh;
    std::vector<std::vector<Vec3f>> hulls;
};

/// As part_at(), and what follows from the part.
///
/// Threads:   as part_at().
/// Cost:      that of part_at(), mesh_part() and hulls_of().
/// Errors:    GeneratorFailed, ZeroSample, OutOfMemory.
[[nodiscard]] tl::expected<std::optional<LoosePart>, VoxelError> loose_part_at(
    const Volume& volume, Vec3i sample, std::int32_t largest, const BodySettings& settings);

}  // namespace nebula::voxel
