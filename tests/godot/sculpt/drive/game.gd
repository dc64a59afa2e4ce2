# The game that plugin.gd starts: it must have the world that the editor has saved and still has open.
extends SceneTree


func _initialize() -> void:
	_run()


func _run() -> void:
	var island: Node = load("res://island.tscn").instantiate()
	root.add_child(island)
	var camera := Camera3D.new()
	camera.position = Vector3(0, 10, 20)
	island.add_child(camera)
	var terrain: VoxelTerrain = island.get_node("Terrain")
	var report: Dictionary = await terrain.world_loaded
	var wrong := PackedStringArray()
	if not report.read_only:
		wrong.append("it may write to the file")
	if not await terrain.wait_loaded():
		wrong.append("it does not load")
	if terrain.ground_height(0, 8) > -3.0:
		wrong.append("a stroke is missing")
	if terrain.ground_height(-7, 10) > -1.0:
		wrong.append("the stroke is missing that was not saved when the game was started")
	if terrain.dig_sphere(Vector3(12, 0, 12), 3.0) != OK or terrain.ground_height(12, 12) > -1.0:
		wrong.append("it cannot be dug")
	if not "starting_path" in (await terrain.save()):
		wrong.append("it can be saved")
	island.free()
	var out := FileAccess.open(OS.get_cmdline_user_args()[0] + ".part", FileAccess.WRITE)
	out.store_string("ok" if wrong.is_empty() else ", ".join(wrong))
	out.close()
	DirAccess.rename_absolute(OS.get_cmdline_user_args()[0] + ".part", OS.get_cmdline_user_args()[0])
	quit()
