// SPDX-License-Identifier: MIT
// The brushes of scripts: global values, in metres, made into operations on voxels.
#pragma once

#include "nebula/godot/binding/math.hpp"
#include "nebula/godot/binding/ref.hpp"
#include "nebula/godot/voxel/node_space.hpp"
#include "nebula/voxel/edit/operation.hpp"

#include <tl/expected.hpp>

#include <cstdint>
#include <functional>
#include <span>
#include <string>

namespace nebula::godot {

class VoxelMaterialLibrary;
class VoxelStamp;

/// An operation, or why there is none: the rest of a sentence that begins with the method's name.
using Brush = tl::expected<voxel::Operation, std::string>;

/// Where a brush is used, and what it may be.
struct BrushPlace {
    const NodeSpace& space;
    float most;                           ///< The largest half edge, in voxels.
    const VoxelMaterialLibrary* library;  ///< Whose materials may be hard; null if there is none.
};
using MakeBrush = std::function<Brush(const BrushPlace&)>;

/// What the node's space can say of a brush is checked here: whether numbers make sense in metres, and
/// whether the shape is one of the known shapes in voxels, too. The rest is voxel::check()'s.
///
/// `most` is the largest half edge of a brush, in voxels.
///
/// Threads:   any thread.
/// \throws std::bad_alloc.
[[nodiscard]] Brush sphere_brush(const NodeSpace& space, voxel::Mode mode, const Vector3& center,
                                 double radius, float most);
/// `basis` turns the box around its centre, and may scale it.
[[nodiscard]] Brush box_brush(const NodeSpace& space, voxel::Mode mode, const Vector3& center,
                              const Vector3& size, const Basis& basis);
/// Paths and cones have a round section, so the space must be scaled evenly.
[[nodiscard]] Brush path_brush(const NodeSpace& space, voxel::Mode mode,
                               std::span<const Vector3> points, double radius);
[[nodiscard]] Brush cone_brush(const NodeSpace& space, voxel::Mode mode, const Vector3& from,
                               const Vector3& to, double radius_from, double radius_to);
/// Moves the surface in a sphere by at most `strength` voxels: by all of that from half of the radius
/// inwards, and less and less towards the rim.
[[nodiscard]] Brush soft_brush(const NodeSpace& space, voxel::Mode mode, const Vector3& center,
                               double radius, double strength, float most);
/// The same, towards the plane through the centre.
[[nodiscard]] Brush flatten_brush(const NodeSpace& space, const Vector3& center, double radius,
                                  const Vector3& normal, double strength, float most);
/// The stamp's own place, in voxels, is `at`: turned by its axes, which must have a scale of 1.
[[nodiscard]] Brush stamp_brush(const NodeSpace& space, voxel::Mode mode,
                                const Ref<VoxelStamp>& stamp, const Transform3D& at);
/// The box of voxels from `min` gets these distances, in voxels, x fastest, and these materials, if there are
/// any.
[[nodiscard]] Brush paste_brush(const Vector3i& min, const Vector3i& size,
                                std::span<const float> distances,
                                std::span<const std::uint8_t> materials);

/// The brush, of this material; or why there is none.
[[nodiscard]] Brush of_material(Brush brush, std::int64_t material);

}  // namespace nebula::godot
