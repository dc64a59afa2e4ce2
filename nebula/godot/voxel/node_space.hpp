// SPDX-License-Identifier: MIT
// Between the scene's global space, in metres, and the voxels of one terrain.
#pragma once

#include "nebula/godot/binding/math.hpp"
#include "nebula/voxel/space/vec.hpp"

#include <array>

namespace nebula::godot {

/// Converts what scripts pass and what they get back. Everything outside is global: positions,
/// directions, radii and distances. Everything inside is voxels of the terrain.
///
/// Threads:   any thread; it is a value.
/// Cost:      a few dozen operations, in double, so that a terrain far from the origin loses
///            nothing that the engine's floats still have.
class NodeSpace {
public:
    /// The node at the origin, without rotation or scale.
    NodeSpace() noexcept : NodeSpace(Transform3D{}) {}
    /// \pre problem_of(transform) is null.
    explicit NodeSpace(const Transform3D& transform) noexcept;

    /// Why a terrain cannot have this transform, as the end of a sentence; null when it can. Uneven
    /// and negative scale are fine.
    [[nodiscard]] static const char* problem_of(const Transform3D& transform) noexcept;

    [[nodiscard]] voxel::Vec3f to_voxels(const Vector3& global) const noexcept;
    [[nodiscard]] Vector3 to_global(voxel::Vec3f voxels) const noexcept;
    /// The smallest box around a box.
    [[nodiscard]] AABB to_global(const voxel::Aabb& voxels) const noexcept;
    [[nodiscard]] voxel::Aabb to_voxels(const AABB& global) const noexcept;
    /// Of unit length, whatever the length of the normal that comes in.
    [[nodiscard]] Vector3 normal_to_global(voxel::Vec3f normal) const noexcept;
    [[nodiscard]] voxel::Vec3f normal_to_voxels(const Vector3& normal) const noexcept;

    struct Direction {
        voxel::Vec3f voxels;  ///< Zero or not finite when the global one was.
        /// How many voxels one global metre along it is.
        double voxels_per_metre = 1.0;
    };
    [[nodiscard]] Direction direction_to_voxels(const Vector3& global) const noexcept;

    /// The edge of a voxel along each of the node's axes, in global metres.
    [[nodiscard]] const std::array<double, 3>& voxel_size() const noexcept { return voxel_size_; }
    [[nodiscard]] double smallest_voxel_size() const noexcept;

private:
    using Row = std::array<double, 3>;

    std::array<Row, 3> to_global_;
    std::array<Row, 3> to_voxels_;
    Row origin_;
    Row voxel_size_;
};

}  // namespace nebula::godot
