# The rows of ./run bench terrain, inside the engine: one scenario for each start of it. What a row's
# span holds: README.md, one folder up.
#   $GODOT --headless --path PROJECT -- --out=FILE --scenario=NAME [--quick]
# The last line is "bench: done"; before it the file has been written.
extends Node3D

signal _end_of_frame

const FRAMES_PER_SECOND := 60
const EMPTY_FRAMES := 40  # of the empty scene, in which the workers start
const LOAD_LIMIT_SECONDS := 60.0
const SITES := 200  # of one radius
const SITES_FAR := 40
const BURST := 200  # spheres
const CAMERA_HEIGHT := 40.0

var _out := ""
var _scenario := ""
var _quick := false
var _camera := Camera3D.new()
var _terrain: VoxelTerrain
var _samples := {}  # {row: [value]}
var _facts := {}  # {what: value}, for the reader
var _ended := false

# Of the frames since _watch_frames(), in milliseconds: the longest, and the longest without the time
# in which the main thread could have run while others had its CPU.
var _longest := 0.0
var _longest_net := 0.0
var _waited := 0.0  # of the last frame, from the end of the one before it
var _waited_at_its_end := 0.0

# Of edits that are not on the screen yet: the frame of each, oldest first.
var _edits_on_their_way: PackedInt64Array
var _committed := 0
var _late := 0  # edits that were not shown in their own frame
var _most_lag := 0  # in frames
var _edit_msec: PackedFloat64Array

var _ball_rids: Array[RID]  # through which rays pass


func _ready() -> void:
	for argument in OS.get_cmdline_user_args():
		var value := argument.get_slice("=", 1)
		match argument.get_slice("=", 0):
			"--out":
				_out = value
			"--scenario":
				_scenario = value
			"--quick":
				_quick = true
	# Also without a limit: a headless engine sleeps for several milliseconds in each frame.
	OS.low_processor_usage_mode_sleep_usec = 1
	Engine.max_fps = FRAMES_PER_SECOND
	process_priority = 1 << 30  # after everything else
	add_child(_camera)
	_look_from(Vector3(0, CAMERA_HEIGHT, 0))
	_run()


func _run() -> void:
	for i in EMPTY_FRAMES:
		await get_tree().process_frame
	var scenarios := {
		"load.512": _load.bind(512.0),
		"load.4096": _load.bind(4096.0),
		"load.16384": _load.bind(16384.0),
		"edit": _edits,
		"far": _far_edits,
		"burst": _bursts,
		"spam": _spam,
		"fly.50": _fly.bind(50.0),
		"fly.300": _fly.bind(300.0),
		"border": _borders,
		"collide": _collide,
		"collide.load": _collide_load,
		"memory": _memory,
	}
	if not _scenario in scenarios:
		_end("there is no scenario \"%s\"" % _scenario)
		return
	print("bench: scenario ", _scenario)
	await scenarios[_scenario].call()
	if _ended:
		return
	var file := FileAccess.open(_out, FileAccess.WRITE)
	if file == null:
		_end("%s cannot be written" % _out)
		return
	_facts["workers"] = Nebula.worker_count()
	file.store_string(JSON.stringify({"engine": Engine.get_version_info().string, "samples": _samples, "facts": _facts}))
	file.close()
	_end("done")


func _end(last_word: String) -> void:
	if _ended:
		return
	_ended = true
	print("bench: ", last_word)
	get_tree().quit(0 if last_word == "done" else 1)


func _take(row: String, value: float) -> void:
	_samples.get_or_add(row, []).append(value)


# ---- The world ----------------------------------------------------------------------------------


# Hills as rough as those on which a peer was measured: 4500 triangles in a column of 32 m.
func _add_terrain(view: float) -> void:
	var hills := VoxelNoiseGenerator.new()
	hills.amplitude = 120.0
	hills.period = 170.0
	_terrain = VoxelTerrain.new()
	_terrain.generator = hills
	_terrain.view_distance = view
	_terrain.edit_committed.connect(_count_edits)
	_terrain.chunk_failed.connect(func(chunk: Vector3i, message: String) -> void: _end("the chunk %s failed: %s" % [chunk, message]))
	add_child(_terrain)


