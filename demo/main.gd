extends Node
## Runs the demo: load, dig, idle, report, quit. crater_run.gd has the phases and report.gd the
## figures; this script reads the command line and decides the order.
##
## User arguments (after `--`): --threads=N --seconds=S --flight[=S] --config=FILE --report=FILE
## --screenshot=FILE. `./run demo` passes them. Without any, as when started from the editor, the
## demo is a playground to fly and dig in (player.gd).

const DemoReport := preload("res://report.gd")
const CraterRun := preload("res://crater_run.gd")
const Player := preload("res://player.gd")
const EXIT_BAD_INPUT := 2

var _options: Dictionary = {"seconds": 8.0}


func _ready() -> void:
	var problem := _read_arguments(OS.get_cmdline_user_args())
	if problem.is_empty() and _options.has("config"):
		problem = Nebula.configure(_options["config"])
	if problem.is_empty() and _options.has("threads"):
		problem = Nebula.set_thread_count(_options["threads"])
	if not problem.is_empty():
		printerr("nebula: ", problem)
		get_tree().quit(EXIT_BAD_INPUT)
	elif OS.get_cmdline_user_args().is_empty():
		_play()
	else:
		_run()


func _play() -> void:
	var world: CraterRun = load("res://world.tscn").instantiate()
	world.report = DemoReport.new()
	add_child(world)
	world.get_node("Camera").add_child(Player.new())


func _run() -> void:
	var report := DemoReport.new()
	OS.add_logger(report.error_counter)
	await _enter_first_terrain(report)
	var world_scene: PackedScene = load("res://world.tscn")
	await _rehearse(world_scene)
	var objects_before := Performance.get_monitor(Performance.OBJECT_COUNT)

	var world: CraterRun = world_scene.instantiate()
	world.report = report
	add_child(world)
	await world.load_terrain()
	await world.dig_craters(_options["seconds"])
	if _options.has("flight"):
		await world.fly(_options["flight"])
	await world.idle(3.0)
	var exit_code := 0
	if _options.has("screenshot"):
		exit_code = maxi(exit_code, await world.take_picture(_options["screenshot"]))
	await _free_world(world)
	world = null
	report.leaked_objects = maxi(int(Performance.get_monitor(Performance.OBJECT_COUNT) - objects_before), 0) \
			+ Nebula.live_engine_resources()
	OS.remove_logger(report.error_counter)
	if _options.has("report"):
		exit_code = maxi(exit_code, report.write(_options["report"]))
	report.print_table()
	get_tree().quit(maxi(exit_code, 1 if report.has_failed() else 0))


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
func _rehearse(world_scene: PackedScene) -> void:
	var world: CraterRun = world_scene.instantiate()
	world.report = DemoReport.new()
	world.quiet = true
	world.get_node("Terrain").view_distance = 64.0
	add_child(world)
	await world.load_terrain()
	await world.dig_craters(0.05)
	await world.idle(0.01)
	if _options.has("screenshot"):
		await world.picture()
	world.report.as_dictionary()
	await _free_world(world)


func _free_world(world: Node) -> void:
	world.queue_free()
	for i in 20:
		await get_tree().process_frame


## Returns an empty string, or one sentence that says what was wrong.
func _read_arguments(arguments: PackedStringArray) -> String:
	for argument in arguments:
		var name := argument.get_slice("=", 0).trim_prefix("--")
		var value := argument.substr(argument.find("=") + 1) if "=" in argument else ""
		match name:
			"threads":
				if not value.is_valid_int() or value.to_int() < 1:
					return "--threads needs a whole number of at least 1, not '%s'" % value
				_options["threads"] = value.to_int()
			"seconds":
				if not value.is_valid_float() or value.to_float() <= 0.0:
					return "--seconds needs a number above 0, not '%s'" % value
				_options["seconds"] = value.to_float()
			"flight":
				if not value.is_valid_float() or value.to_float() <= 0.0:
					return "--flight needs a number of seconds above 0, not '%s'" % value
				_options["flight"] = value.to_float()
			"config", "report", "screenshot":
				if value.is_empty():
					return "--%s needs a file name" % name
				_options[name] = value
			_:
				return "unknown argument '%s'; known are --threads, --seconds, --flight, --config, --report, --screenshot" % argument
	return ""
