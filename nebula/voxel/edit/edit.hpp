// SPDX-License-Identifier: MIT
// Makes operations: works them out on every level, then publishes them as a whole.
#pragma once

#include "nebula/voxel/edit/ground_volume.hpp"
#include "nebula/voxel/edit/operation.hpp"
#include "nebula/voxel/field/volume.hpp"
#include "nebula/voxel/space/ids.hpp"
#include "nebula/voxel/space/voxel_error.hpp"

#include <tl/expected.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace nebula::voxel {

/// A sphere or an ellipsoid, hard: the most frequent operation, in few words.
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
[[nodiscard]] Operation operation_of(const SphereEdit& edit);

struct EditReport {
    std::vector<BrickId> bricks;  ///< Bricks that changed, on all levels.
    /// Chunks whose block has a changed point, sorted: exactly these, not a bounding box.
    std::vector<ChunkId> chunks;
    /// Per level: a box that contains every changed point; empty if there is none.
    std::array<Box3i, kLevels> reach;
    GroundVolume volume;
    MaterialVolumes materials;  ///< The same by material.
};

/// How many objects an edit frees at most that others have replaced before it. It replaces about 500
/// itself; bricks that unloading retired are freed elsewhere.
inline constexpr std::size_t kCollectedPerEdit = 1024;

/// hash_of() a brick as the edit finds and as it leaves it.
struct BrickHashes {
    std::uint64_t before = 0;  ///< 0: there was none.
    std::uint64_t after = 0;
};

/// An edit that is worked out, and that nobody can see yet.
struct PreparedEdit {
    EditReport report;
    Volume::Prepared bricks;
    /// In the order of the report's bricks, if somebody has worked them out.
    std::vector<BrickHashes> hashes;
};

/// Works out the edit on every level of detail. A hard operation is applied to each level's own
/// samples, in that level's unit: a crater stays round at any distance. A soft one is worked out on
/// the finest level and picked down (README, "Soft operations"). Levels on which a shape is smaller
/// than half a voxel and contains no point are left out.
///
/// Clones the touched bricks and changes the clones. Bricks that do not exist yet are generated,
/// whether that part of the world is loaded or not. The volume does not change; whatever can fail has
/// been done. An edit that changes no sample reports empty lists.
///
/// No hard edit changes a sample that is more than 4 voxels of its level away from the shape.
///
/// Threads:   owner thread of the volume.
/// Cost:      some 20 microseconds per changed brick; radius 4 changes at most 8.
/// Errors:    NotFinite, OutOfRange, OutsideWorld, BadData (see check(), which gets `most_reach`),
///            GeneratorFailed, OutOfMemory.
[[nodiscard]] tl::expected<PreparedEdit, VoxelError> prepare(Volume& volume,
                                                             const Operation& operation,
                                                             float most_reach = kMaxEditRadius);
[[nodiscard]] tl::expected<PreparedEdit, VoxelError> prepare(Volume& volume,
                                                             const SphereEdit& edit);

/// Makes the edit: from now on, readers find it. Nothing else may have been published in the volume
/// since it was prepared.
///
/// Threads:   owner thread of the volume.
/// Cost:      a look-up and an exchange per changed brick.
EditReport publish(Volume& volume, PreparedEdit edit) noexcept;

/// Both. If there is an error, the volume is unchanged.
[[nodiscard]] tl::expected<EditReport, VoxelError> apply(Volume& volume,
                                                         const Operation& operation);
[[nodiscard]] tl::expected<EditReport, VoxelError> apply(Volume& volume, const SphereEdit& edit);

}  // namespace nebula::voxel
