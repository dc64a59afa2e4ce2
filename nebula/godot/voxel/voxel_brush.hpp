// SPDX-License-Identifier: MIT
// A brush as a resource: what a game maker picks and tunes in the inspector.
#pragma once

#include "nebula/base/mutex.hpp"
#include "nebula/godot/api/resource.hpp"
#include "nebula/godot/binding/class_builder.hpp"
#include "nebula/godot/binding/math.hpp"
#include "nebula/godot/binding/packed_array.hpp"
#include "nebula/godot/voxel/brushes.hpp"
#include "nebula/godot/voxel/node_space.hpp"
#include "nebula/godot/voxel/voxel_stamp.hpp"
#include "nebula/voxel/edit/operation.hpp"

#include <cstdint>
#include <vector>

namespace nebula::godot {

/// What VoxelTerrain.apply_brush() does to the ground, wherever it is put. Setters refuse a value out of
/// range with an error and keep the value that they had.
///
/// Threads:   any thread. The engine saves, duplicates and loads resources on threads of its own.
class VoxelBrush final : public Extension<Resource> {
public:
    static constexpr const char* kClassName = "VoxelBrush";
    using Extension::Extension;
    static void bind(ClassBuilder<VoxelBrush>& c);

    /// \param at        where the brush is and how it is turned, in global coordinates.
    /// \param hardness  of the terrain's materials.
    /// \param most      the largest radius of a sphere, in voxels.
    /// \throws std::bad_alloc.
    [[nodiscard]] Brush brush(const NodeSpace& space, const Transform3D& at,
                              std::vector<voxel::MaterialHardness> hardness, float most) const;

private:
    enum class Shape : std::int64_t { Sphere, Box, Cone, Stamp };
    struct Settings {
        Shape shape = Shape::Sphere;
        voxel::Mode mode = voxel::Mode::Dig;
        double radius = 4.0;
        double end_radius = 0.0;
        double height = 8.0;
        Vector3 size{8, 8, 8};
        Ref<VoxelStamp> stamp;
        double strength = 1.0;
        double falloff = 0.0;
        std::int64_t material = 0;
        voxel::MaterialSet only;
        bool use_hardness = true;
    };

    template <auto kSetting>
    [[nodiscard]] auto get() const {
        return settings().*kSetting;
    }
    template <auto kSetting, class T>
    void change(const T& value);
    template <double Settings::*kLength>
    void set_length(double value);
    void set_strength(double share);
    [[nodiscard]] std::int64_t shape() const;
    void set_shape(std::int64_t shape);
    [[nodiscard]] std::int64_t mode() const;
    void set_mode(std::int64_t mode);
    void set_size(const Vector3& size);
    void set_stamp(const Ref<VoxelStamp>& stamp);
    void set_material(std::int64_t material);
    [[nodiscard]] PackedInt32Array only_materials() const;
    void set_only_materials(const PackedInt32Array& materials);
    void set_use_hardness(bool use);

    [[nodiscard]] Settings settings() const;
    [[nodiscard]] static Brush shaped(const Settings& s, const NodeSpace& space,
                                      const Transform3D& at, float most);

    mutable Mutex mutex_;
    Settings settings_ NEBULA_GUARDED_BY(mutex_);
};

}  // namespace nebula::godot
