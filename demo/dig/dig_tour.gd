extends Node
## `./run demo --dig`: the digging game plays by itself. Each part makes a promise and says whether it
## was kept.

const DemoReport := preload("res://report.gd")
const DigGame := preload("res://dig/dig_game.gd")
const Picture := preload("res://picture.gd")
const Robot := preload("res://dig/robot.gd")
const FILE := "user://dig_tour.nebula"
const BRIDGE_LENGTH := 14.0

var _report := DemoReport.new()
var _pictures := ""
var _exit_code := 0
var _game: DigGame
var _robot: Robot
var _audit_msec := 0.0
var _has_compared := false
## Where the player stood in the middle of it.
var _bridge := Vector3.ZERO


func play(_options: Dictionary) -> void:
	get_tree().change_scene_to_file.call_deferred("res://dig/dig.tscn")


## Returns the exit code.
func run(options: Dictionary) -> int:
	OS.add_logger(_report.error_counter)
	get_viewport().disable_3d = Picture.draws_by_software()
	_pictures = options.get("pictures", "")
	_remove_files()

	await _open_what_is_no_world()
	await _open()
	await _walk()
	await _build_a_bridge()
	await _let_something_fall()
	await _throw_things()
	await _dig_a_tunnel()
	await _undo()
	await _save_and_go_back()
	await _save_and_open_again()
	_remove_files()

	OS.remove_logger(_report.error_counter)
	if options.has("report"):
		_exit_code = maxi(_exit_code, _report.write(options["report"]))
	_report.print_table()
	return maxi(_exit_code, 1 if _report.has_failed() else 0)


func _process(_delta: float) -> void:
	if _game == null or _game.player.waits:
		return
	if _has_compared:
		_has_compared = false  # no game does that in a frame
	else:
		_report.add_frame(maxf(Nebula.frame_work_msec() - _audit_msec, 0.0))
	var started := Time.get_ticks_usec()
	var wrong := _game.terrain.audit()
	_audit_msec = (Time.get_ticks_usec() - started) / 1000.0
	if not wrong.is_empty():
		push_error("What the terrain shows does not fit together: " + wrong.left(500))


func _open() -> void:
	_report.begin_load()
	_game = load("res://dig/dig.tscn").instantiate()
	_game.get_node("WorldFile").path = FILE
	_game.get_node("Player").has_keys = false
	add_child(_game)
	_robot = Robot.new(_game)
	_game.terrain.edit_committed.connect(_report.add_edit)
	while _game.player.waits:
		await get_tree().process_frame
	_report.end_load(_game.terrain.get_statistics(), _game.terrain.get_load_utilization())
	_report.begin_frames()


## A file of somebody else's: it is told on the screen, and stays as it is. This is also what makes the
## engine and the scripts keep what they make once, before anything is counted.
func _open_what_is_no_world() -> void:
	const LETTER := "Dear diary, today I dug a hole."
	FileAccess.open(FILE, FileAccess.WRITE).store_string(LETTER)
	await _open()
	var told := _game.file.problem
	var shown := _game.hud.message()
	await _close()
	var untouched := FileAccess.get_file_as_string(FILE) == LETTER
	_report.promise("a file that is no world is told", told != "" and shown == told and untouched,
			told.replace(ProjectSettings.globalize_path(FILE), FILE))
	_remove_files()


func _close() -> void:
	_report.end_frames()
	_robot = null
	_game.queue_free()
	_game = null
	for i in 20:
		await get_tree().process_frame


func _walk() -> void:
	var start := _game.player.position
	await _robot.walk_to(start.x + 14.0, start.z - 22.0, 10.0)
	await _robot.walk_to(start.x, start.z - 34.0, 8.0)
	_report.promise("walks on the ground", _robot.deepest < 0.001 and _robot.walked > 20.0,
			"%.0f m, %.1f mm in the ground at most" % [_robot.walked, _robot.deepest * 1000.0])


