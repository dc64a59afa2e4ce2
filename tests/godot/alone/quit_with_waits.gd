# Quits while scripts wait for a terrain. They are told that it will not load, as when it is freed; an
# error would be an object, which a script takes for a yes.
extends "res://probed_tree.gd"


func _run() -> void:
	var terrain := VoxelTerrain.new()
	terrain.generator = VoxelNoiseGenerator.new()
	terrain.view_distance = 16000.0
	root.add_child(terrain)
	_wait_for_all(terrain)
	_wait_for_a_place(terrain)
	for i in 3:
		await process_frame
	quit()


static func _wait_for_all(terrain: VoxelTerrain) -> void:
	if await terrain.wait_loaded():
		push_error("a terrain that was still loading at the end has loaded")


static func _wait_for_a_place(terrain: VoxelTerrain) -> void:
	if await terrain.wait_area_ready(AABB(Vector3(1e5, 0, 0), Vector3.ONE)):
		push_error("a place without a viewer was ready at the end")
