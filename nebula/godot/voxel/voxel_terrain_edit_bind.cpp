// SPDX-License-Identifier: MIT
// What scripts see of editing, except spheres, with the texts of the editor's help (F1).
#include "nebula/godot/api/globals.hpp"
#include "nebula/godot/voxel/voxel_terrain.hpp"

namespace nebula::godot {

void VoxelTerrain::bind_edits(ClassBuilder<VoxelTerrain>& c) {
    using Self = VoxelTerrain;
    c.group("Undo", "undo_");
    c.property(
        "undo_limit_mb", &Self::undo_limit_mb, &Self::set_undo_limit_mb,
        Hint::range(0, 1024, 1, "or_greater,suffix:MiB"),
        "How much memory each user's edits may keep so that [method undo] can take them back. The "
        "oldest strokes are forgotten first. 0 means that nothing can be undone. Another value "
        "forgets what was kept so far. At most 65536; any other value is refused with an error.");

    c.method("dig_box", &Self::dig_box, {"center", "size", "basis"})
        .defaults(Basis())
        .doc(
            "Removes the ground inside a box. [param basis] turns the box around its centre, for "
            "example [code]global_basis[/code] of a node; its scale multiplies [param size]. The "
            "axes of a box must be at right angles, and on a terrain that is scaled unevenly they "
            "must be parallel to the terrain's. Half of the box's diagonal may be at most 64 "
            "voxels. Otherwise as [method dig_sphere].");
    c.method("add_box", &Self::add_box, {"center", "size", "basis", "material"})
        .defaults(Basis(), 0)
        .doc(
            "Fills a box with ground of [param material], from 0 to 127. Ground that is there "
            "already stays what it is. Other arguments and the result are as for [method "
            "dig_box].");
    c.method("dig_path", &Self::dig_path, {"points", "radius"})
        .doc(
            "Digs a tunnel along the line through 1 to 64 points, with round ends. Half of the "
            "line's extent along each axis, with the radius, may be at most 64 voxels. The terrain "
            "must be scaled evenly. Otherwise as [method dig_sphere].");
    c.method("add_path", &Self::add_path, {"points", "radius", "material"})
        .defaults(0)
        .doc(
            "Adds a round bar of ground along a line, of [param material]: see [method add_box]. "
            "Other arguments and the result are as for [method dig_path].");
    c.method("dig_cone", &Self::dig_cone, {"from", "to", "radius_from", "radius_to"})
        .doc(
            "Digs a cone with flat ends, or a cylinder if both radii are equal. One radius may be "
            "0. Half of the cone's extent along each axis, with the larger radius, may be at most "
            "64 voxels. The terrain must be scaled evenly. Otherwise as [method dig_sphere].");
    c.method("add_cone", &Self::add_cone, {"from", "to", "radius_from", "radius_to", "material"})
        .defaults(0)
        .doc(
            "Adds a cone of ground, of [param material]: see [method add_box]. Other arguments and "
            "the result are as for [method dig_cone].");
    c.method("paint_sphere", &Self::paint_sphere, {"center", "radius", "material"})
        .doc(
            "Changes all ground inside a sphere to [param material], from 0 to 127, a number of "
            "[member material_library]. Its shape stays, and air stays as it is. Ground that is "
            "painted stays so until it is dug away. Otherwise as [method dig_sphere].");
    c.method("paint_box", &Self::paint_box, {"center", "size", "material", "basis"})
        .defaults(Basis())
        .doc("As [method paint_sphere], in a box. Other arguments are as for [method dig_box].");
    c.method("paint_path", &Self::paint_path, {"points", "radius", "material"})
        .doc(
            "As [method paint_sphere], along a line. Other arguments are as for [method "
            "dig_path].");
    c.method("paint_cone", &Self::paint_cone,
             {"from", "to", "radius_from", "radius_to", "material"})
        .doc("As [method paint_sphere], in a cone. Other arguments are as for [method dig_cone].");
    c.method("apply_brush", &Self::apply_brush, {"brush", "at"})
        .doc(
            "Does what the brush says at the origin of [param at], in global coordinates, whose "
            "axes turn a box or a cone; a box or a cone's length is scaled by it, too. The "
            "result is as for [method dig_sphere].");
    c.method("grow", &Self::grow, {"center", "radius", "strength"})
        .defaults(1.0)
        .doc(
            "Moves the surface inside a sphere outwards, by at most [param strength] voxels, which "
            "is above 0 and at most 1. From half of the radius outwards it moves less and less. "
            "Call it in each frame in which the user holds the brush. Otherwise as [method "
            "dig_sphere].");
    c.method("shrink", &Self::shrink, {"center", "radius", "strength"})
        .defaults(1.0)
        .doc("Moves the surface inside a sphere inwards. Otherwise as [method grow].");
    c.method("smooth", &Self::smooth, {"center", "radius", "strength"})
        .defaults(1.0)
        .doc("Evens out the surface inside a sphere. Otherwise as [method grow].");
    c.method("flatten", &Self::flatten, {"center", "radius", "normal", "strength"})
        .defaults(Vector3{0, 1, 0}, 1.0)
        .doc(
            "Moves the surface inside a sphere towards the plane through [param center]; [param "
            "normal] points out of the ground and may have any length except zero. Otherwise as "
            "[method grow].");

    c.method("dig_sphere_async", &Self::dig_sphere_async, {"center", "radius"})
        .doc(
            "Removes the ground inside a sphere of up to 512 voxels. Workers make the edit while "
            "the game goes on, and the ground disappears as a whole:\n[codeblock]\nif await "
            "terrain.dig_sphere_async(center, 300.0) == OK:\n    "
            "print(terrain.get_last_edit().removed)\n[/codeblock]\nEdits that are made meanwhile "
            "are not lost. The sphere stays where it is in the terrain if the terrain moves. The "
            "result is as for [method dig_sphere]; it is [constant @GlobalScope.ERR_UNCONFIGURED], "
            "and nothing has changed, if the terrain was freed or lost its world while it was "
            "working. While the node is outside the scene tree, the edit waits.");
    c.method("add_sphere_async", &Self::add_sphere_async, {"center", "radius", "material"})
        .defaults(0)
        .doc("As [method add_sphere], in the background: see [method dig_sphere_async].");
    c.method("dig_box_async", &Self::dig_box_async, {"center", "size", "basis"})
        .defaults(Basis())
        .doc(
            "As [method dig_box], in the background and with half a diagonal of up to 512 voxels: "
            "see [method dig_sphere_async].");
    c.method("add_box_async", &Self::add_box_async, {"center", "size", "basis", "material"})
        .defaults(Basis(), 0)
        .doc(
            "As [method add_box], in the background and with half a diagonal of up to 512 voxels: "
            "see [method dig_sphere_async].");
    c.method("dig_path_async", &Self::dig_path_async, {"points", "radius"})
        .doc(
            "As [method dig_path], in the background and with half an extent of up to 512 voxels: "
            "see [method dig_sphere_async].");
    c.method("add_path_async", &Self::add_path_async, {"points", "radius", "material"})
        .defaults(0)
        .doc(
            "As [method add_path], in the background and with half an extent of up to 512 voxels: "
            "see [method dig_sphere_async].");
    c.method("dig_cone_async", &Self::dig_cone_async, {"from", "to", "radius_from", "radius_to"})
        .doc(
            "As [method dig_cone], in the background and with half an extent of up to 512 voxels: "
            "see [method dig_sphere_async].");
    c.method("add_cone_async", &Self::add_cone_async,
             {"from", "to", "radius_from", "radius_to", "material"})
        .defaults(0)
        .doc(
            "As [method add_cone], in the background and with half an extent of up to 512 voxels: "
            "see [method dig_sphere_async].");

    c.method("write_box", &Self::write_box, {"min", "size", "distances", "materials"})
        .defaults(PackedByteArray())
        .doc(
            "Makes the ground in a box what an array says, as one edit. [param min] is the first "
            "voxel and [param size] the number of voxels along each axis, from 2 to 128, both in "
            "voxels of the terrain's own space. [param distances] has one signed distance for each "
            "voxel, in voxels, negative inside the ground, in the order of [method read_box]. They "
            "are rounded to 1/32 voxel, and those beyond 4 voxels to either side all mean far "
            "away. [param materials] has one byte for each voxel, from 0 to 127, as [method "
            "read_box_materials] returns it: the ground in the box is made of these; those of air "
            "do not matter. Without it, ground that is new is of material 0, and other ground "
            "keeps its own. What lies outside the box stays as it is. The result is as for [method "
            "dig_sphere]; [constant @GlobalScope.ERR_INVALID_PARAMETER] if there are not as many "
            "distances as voxels, or one is not a finite number, and if there are materials, but "
            "not as many, or one above 127.");
    c.method("write_box_async", &Self::write_box_async, {"min", "size", "distances", "materials"})
        .defaults(PackedByteArray())
        .doc(
            "As [method write_box], in the background and with up to 256 voxels along each axis: "
            "see [method dig_sphere_async].");
    c.method("read_box", &Self::read_box, {"min", "size"})
        .doc(
            "Returns the signed distance of each voxel in a box from the ground, in voxels, "
            "negative inside. [param min] is the first voxel and [param size] the number of voxels "
            "along each axis, from 1 to 128, both in voxels of the terrain's own space:\n"
            "[codeblock]\nvar min := Vector3i(terrain.to_local(corner).floor())\nvar distances := "
            "terrain.read_box(min, size)\nvar here := distances[x + size.x * (y + size.y * "
            "z)]\n[/codeblock]\nNo distance is 0, or more than 127/32 to either side. Returns an "
            "empty array, after a line in the output, if the box cannot be read. 128 voxels along "
            "each axis take some 50 ms.");
    c.method("read_box_materials", &Self::read_box_materials, {"min", "size"})
        .doc(
            "Returns the material of each voxel in a box, from 0 to 127, one byte each, in the "
            "order of [method read_box]. A voxel of air has what the generator says. Boxes, "
            "errors and time are as for [method read_box]. Both together, given to [method "
            "write_box], copy ground:\n[codeblock]\nvar distances := terrain.read_box(from, "
            "size)\nvar materials := terrain.read_box_materials(from, size)\n"
            "terrain.write_box(to, size, distances, materials)\n[/codeblock]");
    c.method("paint_sphere_async", &Self::paint_sphere_async, {"center", "radius", "material"})
        .doc("As [method paint_sphere], in the background: see [method dig_sphere_async].");
    c.method("paint_box_async", &Self::paint_box_async, {"center", "size", "material", "basis"})
        .defaults(Basis())
        .doc(
            "As [method paint_box], in the background and with half a diagonal of up to 512 "
            "voxels: see [method dig_sphere_async].");
    c.method("apply_brush_async", &Self::apply_brush_async, {"brush", "at"})
        .doc(
            "As [method apply_brush], in the background: see [method dig_sphere_async]. Only for "
            "brushes that dig, add or paint, with full strength, without a falloff, and where no "
            "hardness lies between 0 and 1.");

    c.method("get_last_edit", &Self::last_edit)
        .doc(
            "Returns what the latest edit, [method undo] or [method redo] of this world has done: "
            "how much ground it has [code]removed[/code] and [code]added[/code], in cubic metres, "
            "the same in [code]removed_by_material[/code] and [code]added_by_material[/code], "
            "which map a material's number to cubic metres, and the [code]area[/code], a global "
            "box around all that has changed. Empty before the "
            "first edit.");
    c.method("begin_stroke", &Self::begin_stroke, {"user", "stroke"})
        .defaults(0, 0)
        .doc(
            "From now on until [method end_stroke], all edits belong to one stroke of [param "
            "user], and one [method undo] takes back all of them. Outside of strokes, each edit is "
            "one of its own, of user 0. Another call ends the stroke and begins the "
            "next.\n\nReturns the number of the stroke. To go on with a stroke after somebody "
            "else's edits, as on a server, pass that number as [param stroke], or any of your own "
            "from 1 to 2147483647. A stroke ends for good if another user edits its ground: what "
            "comes then is another one.");
    c.method("end_stroke", &Self::end_stroke).doc("Ends what [method begin_stroke] has begun.");
    c.method("undo", &Self::undo, {"user"})
        .defaults(0)
        .doc(
            "Takes back the latest stroke of [param user]. It is shown like any edit, and [method "
            "get_last_edit] tells what has changed.\n\nReturns [constant @GlobalScope.OK]; "
            "[constant @GlobalScope.ERR_DOES_NOT_EXIST] if there is nothing to take back, without "
            "an error; [constant @GlobalScope.ERR_BUSY] if somebody else has edited the same "
            "ground since, with a warning: that edit must be undone first; [constant "
            "@GlobalScope.ERR_UNCONFIGURED] if [member undo_limit_mb] is 0; otherwise as [method "
            "dig_sphere].");
    c.method("redo", &Self::redo, {"user"})
        .defaults(0)
        .doc(
            "Makes the stroke again that [method undo] has taken back last. An edit of the same "
            "user ends that. The result is as for [method undo].");
    c.method("has_undo", &Self::has_undo, {"user"})
        .defaults(0)
        .doc(
            "Returns whether [param user] has a stroke that [method undo] may take back, for "
            "example to enable a button.");
    c.method("has_redo", &Self::has_redo, {"user"})
        .defaults(0)
        .doc("Returns whether [param user] has a stroke that [method redo] may make again.");
}

}  // namespace nebula::godot
