# Two copies of the add-on in one project: the second says so and stays out of the way; the first
# works, and either may be unloaded, loaded again and left loaded at the end.
# says: ^ERROR: Nebula is in this project twice: .*libnebula\.so.* is not used, and .* works\. Delete one of the two add-on folders, and restart\.$
extends SceneTree

const ONE := "res://one.gdextension"
const TWO := "res://two.gdextension"
const OK_STATUS := GDExtensionManager.LOAD_STATUS_OK


func _initialize() -> void:
	_run()


func _run() -> void:
	await process_frame
	await works("at the start")
	status(GDExtensionManager.unload_extension(TWO), "the second goes")
	await works("without the second")
	status(GDExtensionManager.unload_extension(ONE), "the first goes")
	check(not ClassDB.class_exists("VoxelTerrain"), "nothing is left")
	check(not Engine.has_singleton("Nebula"), "no singleton is left")
	check(not Performance.has_custom_monitor("nebula/tasks_alive"), "no monitor is left")
	status(GDExtensionManager.load_extension(TWO), "the second comes back, alone")
	await works("with the second alone")
	status(GDExtensionManager.load_extension(ONE), "now this one is too many")
	await works("with the second first")
	print("crowded: passed")
	quit()


# Through names: a script that names a class holds it.
func works(when: String) -> void:
	check(Engine.get_singleton("Nebula").worker_count() > 0, "the singleton " + when)
	check(Performance.has_custom_monitor("nebula/tasks_alive"), "a monitor " + when)
	check(ProjectSettings.has_setting("nebula/tasks/budget_msec"), "the settings " + when)
	await process_frame  # a monitor is made as the main loop starts, or later
	var terrain: Variant = ClassDB.instantiate("VoxelTerrain")
	terrain.generator = ClassDB.instantiate("VoxelFlatGenerator")
	terrain.view_distance = 32.0
	root.add_child(terrain)
	var hang_guard := Time.get_ticks_msec() + 30_000  # the pool starts in the background
	while not terrain.is_loaded() and Time.get_ticks_msec() < hang_guard:
		await process_frame
	check(terrain.is_loaded(), "a terrain loads " + when)
	check(terrain.dig_sphere(Vector3.ZERO, 3.0) == OK, "and is dug " + when)
	terrain.queue_free()
	await process_frame
	await process_frame


func status(got: GDExtensionManager.LoadStatus, what: String) -> void:
	check(got == OK_STATUS, "%s: status %d" % [what, got])


func check(condition: bool, claim: String) -> void:
	if not condition:
		printerr("ERROR: does not hold: ", claim)