## A ditch across the way, and a bridge over it.
func _build_a_bridge() -> void:
	var player := _game.player
	var tool := _game.tool
	var start := player.position
	var ahead := Vector3(0, 0, -1)
	for i in 5:
		tool.radius = 4.0
		tool.dig(_ground(start + ahead * 9.0 + Vector3((i - 2) * 4.0, 0, 0)))
		await _robot.wait(0.1)
	tool.radius = 1.25
	_choose("brick", 200.0)
	for i in 15:
		var place := start.lerp(_ground(start + ahead * BRIDGE_LENGTH * 1.3), i / 14.0) + Vector3.DOWN * 0.8
		tool.build(place)
		player.look_to(place)
		await _robot.wait(0.06)
	await _robot.walk_to(start.x, start.z - 9.0, 6.0)
	var below := _game.terrain.raycast(player.position + Vector3(4.0, 1.0, 0.0), Vector3.DOWN, 30.0)
	_bridge = player.position
	var height: float = player.position.y - below["position"].y
	await _picture("bridge", player.position + Vector3(13.0, 5.0, 5.0), player.position + Vector3(0, -1, 0))
	await _robot.walk_to(start.x, start.z - BRIDGE_LENGTH * 1.4, 6.0)
	_report.promise("a bridge carries the player", height > 2.0 and _name_below(_bridge) == "brick",
			"%.1f m above the ditch, on %s" % [height, _name_below(_bridge)])


## A mushroom of stone, whose stem is cut.
func _let_something_fall() -> void:
	var player := _game.player
	var tool := _game.tool
	var foot := _ground(player.position + Vector3(-7, 0, -6))
	tool.radius = 1.5
	_choose("rock", 200.0)
	for i in 6:
		player.look_to(foot + Vector3.UP * i)
		tool.build(foot + Vector3.UP * i * 1.2)
		await _robot.wait(0.1)
	tool.radius = 3.0
	_choose("sand", 200.0)
	tool.build(foot + Vector3.UP * 9.0)
	await _robot.wait(0.3)
	var fallen: Array = []
	_game.terrain.island_detached.connect(
			func(body: RigidBody3D, volume: float) -> void: fallen.append([body, volume, body.global_position.y]))
	tool.radius = 2.25
	tool.dig(foot + Vector3.UP * 3.0)
	await _robot.wait(0.75)
	await _picture("fall", foot + Vector3(8, 4, 11), foot + Vector3(0, 4.5, 0))
	await _robot.wait(4.0)
	var kept := fallen.size() == 1
	var seen := "%d bodies" % fallen.size()
	if kept:
		var body: RigidBody3D = fallen[0][0]
		var depth: float = fallen[0][2] - body.global_position.y
		kept = depth > 1.5 and _game.terrain.sample(body.to_global(body.center_of_mass)) > 0.0
		seen = "%.0f m³ of %.0f t fell %.1f m and lie on the ground" % [fallen[0][1], body.mass / 1000.0, depth]
	_report.promise("what hangs on nothing falls", kept, seen)


func _throw_things() -> void:
	var player := _game.player
	player.look_to(player.eye.position + Vector3(0.6, -0.1, -1))
	var things: Array[RigidBody3D] = []
	for i in 16:
		player.turn(-0.05, 0.0)
		things.append(_game.thrower.throw(_game.thrower.CRATE if i % 2 else _game.thrower.BALL))
		await _robot.wait(0.15)
	await _robot.wait(1.5)
	await _picture("throw", player.eye.position, player.eye.position + player.forward())
	await _robot.wait(3.0)
	var lost := 0
	for thing in things:
		if _game.terrain.sample(thing.position) < -0.1:
			lost += 1
	_report.promise("the ground holds what is thrown", lost == 0, "%d of %d things fell through" % [lost, things.size()])


func _dig_a_tunnel() -> void:
	var player := _game.player
	var tool := _game.tool
	var start := player.position
	var stone := tool.inventory.total()
	tool.radius = 2.25
	player.look_to(player.eye.position + _uphill(start, 14.0) + Vector3.DOWN * 0.6)
	await _robot.work(MOUSE_BUTTON_LEFT, 6.0, 0.7)
	var cover := _robot.deepest_tunnel
	var dug := tool.inventory.total() - stone
	_report.promise("a tunnel leads into the hill", cover > 2.5 and dug > 50.0 and _robot.deepest < 0.001,
			"%.0f m long, %.1f m below the grass, %.0f m³ dug" % [(player.position - start).length(), cover, dug])
	await _picture("tunnel", player.eye.position, start + Vector3.UP)


## The tunnel was one stroke: it is taken back whole, and comes back whole.
func _undo() -> void:
	var tool := _game.tool
	var area = AABB(_game.player.position, Vector3.ZERO).grow(12.0)
	var dug := _samples(area)
	var stone := tool.inventory.total()
	tool.undo()
	var filled := _game.terrain.sample(_game.player.position + Vector3.UP) < 0.0
	var given_back := stone - tool.inventory.total()
	await _robot.wait(0.5)
	tool.redo()
	var same := _samples(area) == dug and absf(tool.inventory.total() - stone) < 0.01
	_report.promise("undo and redo are exact", filled and same, "%.0f m³ back into the hill and out again" % given_back)


