// SPDX-License-Identifier: MIT
// What the editor and scripts see of VoxelTerrain, with the texts of the editor's help (F1).
#include "nebula/godot/voxel/voxel_terrain.hpp"

#include "nebula/godot/api/globals.hpp"
#include "nebula/godot/voxel/distances.hpp"

#include <cstdint>

namespace nebula::godot {

void VoxelTerrain::bind(ClassBuilder<VoxelTerrain>& c) {
    using Self = VoxelTerrain;
    c.doc(
        "A voxel terrain that streams around a viewer and can be dug.",
        "Set [member generator], put a camera in the scene and run it. [method dig_sphere] removes "
        "ground and [method add_sphere] adds it. The change is on the screen in the same frame, "
        "and [method raycast] sees it at once.\n\n[b]Units:[/b] every position, direction, radius "
        "and distance that a method takes or returns is global, in metres. Properties that are "
        "distances are in voxels. A voxel is one unit of the node's own space: 1 m, unless the "
        "node is scaled.\n\n[b]Transform:[/b] the node may be moved, rotated and scaled, also "
        "unevenly. A scale of zero cannot work, and neither can shear, which an uneven scale of a "
        "rotated parent causes. The terrain then prints one warning and waits until the transform "
        "is repaired.\n\n[b]Lifetime:[/b] everything dug stays as long as the node exists, also "
        "while it is outside the scene tree. It is lost when the node is freed, when [method "
        "regenerate] is called, and when [member generator] is set to another resource, unless "
        "[member world_store] keeps it in a file.\n\n[b]Limits:[/b] a sphere has a radius of at "
        "most 64 voxels, and 512 if it is made in the background, see [method dig_sphere_async]; a "
        "ray is at most 10000 voxels long, and the world ends 16 million voxels from the node's "
        "origin.\n\n[b]Editor:[/b] the terrain shows in the editor's 3D view, and a panel has "
        "tools to sculpt it.");

    c.property("generator", &Self::generator, &Self::set_generator,
               Hint::resource<VoxelGenerator>(),
               "Describes the world. Without a generator there is nothing to show. Setting another "
               "resource builds the world again, so everything dug is lost, unless [member "
               "world_store] has it. Changing a property of the resource has no effect until you "
               "call [method regenerate].");
    c.property(
        "world_store", &Self::world_store, &Self::set_world_store,
        Hint::resource<VoxelWorldStore>(),
        "The file that keeps what was dug and built. The terrain loads it before it shows "
        "anything; until [signal world_loaded], edits return [constant @GlobalScope.ERR_BUSY] and "
        "rays meet the generator's ground. If the file cannot be opened, [signal save_failed] says "
        "why, the generator's ground is shown, and edits return [constant "
        "@GlobalScope.ERR_FILE_CANT_OPEN], because they could not be saved. Setting another "
        "resource builds the world again, from that file. Without one, nothing is saved.");
    c.property(
        "material_library", &Self::material_library, &Self::set_material_library,
        Hint::resource<VoxelMaterialLibrary>(),
        "What the ground can be made of, and how that looks. With it the terrain is drawn with "
        "a ready shader, unless [member material] is set, too. Without it, what voxels are made "
        "of is not shown and costs nothing. Setting one where there was none, or taking it away, "
        "shows the terrain again from the start; nothing dug is lost.");
    c.property(
        "material", &Self::material, &Self::set_material, Hint::resource<Material>(),
        "The material of every chunk; it comes before [member material_library]. The terrain "
        "has no UV coordinates: use a "
        "[StandardMaterial3D] with [member BaseMaterial3D.uv1_triplanar] [i]and[/i] [member "
        "BaseMaterial3D.uv1_world_triplanar], or a shader that works from positions and "
        "normals. Without world triplanar, textures start again at every chunk, and the "
        "borders become visible.\n\nWith a [member material_library], every vertex has the "
        "[member VoxelMaterial.albedo_color] of its material as its colour, for [member "
        "BaseMaterial3D.vertex_color_use_as_albedo] with [member "
        "BaseMaterial3D.vertex_color_is_srgb], and in CUSTOM0 the numbers and weights "
        "of its materials, for a shader of your own. The terrain is shown again from the start "
        "when this material comes or goes while there is a library, or when a colour of the "
        "library changes.");
    c.group("Geometry");
    c.property("layers", &Self::layers, &Self::set_layers, Hint::render_layers(),
               "As [member VisualInstance3D.layers].");
    c.property("cast_shadow", &Self::cast_shadow, &Self::set_cast_shadow,
               Hint::names("Off,On,Double-Sided,Shadows Only"),
               "As [member GeometryInstance3D.cast_shadow].");
    c.property("gi_mode", &Self::gi_mode, &Self::set_gi_mode,
               Hint::names("Disabled,Static,Dynamic"),
               "As [member GeometryInstance3D.gi_mode]. Static means that the terrain is part of "
               "baked light; SDFGI and other methods that work at run time need no setting.");
    c.subgroup("Visibility Range", "visibility_range_");
    c.property("visibility_range_begin", &Self::visibility_range_begin,
               &Self::set_visibility_range_begin, Hint::range(0, 16384, 1, "or_greater,suffix:m"),
               "As [member GeometryInstance3D.visibility_range_begin], for each chunk.");
    c.property("visibility_range_end", &Self::visibility_range_end, &Self::set_visibility_range_end,
               Hint::range(0, 16384, 1, "or_greater,suffix:m"),
               "As [member GeometryInstance3D.visibility_range_end], for each chunk. 0 means no "
               "limit.");
    c.group("Collision", "collision_");
    c.property("collision_enabled", &Self::collision_enabled, &Self::set_collision_enabled, {},
               "Whether bodies collide with the terrain. There is ground only where somebody needs "
               "it: around every [RigidBody3D], [CharacterBody3D] and [PhysicalBone3D] of the same "
               "world whose layers and masks let it collide with the terrain, and around each "
               "[VoxelViewer] with [member VoxelViewer.needs_colliders].");
    c.property("collision_layer", &Self::collision_layer, &Self::set_collision_layer,
               Hint::physics_layers(), "As [member CollisionObject3D.collision_layer].");
    c.property("collision_mask", &Self::collision_mask, &Self::set_collision_mask,
               Hint::physics_layers(), "As [member CollisionObject3D.collision_mask].");
    c.property("collision_priority", &Self::collision_priority, &Self::set_collision_priority,
               Hint::range(0.1, 8, 0.1, "or_greater"),
               "As [member CollisionObject3D.collision_priority].");
    c.property("collision_material", &Self::collision_material, &Self::set_collision_material,
               Hint::resource<PhysicsMaterial>(),
               "As [member StaticBody3D.physics_material_override], for all ground whose material "
               "has no [member VoxelMaterial.physics_material].");
    c.property(
        "collision_distance", &Self::collision_distance, &Self::set_collision_distance,
        Hint::range(kColliderDistance.lowest, kColliderDistance.highest, 1, "suffix:voxels"),
        "How far around each body there is ground, on each axis, in voxels; and always as far as "
        "the body will fly in a second. From 0 to 128; any other value is refused with an error.");
    c.property(
        "collision_budget_msec", &Self::collision_budget_msec, &Self::set_collision_budget_msec,
        Hint::range(0.1, 16, 0.1, "or_less,suffix:ms"),
        "How many milliseconds per frame the main thread may spend on ground for bodies. Ground "
        "that was edited under a body comes first, and the old shape stays until the new one is "
        "in. At least one step is made in each physics tick. Values below 0 count as 0, values "
        "above 1000 as 1000. A value that is not a number is refused.");
    c.group("Streaming");
    c.property("view_distance", &Self::view_distance, &Self::set_view_distance,
               Hint::range(kViewDistance.lowest, kViewDistance.highest, 1, "suffix:voxels"),
               "How far the terrain is shown around the viewer, on each axis, in voxels. Far "
               "terrain is shown with less detail, so a view of 8000 voxels costs about as many "
               "chunks as one of 500 without levels of detail. From 1 to 16384; any other value is "
               "refused with an error.");
    c.property("detail_distance", &Self::detail_distance, &Self::set_detail_distance,
               Hint::range(kDetailDistance.lowest, kDetailDistance.highest, 1, "suffix:voxels"),
               "How far full detail reaches around the viewer, on each axis, in voxels. Each "
               "coarser level reaches twice as far as the one before, with voxels twice as large. "
               "From 1 to 512; any other value is refused with an error.");
    c.property(
        "viewer_path", &Self::viewer_path, &Self::set_viewer_path, Hint::path_to<Node3D>(),
        "The node that the terrain loads around. If it is empty, the terrain uses the viewport's "
        "current camera, and until the node first exists, too. If the viewer disappears, the "
        "terrain stays where the viewer last was. If there is a [VoxelViewer] in the terrain's "
        "world, this is not used. Before the first viewer appears, it loads around its own origin. "
        "A viewer outside the world is not followed; the terrain says so in one warning.");
    // A prefix keeps the names short enough for the inspector.
    c.subgroup("Frame Budget of Loading", "commit_");
    c.property("commit_budget_msec", &Self::commit_budget_msec, &Self::set_commit_budget_msec,
               Hint::range(0.1, 16, 0.1, "or_less,suffix:ms"),
               "How many milliseconds per frame the main thread may spend on preparing loaded "
               "chunks for the screen. At least one chunk is prepared in each frame. Values below "
               "0 count as 0, values above 1000 as 1000. A value that is not a number is refused.");
    c.subgroup("Frame Budget While Awaited", "loading_");
    c.property(
        "loading_budget_msec", &Self::loading_budget_msec, &Self::set_loading_budget_msec,
        Hint::range(0.1, 32, 0.1, "or_less,suffix:ms"),
        "The same while a script awaits [method wait_loaded] or [method wait_area_ready], as "
        "behind a loading screen. Has no effect if it is less than [member commit_budget_msec]. "
        "Values below 0 count as 0, values above 1000 as 1000. A value that is not a number is "
        "refused.");
    c.subgroup("Frame Budget of Edits", "edit_");
    c.property("edit_budget_msec", &Self::edit_budget_msec, &Self::set_edit_budget_msec,
               Hint::range(0.1, 32, 0.1, "or_less,suffix:ms"),
               "How many milliseconds per frame the main thread may spend on showing edits. Edits "
               "that take longer appear together in a later frame. Values below 0 count as 0, "
               "values above 1000 as 1000. A value that is not a number is refused.");

    bind_brushes(c);
    bind_edits(c);
    bind_islands(c);
    c.method("raycast", &Self::raycast, {"from", "direction", "max_distance"})
        .doc(
            "Returns a Dictionary with the [code]position[/code], [code]normal[/code], "
            "[code]distance[/code] and [code]material[/code] of the first ground that the ray "
            "meets, or an empty one. All values are global. [param direction] may have any length "
            "except zero; [param "
            "max_distance] must be from 0 to 10000 voxels. The ray needs no collision shape and "
            "sees every edit at once. A ray that starts inside the ground hits at distance 0.");
    c.method("sweep_sphere", &Self::sweep_sphere, {"center", "radius", "motion"})
        .doc(
            "Moves a sphere along [param motion] until it touches the ground. Arguments and result "
            "are as for [method sweep_capsule], without a direction.");
    c.method("sweep_capsule", &Self::sweep_capsule, {"transform", "radius", "height", "motion"})
        .doc(
            "Moves a capsule along [param motion] until it touches the ground. The capsule stands "
            "on the y axis of [param transform], like a [CapsuleShape3D] of the same [param "
            "radius] and [param height]. Needs no collision shape and sees every edit at "
            "once.\n\nReturns an empty Dictionary if nothing is in the way. Otherwise "
            "[code]position[/code] is where its centre stops, after [code]distance[/code] metres "
            "or [code]fraction[/code] of the motion; it touches the ground at [code]point[/code], "
            "and [code]normal[/code] points from there to it. It stops with a gap of at most 1/512 "
            "voxel. What it touches at the start is in its way only if it moves into that.\n\nThe "
            "radius must be above 0 and at most 16 voxels, the capsule at most 64 voxels long, the "
            "motion at most 1000. A capsule that is not longer than it is thick is a sphere.");
    c.method("overlap_sphere", &Self::overlap_sphere, {"center", "radius"})
        .doc("As [method overlap_capsule], for a sphere.");
    c.method("overlap_capsule", &Self::overlap_capsule, {"transform", "radius", "height"})
        .doc(
            "Returns where a capsule is nearest to being out of the ground: moved by "
            "[code]depth[/code] along [code]normal[/code], it touches the ground at "
            "[code]point[/code] no more; another place may still be in the way then. Empty if it "
            "does not touch the ground. Arguments are as for [method sweep_capsule].");
    c.method("nearest_surface", &Self::nearest_surface, {"position", "max_distance"})
        .doc(
            "Returns the [code]position[/code] of the ground that is nearest to a place, its "
            "[code]normal[/code] and the [code]distance[/code], which is negative inside the "
            "ground; or an empty Dictionary if there is none within [param max_distance], at most "
            "32 voxels.");
    c.method("ground_height", &Self::ground_height, {"x", "z"})
        .doc(
            "Returns the height of the highest ground at a global x and z, or NAN if there is none "
            "within 5000 voxels of the node's own height.");
    c.method("sample", &Self::sample, {"position"})
        .doc(
            "Returns about how far a place is from the ground, in metres: negative inside, and "
            "never more than 4 voxels. NAN if it is outside the world.");
    c.method("material_at", &Self::material_at, {"position"})
        .doc(
            "Returns the number of the material of the ground at a place, or within a voxel of it. "
            "-1 if there is no ground.");
    c.method("is_loaded", &Self::is_loaded)
        .doc("Returns whether everything in view, including edits, is on the screen.");
    c.method("wait_loaded", &Self::wait_loaded)
        .doc(
            "Waits until everything in view is on the screen. May be called at any "
            "time:\n[codeblock]\nif await terrain.wait_loaded():\n    "
            "spawn_player()\n[/codeblock]\nReturns [code]true[/code], at once if the terrain has "
            "already loaded. Chunks that failed do not hold it up. Returns [code]false[/code] if "
            "the terrain is freed, or if it cannot load: it has no generator, its world could not "
            "be created, it has a transform that cannot work, or it is in the editor and not part "
            "of the edited scene. If the node "
            "is outside the scene tree and has not loaded before, this waits until the node enters "
            "it.");
    c.method("is_area_ready", &Self::is_area_ready, {"area", "level"})
        .defaults(0)
        .doc(
            "Returns whether everything in [param area], a global box, is on the screen, edits "
            "included. [param level] says how fine it must be: 0 is full detail, and each further "
            "level has voxels twice as large. A place that no viewer asks for so finely is not "
            "ready, and neither is one whose chunk failed.");
    c.method("wait_area_ready", &Self::wait_area_ready, {"area", "level"})
        .defaults(0)
        .doc(
            "Waits until [method is_area_ready] is true. Put somebody on the ground that is really "
            "there:\n[codeblock]\nif await terrain.wait_area_ready(AABB(spawn - Vector3.ONE * 4, "
            "Vector3.ONE * 8)):\n    add_player(spawn)\n[/codeblock]\nReturns [code]true[/code], "
            "at once if the area is ready. Returns [code]false[/code] as [method wait_loaded] "
            "does, and for an area that is not finite or reaches out of the world. It waits as "
            "long as no viewer is near enough, or none that needs meshes.");
    c.method("is_ground_ready", &Self::is_ground_ready, {"body"})
        .doc(
            "Returns whether the ground around [param body], as far as [member "
            "collision_distance], is in the physics engine, edits included.");
    c.method("ground_ready", &Self::ground_ready, {"body"})
        .doc(
            "Waits until [method is_ground_ready] is true, so that nothing falls through while a "
            "terrain loads:\n[codeblock]\nbody.freeze = true\nadd_child(body)\nif await "
            "terrain.ground_ready(body):\n    body.freeze = false\n[/codeblock]\n[param body] may "
            "be any [Node3D], for example a marker where a body will appear. Returns "
            "[code]true[/code], at once if there is ground already. Returns [code]false[/code] if "
            "the body is freed, as [method wait_loaded] does, and if [member collision_enabled] is "
            "off.");
    c.method("why_late", &Self::why_late, {"position"})
        .doc(
            "Returns what a global position is waiting for, in one English sentence for an overlay "
            "or a bug report, or an empty string if it is shown as finely as the viewers ask for.");
    c.method("audit", &Self::audit)
        .doc(
            "Looks for a hole in what is shown, for ground that is shown twice, for levels that do "
            "not fit together, and for ground in view that is neither shown nor about to be "
            "loaded. Returns what is wrong, or an empty string: it is a bug if it is not empty. "
            "For tests; it takes some milliseconds after each change.");
    c.method("get_statistics", &Self::statistics)
        .doc(
            "Returns counts and times of the world, for an overlay. In view now: "
            "[code]wanted[/code], [code]loaded[/code], [code]failed[/code] chunks. On their way: "
            "[code]queued[/code], [code]in_flight[/code], [code]waiting[/code] chunks with "
            "[code]waiting_bytes[/code], in [code]steps[/code] of chunks that appear together. On "
            "the screen: [code]shown[/code] chunks with [code]triangles_shown[/code], and in "
            "[code]levels[/code] how many chunks of each level, those without a surface included. "
            "Since the world was created: [code]meshed[/code] chunks loaded, [code]remeshed[/code] "
            "chunks for [code]edits[/code], and the [code]triangles[/code] of both. Memory: "
            "[code]bricks[/code], [code]edited_bricks[/code], [code]brick_bytes[/code]. Collision: "
            "[code]collision_bodies[/code] that have ground, [code]collision_tiles[/code] of 16 "
            "voxels, [code]collision_shapes[/code] in the physics engine, "
            "[code]collision_waiting[/code] tiles to be built, [code]last_collision_msec[/code] of "
            "the main thread in the last frame. Main thread: [code]last_update_msec[/code], "
            "[code]last_commit_msec[/code], [code]last_edit_commit_msec[/code].");
    c.method("get_load_utilization", &Self::load_utilization)
        .doc(
            "Returns how busy the workers were while chunks waited for a worker: "
            "[code]queued_seconds[/code] is that time, and [code]busy_share[/code] has, for each "
            "worker, the share of it in which the worker was busy, from 0 to 1.");
    c.method("regenerate", &Self::regenerate)
        .doc(
            "Builds the world again with the current settings of the generator. Everything dug is "
            "lost, unless [member world_store] has it: then the world is loaded from its file, "
            "after it was saved to it if [member VoxelWorldStore.autosave_interval_sec] is above "
            "0. Edits that were not shown yet are dropped without [signal edit_committed].");
    c.method("retry_failed", &Self::retry_failed)
        .doc("Tries again to load every chunk that failed. Returns how many there are.");

    c.method("save", &Self::save)
        .doc(
            "Saves everything dug and built until now to the file of [member world_store], and "
            "waits until it is safe on the disk. The game goes on meanwhile.\n[codeblock]\nvar "
            "problem: String = await terrain.save()\nif problem:\n    "
            "show_message(problem)\n[/codeblock]\nReturns an empty string, or one sentence that "
            "says why nothing was saved; the next save then has it again. A save is whole or not "
            "at all. Calls during a save share the next one.");
    c.method("export_region", &Self::export_region, {"area", "path"})
        .doc(
            "Saves, and then writes what was changed in [param area], a global box, to a new file, "
            "which is a world file itself: another [VoxelWorldStore] can have it as its [member "
            "VoxelWorldStore.file_path]. The region reaches as far as the bricks, 16 voxels of "
            "each level, that have a voxel in the box. A file that exists is not replaced. If the "
            "terrain's own file is damaged or cannot be written to, the new one has what can be "
            "read of it and all that was changed since: an area around everything rescues such a "
            "world. To be awaited as [method save] is, with the same result.");
    c.method("import_region", &Self::import_region, {"path", "moved_by"})
        .defaults(Vector3i{})
        .doc(
            "Makes the ground in the box that [method export_region] was asked for what it was "
            "there, moved by so many voxels of the terrain's own space:\n[codeblock]\nvar problem: "
            "String = await terrain.import_region(\"user://house.nebula\", Vector3i(64, 0, "
            "0))\nif problem:\n    show_message(problem)\n[/codeblock]\nThe file is read and the "
            "edit worked out in the background. Then it appears as a whole, as one edit that "
            "[method undo] takes back. The box may have up to 256 voxels along each axis. Ground "
            "in it that nobody had changed is what this terrain's generator makes at the old "
            "place; a region from another generator is imported with a warning. The result is an "
            "empty string if all of it is there; or one sentence. Of a file that is damaged, what "
            "is "
            "intact is imported, and the sentence says so; then [signal region_imported] came "
            "before it. Else the sentence says why nothing was changed.");

    c.signal("world_loaded", {argument<Dictionary>("report")},
             "Emitted when the file of [member world_store] is loaded. From then on the terrain "
             "can be changed, and it begins to appear. [param report] has [code]created[/code], "
             "whether there was no such file before; [code]read_only[/code]; [code]bricks[/code], "
             "how many pieces of 16 voxels it has; [code]damaged[/code], how many of them could "
             "not be read; and [code]warnings[/code], a sentence for each thing that is wrong with "
             "the file, such as settings of another generator. Warnings are printed, too.");
    c.signal(
        "region_imported", {argument<Dictionary>("report")},
        "Emitted when [method import_region] has changed the ground, before it answers. [param "
        "report] has [code]damaged[/code], how many pieces of 16 voxels in the region could not "
        "be read, and [code]warnings[/code], as in [signal world_loaded]. Whoever wants the "
        "whole region or nothing calls [method undo] if the answer is a sentence that came "
        "after this signal.");
    c.signal("saved", {argument<std::int64_t>("bricks")},
             "Emitted after each save that has succeeded, whoever asked for it. [param bricks] is "
             "how many pieces of 16 voxels were written.");
    c.signal("save_failed", {argument<String>("message")},
             "Emitted after each save that has failed, and when the file of [member world_store] "
             "cannot be opened. [param message] is one sentence that says what was wrong and what "
             "to do; it is also printed as a warning. Nothing is lost by a failed save: the next "
             "one has all of it.");
    c.signal("loaded", {},
             "Emitted when everything in view is on the screen, and again whenever the viewer has "
             "moved and the new view has loaded. To wait for that, use [method wait_loaded]: if "
             "the terrain has already loaded, the signal is not emitted again.");
    c.signal("chunk_failed", {argument<Vector3i>("chunk"), argument<String>("message")},
             "Emitted when a chunk could not be built, with the reason in [param message]; all "
             "others continue. If nothing is connected, the first one of a world is an error. "
             "[param chunk] is the position of its corner, in chunks of 32 voxels "
             "of full detail.");
    c.signal(
        "chunk_shown", {argument<AABB>("area"), argument<std::int64_t>("level")},
        "A chunk with a surface has appeared, or has been replaced by a newer state of it: it has "
        "loaded, its level or that of a chunk beside it has changed, or an edit has changed it. "
        "[param area] is its box in global coordinates as the terrain lies now, and [param level] "
        "its level of detail, 0 being the finest. Emitted in the frame in which it is drawn first, "
        "and for edits in the next.");
    c.signal(
        "chunk_removed", {argument<AABB>("area"), argument<std::int64_t>("level")},
        "A chunk with a surface has disappeared: it is out of view, or chunks of another level "
        "stand in its place. If the terrain has moved since the chunk appeared, [param area] has "
        "moved with it. Not emitted when the whole world ends, as with [method regenerate], or "
        "when the terrain is freed.");
    c.signal("edit_committed", {argument<Dictionary>("info")},
             "Emitted when a group of edits is on the screen. All edits of a frame are one group. "
             "[param info] has [code]edits[/code], the number of edits; [code]chunks[/code], how "
             "many chunks had to be meshed again, and [code]failed[/code], how many of those "
             "failed; [code]msec[/code], for each edit the time from its call until now; and "
             "[code]same_frame[/code], how many edits are shown in the frame in which they were "
             "made. Over all signals, [code]edits[/code] and [code]chunks[/code] add up to "
             "[code]edits[/code] and [code]remeshed[/code] in [method get_statistics].");

    c.notification<&Self::on_notification>();
    c.virtual_method(Node::Virtuals::get_configuration_warnings, &Self::configuration_warnings);
}

}  // namespace nebula::godot