# False after LOAD_LIMIT_SECONDS.
func _loaded() -> bool:
	var started := Time.get_ticks_usec()
	while not _terrain.is_loaded():
		if _seconds_since(started) > LOAD_LIMIT_SECONDS:
			_end("the terrain did not load: %s" % _terrain.get_statistics())
			return false
		await _frame()
	return not _ended


func _frame() -> void:
	await get_tree().process_frame
	_watch_frame()


func _frames(count: int) -> void:
	for i in count:
		await _frame()


func _look_from(place: Vector3) -> void:
	_camera.look_at_from_position(place, place + Vector3(1, -0.3, 0))


func _seconds_since(usec: int) -> float:
	return (Time.get_ticks_usec() - usec) / 1e6


func _ground_at(x: float, z: float) -> Vector3:
	var hit := _terrain.raycast(Vector3(x, 400, z), Vector3.DOWN, 800.0)
	if hit.is_empty():
		_end("there is no ground at %s, %s" % [x, z])
		return Vector3.ZERO
	return hit["position"]


# Evenly over a disc of this radius, in no order that the terrain could profit from.
func _on_disc(i: int, count: int, radius: float) -> Vector2:
	return Vector2.from_angle(2.399963 * i) * radius * sqrt((i + 0.5) / count)


func _is_finest_at(place: Vector3) -> bool:
	return _terrain.is_area_ready(AABB(place - Vector3.ONE, 2.0 * Vector3.ONE), 0)


# ---- What a frame and the process take -------------------------------------------------------------


func _watch_frames() -> void:
	_longest = 0.0
	_longest_net = 0.0


# Of the frame before this one.
func _watch_frame() -> void:
	var work := Nebula.frame_work_msec()
	_longest = maxf(_longest, work)
	_longest_net = maxf(_longest_net, work - _waited)


func _take_longest(row: String) -> void:
	await _frames(2)
	_take(row, _longest)
	_take(row + ".net", _longest_net)


# Nothing of a script runs after this in a frame. The terrain works before any script does, so where a
# frame begins cannot be seen from here.
func _process(_delta: float) -> void:
	_note_waiting.call_deferred()


func _note_waiting() -> void:
	var now := _line_of("/proc/self/schedstat", "").get_slice(" ", 1).to_int() / 1e6
	_waited = now - _waited_at_its_end
	_waited_at_its_end = now
	_end_of_frame.emit()


# CPU time of all threads, in seconds.
func _cpu_seconds() -> float:
	var sum := 0
	for thread in DirAccess.get_directories_at("/proc/self/task"):
		sum += _line_of("/proc/self/task/%s/schedstat" % thread, "").get_slice(" ", 0).to_int()
	return sum / 1e9


# In MB: "VmRSS:" is what the process has in memory, "VmHWM:" the most that it had.
func _memory_of_process(what: String) -> float:
	return _line_of("/proc/self/status", what).trim_prefix(what).strip_edges().get_slice(" ", 0).to_int() / 1024.0


func _forget_most_memory() -> void:
	var file := FileAccess.open("/proc/self/clear_refs", FileAccess.WRITE)
	if file != null:
		file.store_string("5")


func _line_of(path: String, prefix: String) -> String:
	var file := FileAccess.open(path, FileAccess.READ)
	while file != null:
		var line := file.get_line()
		if line.begins_with(prefix):
			return line
		if line.is_empty():
			break
	_end("%s has no line that begins with \"%s\"" % [path, prefix])
	return ""


# ---- load ------------------------------------------------------------------------------------------


