// SPDX-License-Identifier: MIT
// What scripts see of undo and of boxes of voxels, with the texts of the editor's help (F1).
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
    c.method("copy_box", &Self::copy_box, {"min", "size"})
        .doc(
            "Gives the ground in a box, as it is now, as a [VoxelStamp] with its materials, to be "
            "pasted, added or dug elsewhere:\n[codeblock]\nvar hut: VoxelStamp = await "
            "terrain.copy_box(min, size)\n"
            "terrain.paste_stamp(hut, Transform3D(Basis(Vector3.UP, PI / 2), place))\n"
            "[/codeblock]\nThe box is as for [method read_box], with at least 2 voxels along each "
            "axis; its first voxel goes where the stamp is put, see [member VoxelStamp.offset]. "
            "Null, after a line in the output, if the box cannot be read.");
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
    c.method("get_undo_stroke", &Self::undo_stroke, {"user"})
        .defaults(0)
        .doc(
            "Returns the number of the stroke that [method undo] is about, as [method "
            "begin_stroke] has returned it, or -1 if there is none. A history of your own tells by "
            "it whether its latest entry can still be taken back. An edit outside of strokes is "
            "number 0.");
    c.method("get_redo_stroke", &Self::redo_stroke, {"user"})
        .defaults(0)
        .doc("Returns the number of the stroke that [method redo] is about, or -1.");
}

}  // namespace nebula::godot
