# The extension is unloaded while a terrain uses its generator and its coroutines are pending: the
# terrain keeps what it shows, what it needs besides fails with a sentence, and after a load it can be
# generated again. Through names: a script that names a class holds it.
# says: ^ERROR: .*the extension that made this world was unloaded or reloaded; the terrain must be generated anew
# says: ^unload: passed$
extends SceneTree

const EXAMPLE := "res://addons/example/example.gdextension"


func _initialize() -> void:
	_run()


func _run() -> void:
	await process_frame
	var terrain: Node3D = ClassDB.instantiate("VoxelTerrain")
	terrain.generator = ClassDB.instantiate("VoxelNativeGenerator")
	terrain.generator.source = ClassDB.instantiate("ExampleMoonGenerator")
	terrain.view_distance = 64.0
	root.add_child(terrain)
	check(await terrain.wait_loaded(), "it loads")
	var shown: int = terrain.get_statistics().triangles_shown
	check(terrain.dig_sphere(Vector3(0, 0, 0), 3.0) == OK, "and is dug")
	# In the middle of loading, with workers in the extension's code.
	terrain.view_distance = 512.0
	await process_frame
	await process_frame
	terrain.generator.source = null
	check(GDExtensionManager.unload_extension(EXAMPLE) == GDExtensionManager.LOAD_STATUS_OK, "it goes")
	check(not ClassDB.class_exists("ExampleMoonGenerator"), "with its classes")
	check(ClassDB.class_exists("NebulaTask"), "and nothing of the add-on's")
	check(Performance.has_custom_monitor("nebula/tasks_alive"), "nor its monitors")
	var guard := Time.get_ticks_msec() + 20_000
	while terrain.get_statistics().failed == 0 and Time.get_ticks_msec() < guard:
		await process_frame
	check(terrain.get_statistics().failed > 0, "chunks that were to come fail")
	check(terrain.dig_sphere(Vector3(2000, 0, 0), 3.0) != OK, "what needs the generator fails")
	check(terrain.get_statistics().triangles_shown >= shown, "what is shown stays")
	check(GDExtensionManager.load_extension(EXAMPLE) == GDExtensionManager.LOAD_STATUS_OK, "it comes back")
	terrain.view_distance = 64.0
	terrain.generator.source = ClassDB.instantiate("ExampleMoonGenerator")
	terrain.regenerate()
	check(await terrain.wait_loaded(), "and the terrain loads")
	check(terrain.dig_sphere(Vector3(0, 0, 0), 3.0) == OK, "and is dug")
	print("unload: passed")
	quit()


func check(condition: bool, claim: String) -> void:
	if not condition:
		printerr("ERROR: does not hold: ", claim)
