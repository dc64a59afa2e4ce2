# Quits with three terrains: one that loads, one with an edit that is not shown yet and one that workers
# make, for which a script waits, and one that nobody frees, outside the tree, with such an edit, too.
# All worlds end while the pool and the renderer are still there.
# says: ^told 3$
# says: ^WARNING: .* leaked at exit
# says: ^WARNING: 1 objects of VoxelTerrain outlive the extension
# says: ^WARNING: 1 objects of VoxelNoiseGenerator outlive the extension
extends "res://probed_tree.gd"


func _run() -> void:
	var forgotten := terrain()
	await forgotten.wait_loaded()
	forgotten.dig_sphere(Vector3.ZERO, 4.0)
	forgotten.dig_sphere_async(Vector3.ZERO, 400.0)
	root.remove_child(forgotten)
	var dug := terrain()
	await dug.wait_loaded()
	terrain().view_distance = 512.0
	dug.dig_sphere(Vector3.ZERO, 8.0)
	wait_for(dug)
	quit()


func terrain() -> VoxelTerrain:
	var made := VoxelTerrain.new()
	made.generator = VoxelNoiseGenerator.new()
	made.view_distance = 64.0
	root.add_child(made)
	return made


func wait_for(dug: VoxelTerrain) -> void:
	var result: Error = await dug.dig_sphere_async(Vector3.ZERO, 400.0)
	print("told " if result == ERR_UNCONFIGURED else "mistold ", result)
