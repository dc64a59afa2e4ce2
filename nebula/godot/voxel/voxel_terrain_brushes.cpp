// SPDX-License-Identifier: MIT
// One table of brushes: what scripts call, with the texts of the editor's help (F1). Each row makes two
// methods, one that edits in the call and one, with _async behind its name, that does so in the background.
#include "nebula/godot/api/globals.hpp"
#include "nebula/godot/voxel/brushes.hpp"
#include "nebula/godot/voxel/voxel_brush.hpp"
#include "nebula/godot/voxel/voxel_material_library.hpp"
#include "nebula/godot/voxel/voxel_stamp.hpp"
#include "nebula/godot/voxel/voxel_terrain.hpp"
#include "nebula/voxel/edit/operation.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace nebula::godot {
namespace {

using voxel::Mode;

// ---- From a script's arguments to a brush: each is a row's function

template <Mode kMode>
Brush sphere(const BrushPlace& at, const Vector3& center, double radius) {
    return sphere_brush(at.space, kMode, center, radius, at.most);
}
template <Mode kMode>
Brush box(const BrushPlace& at, const Vector3& center, const Vector3& size, const Basis& basis) {
    return box_brush(at.space, kMode, center, size, basis);
}
template <Mode kMode>
Brush path(const BrushPlace& at, const PackedVector3Array& points, double radius) {
    return path_brush(at.space, kMode, points.view(), radius);
}
template <Mode kMode>
Brush cone(const BrushPlace& at, const Vector3& from, const Vector3& to, double radius_from,
           double radius_to) {
    return cone_brush(at.space, kMode, from, to, radius_from, radius_to);
}
template <Mode kMode>
Brush stamp(const BrushPlace& at, const Ref<VoxelStamp>& stamp, const Transform3D& place) {
    return stamp_brush(at.space, kMode, stamp, place);
}
template <Mode kMode>
Brush soft(const BrushPlace& at, const Vector3& center, double radius, double strength) {
    return soft_brush(at.space, kMode, center, radius, strength, at.most);
}
Brush flatten(const BrushPlace& at, const Vector3& center, double radius, const Vector3& normal,
              double strength) {
    return flatten_brush(at.space, center, radius, normal, strength, at.most);
}
Brush paint_box(const BrushPlace& at, const Vector3& center, const Vector3& size,
                std::int64_t material, const Basis& basis) {
    return of_material(box_brush(at.space, Mode::Paint, center, size, basis), material);
}
Brush write_box(const BrushPlace&, const Vector3i& min, const Vector3i& size,
                const PackedFloat32Array& distances, const PackedByteArray& materials) {
    return paste_brush(min, size, distances.view(), materials.view());
}
Brush apply_brush(const BrushPlace& at, const Ref<VoxelBrush>& brush, const Transform3D& place) {
    if (brush.is_null())
        return tl::unexpected(std::string("brush is null; make one with VoxelBrush.new()"));
    std::vector<voxel::MaterialHardness> hardness;
    if (at.library != nullptr) hardness = at.library->hardness();
    return brush->brush(at.space, place, std::move(hardness), at.most);
}

// Up to 2^24 distances: too many for the main thread.
Variant write_box_later(VoxelTerrain& terrain, const Vector3i& min, const Vector3i& size,
                        const PackedFloat32Array& distances, const PackedByteArray& materials) {
    return terrain.edit_async("write_box_async", [=] {
        return paste_brush(min, size, distances.view(), materials.view());
    });
}

// The same with a material as the last argument.
template <auto kMake>
struct OfMaterial;
template <class... Args, Brush (*kMake)(const BrushPlace&, Args...)>
struct OfMaterial<kMake> {
    static Brush make(const BrushPlace& at, Args... args, std::int64_t material) {
        return of_material(kMake(at, args...), material);
    }
};
template <auto kMake>
constexpr auto kWithMaterial = &OfMaterial<kMake>::make;

// ---- From a row to two methods

template <std::size_t kSize>
struct Name {
    // NOLINTNEXTLINE(google-explicit-constructor): so that a literal may be a template's argument
    constexpr Name(const char (&literal)[kSize]) { std::copy_n(literal, kSize, text); }
    char text[kSize]{};
};

template <auto kMake>
struct Methods;
template <class... Args, Brush (*kMake)(const BrushPlace&, Args...)>
struct Methods<kMake> {
    template <Name kName>
    static Error now(VoxelTerrain& terrain, Args... args) {
        return terrain.edit(kName.text, [&](const BrushPlace& at) { return kMake(at, args...); });
    }
    template <Name kName>
    static Variant later(VoxelTerrain& terrain, Args... args) {
        return terrain.edit_async(kName.text,
                                  [&](const BrushPlace& at) { return kMake(at, args...); });
    }
    template <Name kName>
    static constexpr auto kCall = &VoxelTerrain::by<&now<kName>, Args...>;
    template <Name kName>
    static constexpr auto kAwait = &VoxelTerrain::by<&later<kName>, Args...>;
};

// Both methods of a brush, until they are described.
struct MethodPair {
    const char* name;
    MethodRecord& now;
    MethodRecord& later;

