extends Node
## Load, dig, idle, report: what `./run demo` shows and measures. crater_run.gd has the phases and
## report.gd the figures; this script decides the order.

const DemoReport := preload("res://report.gd")
const CraterRun := preload("res://crater_run.gd")
const Picture := preload("res://picture.gd")
const Player := preload("res://player.gd")
const USUAL_SECONDS := 8.0


## A playground to fly and dig in (player.gd).
func play(_options: Dictionary) -> void:
	var world: CraterRun = load("res://world.tscn").instantiate()
	world.report = DemoReport.new()
	add_child(world)
	world.get_node("Camera").add_child(Player.new())


## Returns the exit code.
func run(options: Dictionary) -> int:
	var report := DemoReport.new()
	OS.add_logger(report.error_counter)
	await _enter_first_terrain(report)
	var world_scene: PackedScene = load("res://world.tscn")
	await _rehearse(world_scene, options)
	var objects_before := Performance.get_monitor(Performance.OBJECT_COUNT)

	var world: CraterRun = world_scene.instantiate()
	world.report = report
	add_child(world)
	await world.load_terrain()
	await world.dig_craters(options.get("seconds", USUAL_SECONDS))
	if options.has("flight"):
		await world.fly(options["flight"])
	await world.idle(3.0)
	var exit_code := 0
	if options.has("screenshot"):
		exit_code = Picture.write(await world.picture(), options["screenshot"])
	await _free_world(world)
	world = null
	report.leaked_objects = maxi(int(Performance.get_monitor(Performance.OBJECT_COUNT) - objects_before), 0) \
			+ Nebula.live_engine_resources()
	OS.remove_logger(report.error_counter)
	if options.has("report"):
		exit_code = maxi(exit_code, report.write(options["report"]))
	report.print_table()
	return maxi(exit_code, 1 if report.has_failed() else 0)


## What the first terrain of a game costs the main thread: the call that adds it to the tree, and the
## longest of the frames that follow. Nothing else is in the scene.
func _enter_first_terrain(report: DemoReport) -> void:
	var terrain := VoxelTerrain.new()
	terrain.generator = VoxelNoiseGenerator.new()
	# A pool that --threads or --config has changed starts again, in the background.
	await get_tree().create_timer(0.2).timeout
	var started := Time.get_ticks_usec()
	add_child(terrain)
	var enter_msec := (Time.get_ticks_usec() - started) / 1000.0
	var frame_msec := 0.0
	for i in 4:
		await get_tree().process_frame
		frame_msec = maxf(frame_msec, Nebula.frame_work_msec())
	report.set_first_terrain(enter_msec, frame_msec)
	await _free_world(terrain)


## A short run before the objects are counted. What the engine and the scripts make once and keep,
## such as class wrappers and the fallback theme, is no leak; whatever is left after the real run is
## the terrain's.
func _rehearse(world_scene: PackedScene, options: Dictionary) -> void:
	var world: CraterRun = world_scene.instantiate()
	world.report = DemoReport.new()
	world.quiet = true
	world.get_node("Terrain").view_distance = 64.0
	add_child(world)
	await world.load_terrain()
	await world.dig_craters(0.05)
	await world.idle(0.01)
	if options.has("screenshot"):
		await world.picture()
	world.report.as_dictionary()
	await _free_world(world)


func _free_world(world: Node) -> void:
	world.queue_free()
	for i in 20:
		await get_tree().process_frame
