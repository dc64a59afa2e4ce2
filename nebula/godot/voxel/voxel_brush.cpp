// SPDX-License-Identifier: MIT
#include "nebula/godot/voxel/voxel_brush.hpp"

#include "nebula/base/log.hpp"
#include "nebula/godot/voxel/distances.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <string>
#include <utility>

namespace nebula::godot {
namespace {

using voxel::Mode;

// In the order that scripts know.
constexpr std::array kModes{Mode::Dig,    Mode::Add,    Mode::Paint,  Mode::Grow,
                            Mode::Shrink, Mode::Smooth, Mode::Flatten};
constexpr std::int64_t kShapes = 4;
constexpr double kLargest = 100'000;  // in metres; voxels decide what is too large

void refuse_value(const char* property, const std::string& value, const std::string& allowed) {
    log(LogLevel::Error, std::string("VoxelBrush.") + property + " is " + value + "; it must be " +
                             allowed + ". It keeps its value.");
}

bool is_choice(const char* property, std::int64_t value, std::int64_t count) {
    return accepts(std::string("VoxelBrush.") + property, static_cast<double>(value),
                   {0, static_cast<double>(count - 1)});
}

}  // namespace

void VoxelBrush::bind(ClassBuilder<VoxelBrush>& c) {
    using Self = VoxelBrush;
    using S = Settings;
    c.any_thread();
    c.doc("A brush for the ground of a VoxelTerrain, to be tuned in the inspector.",
          "[method VoxelTerrain.apply_brush] puts it somewhere and does what it says. Lengths are "
          "in metres. A value out of range is refused with an error, and the property keeps its "
          "value.");
    c.enumeration("Shape", {{"SHAPE_SPHERE", 0, "A ball of [member radius]."},
                            {"SHAPE_BOX", 1, "A box of [member size]."},
                            {"SHAPE_CONE", 2,
                             "A cone around the brush's y axis, from [member radius] at the lower "
                             "end to [member end_radius] at the upper one."},
                            {"SHAPE_STAMP", 3, "What [member stamp] is."}});
    c.enumeration("Mode", {{"MODE_DIG", 0, "Removes ground."},
                           {"MODE_ADD", 1, "Adds ground of [member material]."},
                           {"MODE_PAINT", 2, "Changes ground to [member material]."},
                           {"MODE_GROW", 3, "Moves the surface outwards."},
                           {"MODE_SHRINK", 4, "Moves the surface inwards."},
                           {"MODE_SMOOTH", 5, "Evens out the surface."},
                           {"MODE_FLATTEN", 6,
                            "Moves the surface towards the plane through the brush's place, across "
                            "its y axis."}});
    c.property("mode", &Self::mode, &Self::set_mode,
               Hint::names("Dig,Add,Paint,Grow,Shrink,Smooth,Flatten"),
               "What the brush does, of [enum Mode].");
    c.property("shape", &Self::shape, &Self::set_shape, Hint::names("Sphere,Box,Cone,Stamp"),
               "Where it does it, of [enum Shape].");
    const Hint length = Hint::range(0, 64, 0.01, "or_greater,suffix:m");
    c.property("radius", &Self::get<&S::radius>, &Self::set_length<&S::radius>, length,
               "The radius of a sphere, or of a cone's lower end.");
    c.property("end_radius", &Self::get<&S::end_radius>, &Self::set_length<&S::end_radius>, length,
               "The radius of a cone's upper end; 0 is a tip.");
    c.property("height", &Self::get<&S::height>, &Self::set_length<&S::height>, length,
               "The length of a cone.");
    c.property("size", &Self::get<&S::size>, &Self::set_size, {}, "The edges of a box.");
    c.property("stamp", &Self::get<&S::stamp>, &Self::set_stamp, Hint::resource<VoxelStamp>(),
               "A shape of any form. It keeps its size, so the place where such a brush is put "
               "must have a scale of 1.");
    c.property(
        "strength", &Self::get<&S::strength>, &Self::set_strength, Hint::range(0.01, 1, 0.01),
        "Below 1, one use of the brush moves the surface by at most this many voxels. At 1, a dig "
        "or an addition without a [member falloff] is done at once. Paint is always done at once.");
    c.property("falloff", &Self::get<&S::falloff>, &Self::set_length<&S::falloff>, length,
               "Over how many metres from the shape's surface inwards the strength rises from 0. "
               "Paint has none.");
    c.group("Materials");
    c.property("material", &Self::get<&S::material>, &Self::set_material,
               Hint::range(0, voxel::kMaterials - 1),
               "What is added or painted: a number of [member VoxelTerrain.material_library], from "
               "0 to 127.");
    c.property("only_materials", &Self::only_materials, &Self::set_only_materials, {},
               "If it is not empty, ground of other materials stays as it is.");
    c.property(
        "use_hardness", &Self::get<&S::use_hardness>, &Self::set_use_hardness, {},
        "Whether the strength is lessened by [member VoxelMaterial.hardness] where the brush "
        "digs, shrinks, smooths or flattens.");
}

VoxelBrush::Settings VoxelBrush::settings() const {
    const MutexLock lock(mutex_);
    return settings_;
}

template <auto kSetting, class T>
void VoxelBrush::change(const T& value) {
    {
        const MutexLock lock(mutex_);
        settings_.*kSetting = value;
    }
    emit_changed();  // runs scripts
}

template <double VoxelBrush::Settings::*kLength>
void VoxelBrush::set_length(double value) {
    constexpr const char* name = kLength == &Settings::radius       ? "radius"
                                 : kLength == &Settings::end_radius ? "end_radius"
                                 : kLength == &Settings::height     ? "height"
                                                                    : "falloff";
    if (!(value >= 0.0 && value <= kLargest))
        return refuse_value(name, text_of(value), "from 0 to 100000 metres");
    change<kLength>(value);
}

void VoxelBrush::set_strength(double share) {
    if (!(share > 0.0 && share <= 1.0))
        return refuse_value("strength", text_of(share), "above 0 and at most 1");
    change<&Settings::strength>(share);
}

std::int64_t VoxelBrush::shape() const { return static_cast<std::int64_t>(settings().shape); }

void VoxelBrush::set_shape(std::int64_t shape) {
    if (is_choice("shape", shape, kShapes)) change<&Settings::shape>(static_cast<Shape>(shape));
}

std::int64_t VoxelBrush::mode() const {
    return std::ranges::find(kModes, settings().mode) - kModes.begin();
}

void VoxelBrush::set_mode(std::int64_t mode) {
    if (is_choice("mode", mode, kModes.size()))
        change<&Settings::mode>(kModes[static_cast<std::size_t>(mode)]);
}

void VoxelBrush::set_size(const Vector3& size) {
    for (const float edge : {size.x, size.y, size.z})
        if (!(edge >= 0.0F && static_cast<double>(edge) <= kLargest))
            return refuse_value("size", text_of(static_cast<double>(edge)) + " along an axis",
                                "from 0 to 100000 metres");
    change<&Settings::size>(size);
}

void VoxelBrush::set_stamp(const Ref<VoxelStamp>& stamp) { change<&Settings::stamp>(stamp); }

void VoxelBrush::set_material(std::int64_t material) {
    if (is_choice("material", material, voxel::kMaterials)) change<&Settings::material>(material);
}

PackedInt32Array VoxelBrush::only_materials() const {
    const voxel::MaterialSet only = settings().only;
    std::vector<std::int32_t> all;
    if (!only.all())
        for (int m = 0; m < voxel::kMaterials; ++m)
            if (only.has(static_cast<voxel::Material>(m))) all.push_back(m);
    return PackedInt32Array(all);
}

void VoxelBrush::set_only_materials(const PackedInt32Array& materials) {
    voxel::MaterialSet only = voxel::MaterialSet::none();
    for (const std::int32_t material : materials.view()) {
        if (!is_choice("only_materials", material, voxel::kMaterials)) return;
        only.insert(static_cast<voxel::Material>(material));
    }
    change<&Settings::only>(materials.is_empty() ? voxel::MaterialSet() : only);
}

void VoxelBrush::set_use_hardness(bool use) { change<&Settings::use_hardness>(use); }

Brush VoxelBrush::shaped(const Settings& s, const NodeSpace& space, const Transform3D& at,
                         float most) {
    switch (s.shape) {
        case Shape::Box:
            return box_brush(space, s.mode, at.origin, s.size, at.basis);
        case Shape::Cone: {
            const Vector3 up = transposed(at.basis).rows[1] * static_cast<float>(s.height * 0.5);
            return cone_brush(space, s.mode, at.origin - up, at.origin + up, s.radius,
                              s.end_radius);
        }
        case Shape::Stamp:
            return stamp_brush(space, s.mode, s.stamp, at);
        case Shape::Sphere:
            break;
    }
    return sphere_brush(space, s.mode, at.origin, s.radius, most);
}

Brush VoxelBrush::brush(const NodeSpace& space, const Transform3D& at,
                        std::vector<voxel::MaterialHardness> hardness, float most) const {
    const Settings s = settings();
    Brush brush = shaped(s, space, at, most);
    if (!brush) return brush;
    if (s.mode != Mode::Paint) {
        brush->strength = static_cast<float>(s.strength);
        brush->falloff = static_cast<float>(s.falloff / space.smallest_voxel_size());
    }
    if (s.mode == Mode::Flatten) {
        const Vector3 up = transposed(at.basis).rows[1];
        if (!(std::isfinite(length(up)) && length(up) > 0.0))
            return tl::unexpected(std::string(
                "the brush's y axis is zero or not finite; use a rotation, with any scale"));
        brush->target = {space.to_voxels(at.origin), space.normal_to_voxels(up)};
    }
    brush->only = s.only;
    if (s.use_hardness && meets_hardness(s.mode)) brush->hardness = std::move(hardness);
    return of_material(std::move(brush), s.material);
}

}  // namespace nebula::godot