func _load(view: float) -> void:
	var row := "load.%d." % view
	await get_tree().process_frame
	var memory := _memory_of_process("VmRSS:")
	_forget_most_memory()
	_watch_frames()
	var cpu := _cpu_seconds()
	var started := Time.get_ticks_usec()
	var ended := [0.0, 0.0]
	_add_terrain(view)
	_terrain.loaded.connect(func() -> void: ended.assign([_seconds_since(started), _cpu_seconds() - cpu]), CONNECT_ONE_SHOT)
	if not await _loaded():
		return
	await _frames(2)
	_take(row + "seconds", ended[0])
	_take(row + "cpu_seconds", ended[1])
	_take(row + "memory", _memory_of_process("VmHWM:") - memory)
	await _take_longest(row + "longest")
	var statistics := _terrain.get_statistics()
	for key: String in ["shown", "meshed", "triangles_shown", "triangles"]:
		_facts[row + key] = statistics[key]
	var shares: PackedFloat64Array = _terrain.get_load_utilization()["busy_share"]
	var lowest := 1.0
	for share in shares:
		lowest = minf(lowest, share)
	_take(row + "utilization", lowest)


# ---- edit ------------------------------------------------------------------------------------------


func _count_edits(info: Dictionary) -> void:
	var frame := Engine.get_process_frames()
	var edits: int = info["edits"]
	for i in edits:
		_most_lag = maxi(_most_lag, frame - _edits_on_their_way[i])
	_edits_on_their_way = _edits_on_their_way.slice(edits)
	_committed += edits
	_late += edits - int(info["same_frame"])
	_edit_msec.append_array(info["msec"])
	if info["failed"] > 0:
		_end("an edit could not be shown: %s" % info)


func _forget_edits() -> void:
	_edits_on_their_way.clear()
	_committed = 0
	_late = 0
	_most_lag = 0
	_edit_msec.clear()


# Milliseconds that the call took.
func _dig(place: Vector3, radius: float) -> float:
	_edits_on_their_way.append(Engine.get_process_frames())
	var started := Time.get_ticks_usec()
	var error := _terrain.dig_sphere(place, radius)
	var took := (Time.get_ticks_usec() - started) / 1000.0
	if error != OK:
		_end("the dig at %s was refused" % place)
	return took


# One dig after the other, each when the one before is on the screen.
func _dig_sites(row: String, sites: int, radius: float, place_of: Callable) -> void:
	_forget_edits()
	for i in sites:
		await _frame()
		var at: Vector2 = place_of.call(i)
		_take(row + ".call", _dig(_ground_at(at.x, at.y), radius))
		while _committed <= i and not _ended:
			await get_tree().process_frame
		if _ended:
			return
		_take(row + ".committed", _edit_msec[i])
		# What the frame waited for a CPU; that is the edit's own frame, unless it was late.
		_take(row + ".committed.net", maxf(_edit_msec[i] - _waited, 0.0))
	_take(row + ".late", float(_late) / sites)


func _edits() -> void:
	_add_terrain(1024.0)
	for radius: float in [4.0, 8.0, 16.0]:
		if not await _loaded():
			return
		await _frames(10)
		var sites := 50 if _quick else SITES
		await _dig_sites("edit.r%d" % radius, sites, radius, _on_disc.bind(sites, 110.0))
		_terrain.regenerate()
		await _frames(2)


func _far_edits() -> void:
	_add_terrain(4096.0)
	if not await _loaded():
		return
	await _frames(10)
	await _dig_sites("edit.far", 10 if _quick else SITES_FAR, 16.0, func(i: int) -> Vector2: return Vector2.from_angle(2.399963 * i) * 2000.0)


func _bursts() -> void:
	_add_terrain(1024.0)
	for burst in 1 if _quick else 3:
		if not await _loaded():
			return
		await _frames(10)
		var places: PackedVector3Array
		for i in BURST:
			var at := _on_disc(i, BURST, 110.0)
			places.append(_ground_at(at.x, at.y))
		await _frame()
		_forget_edits()
		_watch_frames()
		var started := Time.get_ticks_usec()
		var calls := 0.0
		for place in places:
			calls += _dig(place, 8.0)
		while _committed < BURST and not _ended:
			await _frame()
		# Of the first of them, from its call until all were on the screen.
		var shown := 0.0
		for msec in _edit_msec:
			shown = maxf(shown, msec)
		_take("edit.burst.calls", calls)
		_take("edit.burst.shown", shown)
		await _take_longest("edit.burst.longest")
		_terrain.regenerate()
		await _frames(2)


