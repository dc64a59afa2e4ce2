// SPDX-License-Identifier: MIT
// Operations that change samples.
#pragma once

#include "nebula/voxel/field/volume.hpp"
#include "nebula/voxel/space/ids.hpp"
#include "nebula/voxel/space/voxel_error.hpp"

#include <tl/expected.hpp>

#include <array>
#include <vector>

namespace nebula::voxel {

/// In voxels. Larger spheres are refused: at this radius an edit already changes about 500 bricks on
/// the owner thread (about 10 ms; an ellipsoid takes twice as long).
inline constexpr float kMaxEditRadius = 64.0F;
/// The smallest share of the radius along an axis. Flatter ellipsoids are refused.
inline constexpr float kMinEditProportion = 0.001F;

struct SphereEdit {
    enum class Kind {
        Dig,  ///< Leaves air: max(d, r - |p - c|).
        Add,  ///< Leaves ground: min(d, |p - c| - r).
    };
    Kind kind = Kind::Dig;
    Vec3f centre;         ///< In voxels.
    float radius = 1.0F;  ///< In voxels, (0, kMaxEditRadius].
    /// How far the shape reaches along each axis, as a share of `radius`: [kMinEditProportion, 1].
    /// The default is a sphere. If the node is scaled unevenly, voxels are not cubes, and a sphere
    /// in metres is an ellipsoid in voxels.
    Vec3f proportions{1.0F, 1.0F, 1.0F};
};

struct EditReport {
    std::vector<BrickId> bricks;  ///< Bricks with changed samples, on all levels.
    /// Chunks whose mesh reads a changed sample, sorted: exactly these, not a bounding box.
    std::vector<ChunkId> chunks;
    /// Per level: a box that contains every changed sample; empty if there is none.
    std::array<Box3i, kLevels> reach;
};

/// An edit that is worked out, and that nobody can see yet.
struct PreparedEdit {
    EditReport report;
    Volume::Prepared bricks;
};

/// Works out the edit on every level of detail, in that level's own unit: a crater stays round at any
/// distance. Levels on which it is smaller than half a voxel and contains no point are left out.
///
/// Clones the touched bricks and changes the clones. Bricks that do not exist yet are generated,
/// whether that part of the world is loaded or not. The volume does not change; whatever can fail has
/// been done. An edit that changes no sample reports empty lists.
///
/// An ellipsoid changes no sample that is more than 4 voxels away from it, as a sphere does not. So
/// it never changes more bricks than the sphere of the same radius.
///
/// Threads:   owner thread of the volume.
/// Cost:      some 20 microseconds per changed brick; radius 4 changes at most 8.
/// Errors:    NotFinite, OutOfRange (radius, proportions), OutsideWorld (centre), GeneratorFailed,
///            OutOfMemory.
[[nodiscard]] tl::expected<PreparedEdit, VoxelError> prepare(Volume& volume,
                                                             const SphereEdit& edit);

/// Makes the edit: from now on, readers find it. Nothing else may have been published in the volume
/// since it was prepared.
///
/// Threads:   owner thread of the volume.
/// Cost:      a look-up and an exchange per changed brick.
EditReport publish(Volume& volume, PreparedEdit edit) noexcept;

/// Both. If there is an error, the volume is unchanged.
[[nodiscard]] tl::expected<EditReport, VoxelError> apply(Volume& volume, const SphereEdit& edit);

}  // namespace nebula::voxel
