// SPDX-License-Identifier: MIT
// A shape of any form as a resource: made once, stamped into the ground as often as one likes.
#pragma once

#include "nebula/base/mutex.hpp"
#include "nebula/godot/api/mesh.hpp"
#include "nebula/godot/api/resource.hpp"
#include "nebula/godot/binding/class_builder.hpp"
#include "nebula/godot/binding/math.hpp"
#include "nebula/godot/binding/packed_array.hpp"
#include "nebula/godot/binding/ref.hpp"
#include "nebula/godot/binding/variant.hpp"
#include "nebula/voxel/edit/distance_grid.hpp"

#include <memory>
#include <string>

namespace nebula::godot {

/// Signed distances in a box, and perhaps materials: of a closed mesh, of copied ground, or of anything
/// that a script works out. One point of it is one voxel of whatever terrain it is stamped into.
///
/// Threads:   any thread; from_mesh() and from_distances(): main thread. The engine saves, duplicates and
///            loads resources on threads of its own.
class VoxelStamp final : public Extension<Resource> {
public:
    static constexpr const char* kClassName = "VoxelStamp";
    using Extension::Extension;
    static void bind(ClassBuilder<VoxelStamp>& c);

    using Grid = std::shared_ptr<const voxel::DistanceGrid>;
    struct Content {
        Grid grid;          ///< Null: there is nothing to stamp.
        Vector3i offset{};  ///< Of its first point from where the stamp is put, in voxels.
    };
    [[nodiscard]] Content content() const;

    /// A stamp, or null after an error; or a Signal that gives one of them later, when a worker has made it.
    [[nodiscard]] static Variant from_mesh(const Ref<Mesh>& mesh, const Transform3D& transform);
    [[nodiscard]] static Variant from_distances(const Vector3i& size,
                                                const PackedFloat32Array& distances,
                                                const PackedByteArray& materials);
    /// The same of samples as they lie in the ground. `where` begins an error's line.
    [[nodiscard]] static Variant from_samples(const std::string& where,
                                              voxel::DistanceGrid samples);
    [[nodiscard]] static Ref<VoxelStamp> make(voxel::DistanceGrid grid, voxel::Vec3i offset);

private:
    [[nodiscard]] Vector3i size() const;
    [[nodiscard]] Vector3i offset() const { return content().offset; }
    void set_offset(const Vector3i& offset);
    [[nodiscard]] PackedByteArray data() const;
    void set_data(const PackedByteArray& data);
    void set(Content content);

    mutable Mutex mutex_;
    Content content_ NEBULA_GUARDED_BY(mutex_);
};

}  // namespace nebula::godot