# An edit in every frame, ahead of a viewer so fast that the terrain hardly ever finishes loading.
func _spam() -> void:
	_add_terrain(16384.0)
	await _frames(2)
	_forget_edits()
	_watch_frames()
	var frames := 0
	var loading := 0
	var started := Time.get_ticks_usec()
	while _seconds_since(started) < (3.0 if _quick else 10.0) and not _ended:
		await _frame()
		frames += 1
		loading += 0 if _terrain.is_loaded() else 1
		_look_from(Vector3(300.0 * _seconds_since(started), CAMERA_HEIGHT, 0))
		_dig(_ground_at(_camera.position.x + 30.0, 8.0 * sin(frames)), 4.0)
	await _take_longest("edit.spam.longest")
	while not _edits_on_their_way.is_empty() and not _ended:
		await _frame()
	_take("edit.spam.backlog", _most_lag)
	_facts["edit.spam.late"] = float(_late) / frames
	_facts["edit.spam.loading_share"] = float(loading) / frames


# ---- fly -------------------------------------------------------------------------------------------


func _fly(speed: float) -> void:
	var row := "fly.%d" % speed
	_add_terrain(4096.0)
	if not await _loaded():
		return
	await _frames(10)
	_forget_edits()
	_watch_frames()
	var frames := 0
	var bare := 0
	var started := Time.get_ticks_usec()
	while _seconds_since(started) < (4.0 if _quick else 20.0) and not _ended:
		await _frame()
		frames += 1
		_look_from(Vector3(speed * _seconds_since(started), CAMERA_HEIGHT + 30.0, 0))
		var ground := _ground_at(_camera.position.x, 0.0)
		bare += 0 if _is_finest_at(ground) else 1
		if frames % 6 == 0:
			_dig(_ground_at(_camera.position.x + 20.0, 0.0), 4.0)
	await _take_longest(row + ".longest")
	_take(row + ".bare", float(bare) / frames)
	_facts[row + ".frames"] = frames


# ---- update ----------------------------------------------------------------------------------------


# The viewer moves by one chunk, and stays until all is loaded.
func _borders() -> void:
	_add_terrain(4096.0)
	if not await _loaded():
		return
	await _frames(10)
	for i in 16 if _quick else 64:
		_look_from(Vector3(32.0 * (i + 1), CAMERA_HEIGHT, 0))
		var sum := 0.0
		var longest := 0.0
		# The terrain follows at the beginning of the next frame.
		for settling in 600:
			await _frame()
			# Of this frame; how long it waited is not known yet.
			var msec: float = _terrain.get_statistics()["last_update_msec"]
			await _end_of_frame
			msec = maxf(msec - _waited, 0.0)
			sum += msec
			longest = maxf(longest, msec)
			if settling >= 2 and _terrain.is_loaded():
				break
		_take("update.border", longest)
		_take("update.border.whole", sum)


# ---- collide ---------------------------------------------------------------------------------------


func _add_ball(place: Vector3) -> RigidBody3D:
	var ball := RigidBody3D.new()
	var shape := CollisionShape3D.new()
	shape.shape = SphereShape3D.new()
	ball.add_child(shape)
	ball.position = place
	ball.freeze = true
	add_child(ball)
	return ball


func _add_balls(count: int) -> Array[RigidBody3D]:
	var balls: Array[RigidBody3D] = []
	for i in count:
		var at := _on_disc(i, count, 64.0)
		balls.append(_add_ball(_ground_at(at.x, at.y) + Vector3(0, 0.6, 0)))
	return balls


# Of what the physics engine holds there; NAN if that is nothing.
func _held_below(place: Vector3) -> float:
	var query := PhysicsRayQueryParameters3D.create(place, place + Vector3.DOWN * 400, 1)
	query.exclude = _ball_rids
	var hit := get_world_3d().direct_space_state.intersect_ray(query)
	return hit["position"].y if not hit.is_empty() else NAN