    template <class... Values>
    MethodPair& defaults(const Values&... values) {
        now.defaults(values...);
        later.defaults(values...);
        return *this;
    }
    /// `larger` is what may be larger in the background, if anything may.
    void doc(const char* text, const char* larger = nullptr) {
        now.doc(text);
        const std::string reach =
            larger == nullptr ? "" : std::string(" and with ") + larger + " of up to 512 voxels";
        later.doc((std::string("As [method ") + name + "], in the background" + reach +
                   ": see [method dig_sphere_async].")
                      .c_str());
    }
};

// Both names, so that whoever searches for one finds it.
template <Name kNow, Name kLater, auto kMake>
MethodPair row(ClassBuilder<VoxelTerrain>& c, ArgumentNames arguments) {
    using Both = Methods<kMake>;
    return {kNow.text, c.method(kNow.text, Both::template kCall<kNow>, arguments),
            c.method(kLater.text, Both::template kAwait<kLater>, arguments)};
}

}  // namespace

void VoxelTerrain::bind_brushes(ClassBuilder<VoxelTerrain>& c) {
    using Self = VoxelTerrain;
    constexpr const char* radius = "a radius";
    constexpr const char* diagonal = "half a diagonal";
    constexpr const char* extent = "half an extent";

    MethodPair digs =
        row<"dig_sphere", "dig_sphere_async", &sphere<Mode::Dig>>(c, {"center", "radius"});
    digs.doc(
        "Removes the ground inside a sphere. The world changes at once; the picture follows "
        "before this frame is drawn, if the edit fits into [member edit_budget_msec]. Works "
        "anywhere, loaded or not.\n\n[param center] and [param radius] are global. The radius "
        "must be above 0 and at most 64 voxels, which is 64 m unless the node is "
        "scaled.\n\nReturns [constant @GlobalScope.OK]; [constant "
        "@GlobalScope.ERR_INVALID_PARAMETER] for a value out of range; [constant "
        "@GlobalScope.ERR_OUT_OF_MEMORY] if there was not enough memory, and then nothing has "
        "changed; [constant @GlobalScope.ERR_UNCONFIGURED] if there is no world yet or the node is "
        "outside the "
        "scene tree; [constant @GlobalScope.ERR_UNAVAILABLE] while the node has a transform "
        "that cannot work; [constant @GlobalScope.ERR_BUSY] while the world is loaded from its "
        "file, and [constant @GlobalScope.ERR_FILE_CANT_OPEN] if that cannot be used: see "
        "[member world_store].\n\nWhat a handler of one of the terrain's signals digs is shown "
        "in the next frame, and so is what is dug after that in the same frame.");
    digs.later.doc(
        "Removes the ground inside a sphere of up to 512 voxels. Workers make the edit while "
        "the game goes on, and the ground disappears as a whole:\n[codeblock]\nif await "
        "terrain.dig_sphere_async(center, 300.0) == OK:\n    "
        "print(terrain.get_last_edit().removed)\n[/codeblock]\n[method NebulaTask.of] returns its "
        "task, with [member NebulaTask.progress] and [method NebulaTask.cancel]; when it is done, "
        "[member NebulaTask.details] has what [method get_last_edit] says of this edit:\n"
        "[codeblock]\nvar digging := NebulaTask.of(terrain.dig_sphere_async(center, 300.0))\n"
        "cancel_button.pressed.connect(digging.cancel)\nif await digging.wait() == OK:\n    "
        "print(digging.details.removed)\n[/codeblock]\nEdits that are made meanwhile are not lost. "
        "The sphere stays where it is in the terrain if the terrain moves. The result is as for "
        "[method dig_sphere]; it is [constant @GlobalScope.ERR_SKIP] if the task was cancelled, "
        "and [constant @GlobalScope.ERR_UNCONFIGURED] if the terrain was freed or lost its world "
        "while it was working: then nothing has changed. While the node is outside the scene tree, "
        "the edit waits.");
    row<"add_sphere", "add_sphere_async", kWithMaterial<&sphere<Mode::Add>>>(
        c, {"center", "radius", "material"})
        .defaults(0)
        .doc(
            "Fills a sphere with ground of [param material], a number of [member "
            "material_library] from 0 to 127. Ground that is there already stays what it is. Other "
            "arguments and the result are as for [method dig_sphere].",
            radius);
    row<"paint_sphere", "paint_sphere_async", kWithMaterial<&sphere<Mode::Paint>>>(
        c, {"center", "radius", "material"})
        .doc(
            "Changes all ground inside a sphere to [param material], from 0 to 127, a number of "
            "[member material_library]. Its shape stays, and air stays as it is. Ground that is "
            "painted stays so until it is dug away. Otherwise as [method dig_sphere].",
            radius);

    row<"dig_box", "dig_box_async", &box<Mode::Dig>>(c, {"center", "size", "basis"})
        .defaults(Basis())
        .doc(
            "Removes the ground inside a box. [param basis] turns the box around its centre, for "
            "example [code]global_basis[/code] of a node; its scale multiplies [param size]. The "
            "axes of a box must be at right angles, and on a terrain that is scaled unevenly they "
            "must be parallel to the terrain's. Half of the box's diagonal may be at most 64 "
            "voxels. Otherwise as [method dig_sphere].",
            diagonal);
    row<"add_box", "add_box_async", kWithMaterial<&box<Mode::Add>>>(
        c, {"center", "size", "basis", "material"})
        .defaults(Basis(), 0)
        .doc(
            "Fills a box with ground of [param material], from 0 to 127. Ground that is there "
            "already stays what it is. Other arguments and the result are as for [method dig_box].",
            diagonal);
    row<"paint_box", "paint_box_async", &paint_box>(c, {"center", "size", "material", "basis"})
        .defaults(Basis())
        .doc("As [method paint_sphere], in a box. Other arguments are as for [method dig_box].",
             diagonal);

    row<"dig_path", "dig_path_async", &path<Mode::Dig>>(c, {"points", "radius"})
        .doc(
            "Digs a tunnel along the line through 1 to 64 points, with round ends. Half of the "
            "line's extent along each axis, with the radius, may be at most 64 voxels. The terrain "
            "must be scaled evenly. Otherwise as [method dig_sphere].",
            extent);
    row<"add_path", "add_path_async", kWithMaterial<&path<Mode::Add>>>(
        c, {"points", "radius", "material"})
        .defaults(0)
        .doc(
            "Adds a round bar of ground along a line, of [param material]: see [method add_box]. "
            "Other arguments and the result are as for [method dig_path].",
            extent);
    row<"paint_path", "paint_path_async", kWithMaterial<&path<Mode::Paint>>>(
        c, {"points", "radius", "material"})
        .doc(
            "As [method paint_sphere], along a line. Other arguments are as for [method dig_path].",
            extent);

    row<"dig_cone", "dig_cone_async", &cone<Mode::Dig>>(c,
                                                        {"from", "to", "radius_from", "radius_to"})
        .doc(
            "Digs a cone with flat ends, or a cylinder if both radii are equal. One radius may be "
            "0. Half of the cone's extent along each axis, with the larger radius, may be at most "
            "64 voxels. The terrain must be scaled evenly. Otherwise as [method dig_sphere].",
            extent);
    row<"add_cone", "add_cone_async", kWithMaterial<&cone<Mode::Add>>>(
        c, {"from", "to", "radius_from", "radius_to", "material"})
        .defaults(0)
        .doc(
            "Adds a cone of ground, of [param material]: see [method add_box]. Other arguments and "
            "the result are as for [method dig_cone].",
            extent);
    row<"paint_cone", "paint_cone_async", kWithMaterial<&cone<Mode::Paint>>>(
        c, {"from", "to", "radius_from", "radius_to", "material"})
        .doc("As [method paint_sphere], in a cone. Other arguments are as for [method dig_cone].",
             extent);

    row<"dig_stamp", "dig_stamp_async", &stamp<Mode::Dig>>(c, {"stamp", "at"})
        .doc(
            "Removes the ground inside a [VoxelStamp], for example one of a mesh, put at the "
            "origin of [param at], in global coordinates, and turned by its axes. The stamp keeps "
            "its size, so [param at] must have a scale of 1. Half of its diagonal, or of its "
            "longest edge if it is not turned, may be at most 64 voxels. Otherwise as [method "
            "dig_sphere].",
            diagonal);
    row<"add_stamp", "add_stamp_async", kWithMaterial<&stamp<Mode::Add>>>(
        c, {"stamp", "at", "material"})
        .defaults(0)
        .doc(
            "Fills a [VoxelStamp] with ground of [param material]: see [method add_box]. Other "
            "arguments and the result are as for [method dig_stamp].",
            diagonal);
    row<"paint_stamp", "paint_stamp_async", kWithMaterial<&stamp<Mode::Paint>>>(
        c, {"stamp", "at", "material"})
        .doc(
            "As [method paint_sphere], in a [VoxelStamp]. Other arguments are as for [method "
            "dig_stamp].",
            diagonal);
    row<"paste_stamp", "paste_stamp_async", kWithMaterial<&stamp<Mode::Paste>>>(
        c, {"stamp", "at", "material"})
        .defaults(0)
        .doc(
            "Makes the ground in the box of a [VoxelStamp] what the stamp says, air as well as "
            "ground. If the stamp has materials, all ground in the box is of these; otherwise new "
            "ground is of [param material], and other ground keeps its own. Other arguments and "
            "the result are as for [method dig_stamp].",
            diagonal);

    row<"grow", "grow_async", &soft<Mode::Grow>>(c, {"center", "radius", "strength"})
        .defaults(1.0)
        .doc(
            "Moves the surface inside a sphere outwards, by at most [param strength] voxels, which "
            "is above 0 and at most 1. From half of the radius outwards it moves less and less. "
            "Call it in each frame in which the user holds the brush. Otherwise as [method "
            "dig_sphere].",
            radius);
    row<"shrink", "shrink_async", &soft<Mode::Shrink>>(c, {"center", "radius", "strength"})
        .defaults(1.0)
        .doc("Moves the surface inside a sphere inwards. Otherwise as [method grow].", radius);
    row<"smooth", "smooth_async", &soft<Mode::Smooth>>(c, {"center", "radius", "strength"})
        .defaults(1.0)
        .doc("Evens out the surface inside a sphere. Otherwise as [method grow].", radius);
    row<"flatten", "flatten_async", &flatten>(c, {"center", "radius", "normal", "strength"})
        .defaults(Vector3{0, 1, 0}, 1.0)
        .doc(
            "Moves the surface inside a sphere towards the plane through [param center]; [param "
            "normal] points out of the ground and may have any length except zero. Otherwise as "
            "[method grow].",
            radius);

    row<"apply_brush", "apply_brush_async", &apply_brush>(c, {"brush", "at"})
        .doc(
            "Does what the brush says at the origin of [param at], in global coordinates, whose "
            "axes turn a box, a cone or a stamp; a box or a cone's length is scaled by it, too. "
            "The result is as for [method dig_sphere].",
            radius);
    const ArgumentNames of_a_box = {"min", "size", "distances", "materials"};
    using WriteBox = Methods<&write_box>;
    MethodPair{"write_box", c.method("write_box", WriteBox::kCall<"write_box">, of_a_box),
               c.method("write_box_async",
                        &Self::by<&write_box_later, const Vector3i&, const Vector3i&,
                                  const PackedFloat32Array&, const PackedByteArray&>,
                        of_a_box)}
        .defaults(PackedByteArray())
        .doc(
            "Makes the ground in a box what an array says, as one edit. [param min] is the first "
            "voxel and [param size] the number of voxels along each axis, from 2 to 128, or to 256 "
            "in [method write_box_async], both in voxels of the terrain's own space. [param "
            "distances] has one signed distance for each "
            "voxel, in voxels, negative inside the ground, in the order of [method read_box]. They "
            "are rounded to 1/32 voxel, and those beyond 4 voxels to either side all mean far "
            "away. [param materials] has one byte for each voxel, from 0 to 127, as [method "
            "read_box_materials] returns it: the ground in the box is made of these; those of air "
            "do not matter. Without it, ground that is new is of material 0, and other ground "
            "keeps its own. What lies outside the box stays as it is. The result is as for [method "
            "dig_sphere]; [constant @GlobalScope.ERR_INVALID_PARAMETER] if there are not as many "
            "distances as voxels, or one is not a finite number, and if there are materials, but "
            "not as many, or one above 127.");
}

}  // namespace nebula::godot
