# A game that quits saves what was dug, of terrains with autosave: of one in the tree, and of one outside
# that nobody frees. A second engine is that game.
# says: ^saved$
extends "res://probed_tree.gd"

const IN_TREE := "user://nebula_quit_saves_1.nebula"
const OUTSIDE := "user://nebula_quit_saves_2.nebula"


func _run() -> void:
	if "dig" in OS.get_cmdline_user_args():
		var outside := await terrain(OUTSIDE)
		root.remove_child(outside)
		root.add_child(outside)
		outside.dig_sphere(Vector3.ZERO, 6.0)
		root.remove_child(outside)
		(await terrain(IN_TREE)).dig_sphere(Vector3.ZERO, 6.0)
		quit()
		return
	for path: String in [IN_TREE, OUTSIDE]:
		DirAccess.remove_absolute(path)
	OS.execute(OS.get_environment("GODOT"), [
		"--headless", "--path", ProjectSettings.globalize_path("res://"), "--script",
		"res://alone/quit_saves.gd", "--", "dig"
	])
	var holes := 0
	for path: String in [IN_TREE, OUTSIDE]:
		var kept := await terrain(path)
		var hit := kept.raycast(Vector3(0, 40, 0), Vector3.DOWN, 80.0)
		holes += 1 if hit and absf(hit.position.y + 6.0) < 0.1 else 0
		kept.free()
		DirAccess.remove_absolute(path)
	print("saved" if holes == 2 else "ERROR: %d of 2 craters were saved" % holes)
	await process_frame
	await process_frame
	quit()


func terrain(path: String) -> VoxelTerrain:
	var made := VoxelTerrain.new()
	made.generator = VoxelFlatGenerator.new()
	made.view_distance = 64.0
	made.world_store = VoxelWorldStore.new()
	made.world_store.file_path = path
	root.add_child(made)
	await made.world_loaded
	await process_frame  # what emits cannot be freed
	return made
