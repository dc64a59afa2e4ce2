# Quits while a region is exported, and while a save waits. Each script is told what was not answered.
# says: ^the game quit before the export was answered$
# says: ^the game quit before the save was answered$
extends "res://probed_tree.gd"

const FILE := "user://nebula_quit_with_an_export.nebula"
const REGION := "user://nebula_quit_with_an_export_region.nebula"


func _run() -> void:
	for path: String in [FILE, REGION]:
		DirAccess.remove_absolute(path)
	var terrain := VoxelTerrain.new()
	terrain.generator = VoxelFlatGenerator.new()
	terrain.view_distance = 64.0
	terrain.world_store = VoxelWorldStore.new()
	terrain.world_store.file_path = FILE
	root.add_child(terrain)
	await terrain.world_loaded
	await process_frame
	terrain.dig_sphere(Vector3.ZERO, 6.0)
	_export(terrain)
	_save(terrain)
	quit()


static func _export(terrain: VoxelTerrain) -> void:
	print(await terrain.export_region(AABB(Vector3.ONE * -8, Vector3.ONE * 16), REGION))


static func _save(terrain: VoxelTerrain) -> void:
	print(await terrain.save())
