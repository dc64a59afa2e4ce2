extends Node3D
## The world of the demo and what happens in it. Each phase is a coroutine that crater_tour.gd awaits.

const DemoReport := preload("res://report.gd")
const Picture := preload("res://picture.gd")
const FLIGHT_SPEED := 50.0
const FLIGHT_HEIGHT := 45.0
const FAR_CRATER_RADIUS := 40.0
const OVERLAY := "res://addons/nebula/overlay/nebula_overlay.tscn"
const CRATER_RADIUS := 4.0
const SECONDS_BETWEEN_CRATERS := 0.1
const CRATER_SPACING := 10.0
## Craters fall three abreast, so the camera flies a third as fast as they appear.
const CRATERS_ABREAST := 3
## A load that takes longer than this counts as failed.
const LOAD_LIMIT_SECONDS := 120.0

var report: DemoReport

## Prints no progress.
var quiet := false

@onready var _terrain: VoxelTerrain = $Terrain
@onready var _camera: Camera3D = $Camera

var _craters_dug := 0
var _audit_msec := 0.0


func _ready() -> void:
	get_viewport().disable_3d = Picture.draws_by_software()
	_camera.position = Vector3(0, 90, 60)
	_camera.look_at(Vector3(0, 10, 0))
	_terrain.edit_committed.connect(report.add_edit)
	var overlay: Control = load(OVERLAY).instantiate()
	overlay.terrain = _terrain
	add_child(overlay)


func _process(_delta: float) -> void:
	report.add_frame(_work_msec())
	var started := Time.get_ticks_usec()
	var wrong := _terrain.audit()
	_audit_msec = (Time.get_ticks_usec() - started) / 1000.0
	if not wrong.is_empty():
		push_error("What the terrain shows does not fit together: " + wrong.left(500))


## Of the last frame, without the audit, which no game has.
func _work_msec() -> float:
	return maxf(Nebula.frame_work_msec() - _audit_msec, 0.0)


func load_terrain() -> void:
	report.begin_load()
	var started := Time.get_ticks_msec()
	var shown := -1
	while not _terrain.is_loaded():
		await get_tree().process_frame
		var statistics := _terrain.get_statistics()
		var percent := int(100.0 * statistics["loaded"] / maxi(statistics["wanted"], 1))
		if percent / 10 > shown:
			shown = percent / 10
			_say("loading  %3d %%  (%d chunks, %d triangles)" % [percent, statistics["meshed"], statistics["triangles"]])
		if Time.get_ticks_msec() - started > LOAD_LIMIT_SECONDS * 1000.0:
			push_error("The terrain did not load within %d s: %s" % [LOAD_LIMIT_SECONDS, statistics])
			break
	report.end_load(_terrain.get_statistics(), _terrain.get_load_utilization())


func dig_craters(seconds: float) -> void:
	_say("digging  for %.0f s" % seconds)
	var dug := 0
	var started := Time.get_ticks_msec()
	var next_at := 0.0
	report.begin_frames()
	while true:
		await get_tree().process_frame
		var elapsed := (Time.get_ticks_msec() - started) / 1000.0
		if elapsed >= seconds:
			break
		_look_at_path(elapsed / SECONDS_BETWEEN_CRATERS)
		if elapsed >= next_at:
			next_at += SECONDS_BETWEEN_CRATERS
			var place := _crater_place(dug)
			if _terrain.dig_sphere(place, CRATER_RADIUS) != OK:
				push_error("The crater at %s was refused." % place)
			dug += 1
	_craters_dug = dug
	report.end_frames()


## A wide circle over the hills at 50 m/s. Craters are dug below the camera, and large ones more than a
## kilometre away.
func fly(seconds: float) -> void:
	_say("flying   for %.0f s" % seconds)
	var started := Time.get_ticks_msec()
	var next_near := 0.5
	var next_far := 1.0
	report.begin_flight()
	while true:
		await get_tree().process_frame
		var elapsed := (Time.get_ticks_msec() - started) / 1000.0
		if elapsed >= seconds:
			break
		var here := _flight_place(elapsed)
		var ahead := _flight_place(elapsed + 1.0)
		_camera.position = here
		_camera.look_at(ahead + Vector3.DOWN * 12.0)
		report.add_flight_frame(_work_msec(), _terrain.is_area_ready(AABB(_ground_at(here), Vector3.ONE)))
		if elapsed >= next_near:
			next_near += 0.25
			_dig(_ground_at(here), CRATER_RADIUS * 2.0)
		if elapsed >= next_far:
			next_far += 1.5
			_dig(_ground_at(here + (ahead - here).normalized() * 1500.0), FAR_CRATER_RADIUS)
	report.end_flight()


func _flight_place(seconds: float) -> Vector3:
	var angle := seconds * FLIGHT_SPEED / 1500.0
	var place := Vector3(1500.0 * sin(angle), 0.0, 60.0 - 1500.0 * (1.0 - cos(angle)))
	return _ground_at(place) + Vector3.UP * FLIGHT_HEIGHT


func _dig(place: Vector3, radius: float) -> void:
	if _terrain.dig_sphere(place, radius) != OK:
		push_error("The crater at %s was refused." % place)


func idle(seconds: float) -> void:
	_say("idling   for %.0f s" % seconds)
	# A quiet moment first, so that the last chunks that the moving camera asked for do not count.
	await _terrain.wait_loaded()
	await get_tree().create_timer(0.25).timeout
	report.begin_idle()
	await get_tree().create_timer(seconds).timeout
	report.end_idle()


## The last craters, from behind and above.
func picture() -> Image:
	_look_at_path(maxf(_craters_dug - 18, 0))
	await get_tree().process_frame  # the terrain follows the camera
	await _terrain.wait_loaded()
	return await Picture.take(get_viewport())


func _say(line: String) -> void:
	if not quiet:
		print(line)


## Where crater number `index` goes: three abreast along a gentle curve.
func _crater_place(index: int) -> Vector3:
	var row := index / CRATERS_ABREAST
	var column := index % CRATERS_ABREAST - CRATERS_ABREAST / 2
	return _ground_at(_path(row) + Vector3(column * CRATER_SPACING, 0, 0))


## Puts the camera behind and above crater number `index`.
func _look_at_path(index: float) -> void:
	var row := index / CRATERS_ABREAST
	_camera.position = _ground_at(_path(row)) + Vector3(16, 30, 38)
	_camera.look_at(_ground_at(_path(row + 2.0)))


func _path(row: float) -> Vector3:
	return Vector3(24.0 * sin(row * 0.16), 0.0, 20.0 - row * CRATER_SPACING)


func _ground_at(place: Vector3) -> Vector3:
	var hit := _terrain.raycast(Vector3(place.x, 160.0, place.z), Vector3.DOWN, 400.0)
	return hit["position"] if not hit.is_empty() else Vector3(place.x, 0.0, place.z)