func _collide() -> void:
	_add_terrain(512.0)
	if not await _loaded():
		return
	var balls := _add_balls(20)
	for ball in balls:
		_ball_rids.append(ball.get_rid())
		if not await _terrain.ground_ready(ball):
			_end("a ball has no ground")
			return
		ball.freeze = false
	await _frames(120)
	for radius: float in [4.0, 16.0]:
		for i in 10 if _quick else 50:
			await _frames(20)
			var ball := balls[i % 20]
			var at := ball.position
			await _end_of_frame
			var old := _held_below(at)
			if not at.y - old < 1.0:
				continue  # it falls
			_dig(at, radius)
			var ticks := 0
			while ticks < 100:
				await get_tree().physics_frame
				if not absf(_held_below(at) - old) < 0.5:
					break
				ticks += 1
			_take("collide.lag.r%d" % radius, ticks)
	var started := Time.get_ticks_usec()
	var frames := 0
	while _seconds_since(started) < (3.0 if _quick else 10.0) and not _ended:
		await _frame()
		_dig(balls[frames % 20].position - Vector3(0, 0.5, 0), 4.0)
		frames += 1
		_take("collide.main", _terrain.get_statistics()["last_collision_msec"])


func _collide_load() -> void:
	var bare := 0.0
	_add_terrain(512.0)
	for count: int in [0, 1, 20]:
		if count > 0:
			_terrain.regenerate()
			await _frames(2)
		var balls: Array[RigidBody3D]
		for i in count:
			var at := _on_disc(i, count, 64.0)
			balls.append(_add_ball(_ground_at(at.x, at.y) + Vector3(0, 0.6, 0)))
		_terrain.regenerate()
		var started := Time.get_ticks_usec()
		while not _terrain.is_loaded() or not balls.all(_terrain.is_ground_ready):
			if _seconds_since(started) > LOAD_LIMIT_SECONDS:
				_end("the ground did not load: %s" % _terrain.get_statistics())
				return
			await get_tree().process_frame
		var seconds := _seconds_since(started)
		if count == 0:
			bare = seconds
		else:
			_take("collide.load.%d" % count, seconds / bare)
		for ball in balls:
			ball.free()


# ---- memory ----------------------------------------------------------------------------------------


# Laps of a circle, as fast as the engine makes frames; each frame is a 60th of a second of the flight.
# It digs, at the same places in each lap, and waits there until all is loaded: as a slow flight would,
# it makes every mesh and throws it away again.
func _memory() -> void:
	const SPEED := 50.0
	const RADIUS := 600.0
	const STOPS := 24
	var frames := int(TAU * RADIUS / SPEED * FRAMES_PER_SECOND / STOPS)  # from one stop to the next
	var laps := 3 if _quick else 12
	Engine.max_fps = 0
	_look_from(Vector3(RADIUS, CAMERA_HEIGHT, 0))
	_add_terrain(1024.0)
	if not await _loaded():
		return
	var places: PackedVector3Array
	var sizes: PackedFloat64Array
	var started := Time.get_ticks_usec()
	for lap in laps:
		for i in STOPS * frames:
			var at := Vector2.from_angle(TAU * i / frames / STOPS) * RADIUS
			_look_from(Vector3(at.x, CAMERA_HEIGHT, at.y))
			await _frame()
			if i % frames != 0:
				continue
			if lap == 0:
				places.append(_ground_at(at.x, at.y))
			_dig(places[i / frames], 4.0)
			if not await _loaded():
				return
		await _frames(60)
		sizes.append(_memory_of_process("VmRSS:"))
		print("bench: scenario memory, lap %d of %d" % [lap + 1, laps])
	_take("memory.hour", sizes[-1] - sizes[0])
	_facts["memory.laps"] = sizes
	_facts["memory.speed_up"] = laps * STOPS * frames / float(FRAMES_PER_SECOND) / _seconds_since(started)