## What was dug after the save is forgotten.
func _save_and_go_back() -> void:
	while not _game.player.grounded:
		await _robot.step()  # undo and redo have thrown it about
	var saved: bool = await _game.file.save()
	var area := AABB(_game.player.position, Vector3.ZERO).grow(10.0)
	var before := _samples(area)
	_game.tool.radius = 4.0
	_game.tool.dig(_game.player.position)
	var changed := _samples(area) != before
	await _game.file.go_back()
	_report.promise("going back forgets what was not saved", saved and changed and _samples(area) == before,
			"%d places compared" % before.size())


## The game is closed and another one opens its file.
func _save_and_open_again() -> void:
	var saved: bool = await _game.file.save()
	var area := AABB(_game.player.position, Vector3.ZERO).expand(Vector3(_game.START.x, 0, _game.START.y - 60)).grow(16.0)
	var before := _samples(area)
	var feet := _game.player.position
	var bytes := FileAccess.open(FILE, FileAccess.READ).get_length()
	await _close()
	var left := Nebula.live_engine_resources()
	var objects := Performance.get_monitor(Performance.OBJECT_COUNT)
	await _open()
	var same := _samples(area) == before
	var moved := (_game.player.position - feet).length()
	_report.promise("the saved world is the same", saved and same and moved < 0.01 and _name_below(_bridge) == "brick",
			"%d places compared, the player moved by %.0f mm, a file of %d KB" % [before.size(), moved * 1000.0, bytes / 1024])
	await _robot.wait(2.0)
	await _picture("again", _bridge + Vector3(22, 14, -16), _bridge + Vector3(-6, -2, -6))
	await _close()
	_report.leaked_objects = left + Nebula.live_engine_resources() \
			+ maxi(int(Performance.get_monitor(Performance.OBJECT_COUNT) - objects), 0)


## The direction in which the ground is highest, to the north, away from the ditch.
func _uphill(from: Vector3, distance: float) -> Vector3:
	var best := Vector3.FORWARD
	var highest := -INF
	for i in 9:
		var direction := Vector3.FORWARD.rotated(Vector3.UP, PI * (i - 4) / 9.0)
		var height := _ground(from + direction * distance).y
		if height > highest:
			highest = height
			best = direction
	return best


func _samples(area: AABB) -> PackedFloat32Array:
	const STEP := 1.3
	_has_compared = true
	var samples: PackedFloat32Array
	for x in int(area.size.x / STEP):
		for y in int(area.size.y / STEP):
			for z in int(area.size.z / STEP):
				samples.append(_game.terrain.sample(area.position + Vector3(x, y, z) * STEP))
	return samples


## A gift, so that the tour need not dig for it.
func _choose(name: String, cubic_metres: float) -> void:
	_game.tool.inventory.chosen = _game.terrain.material_library.find(name)
	_game.tool.inventory.put(_game.tool.inventory.chosen, cubic_metres)


## Of the material on which somebody with their feet there stands.
func _name_below(feet: Vector3) -> String:
	var hit := _game.terrain.raycast(feet + Vector3.UP, Vector3.DOWN, 3.0)
	return "nothing" if hit.is_empty() else str(_game.terrain.material_library.get_material(hit["material"]).resource_name)


func _ground(place: Vector3) -> Vector3:
	return Vector3(place.x, _game.terrain.ground_height(place.x, place.z), place.z)


## As seen from a place; the player's own eye is back in the next frame.
func _picture(name: String, from: Vector3, target: Vector3) -> void:
	if _pictures.is_empty():
		return
	var player := _game.player
	var view := player.eye.global_transform
	var layers := player.eye.cull_mask
	player.set_process(false)
	player.eye.cull_mask = ~0 if from != player.eye.position else layers  # with the player in it
	player.eye.look_at_from_position(from, target)
	await get_tree().process_frame
	await _game.terrain.wait_loaded()
	_exit_code = maxi(_exit_code, Picture.write(await Picture.take(get_viewport()), _pictures.path_join(name + ".png")))
	player.eye.global_transform = view
	player.eye.cull_mask = layers
	player.set_process(true)


func _remove_files() -> void:
	for suffix: String in ["nebula", "nebula-wal", "nebula-shm", "cfg"]:
		DirAccess.remove_absolute(FILE.get_basename() + "." + suffix)
