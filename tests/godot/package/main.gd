# What the README shows: loads, shoots a hole into the ground, and says how much came out.
extends Node3D

@onready var terrain: VoxelTerrain = $VoxelTerrain


func _ready() -> void:
	if not await terrain.wait_loaded():
		push_error("the terrain did not load")
	var hit := terrain.raycast(Vector3(0.0, 60.0, 0.0), Vector3.DOWN, 200.0)
	if hit and terrain.dig_sphere(hit.position, 4.0) == OK:
		var kind := "debug" if OS.is_debug_build() else "release"
		print("nebula %s, %s: dug %d cubic metres" % [Nebula.version(), kind, terrain.get_last_edit().removed])
	get_tree().quit()
