extends "res://cookbook/stage/recipe.gd"
## A script's own work on all cores: par_map_async() calls a function for each slice of a box, on the
## workers, and the slices become ground. The game goes on meanwhile.

const SIZE := Vector3i(80, 24, 80)
const FIRST := Vector3i(-40, -6, -40)
const GROUND := 7.0  # of the box's voxels, that lie below the level ground
const STEPS := 48

var _seed := Vector2(-0.79, 0.15)
var _busy := false


func prepare() -> void:
	await super()
	terrain.dig_box(Vector3(0, 18, 0), Vector3(84, 36, 84))
	terrain.add_box(Vector3(0, -5, 0), Vector3(84, 12, 84))
	look_from(Vector3(0, 42, 52), Vector3(0, 0, 4))


func perform() -> void:
	await make_relief()


func _unhandled_key_input(event: InputEvent) -> void:
	if event.is_pressed() and event.keycode == KEY_N and not _busy:
		_seed = Vector2.from_angle(randf() * TAU) * randf_range(0.65, 0.8)
		make_relief()


func make_relief() -> void:
	_busy = true
	var start := Time.get_ticks_msec()
	var slices: Variant = await Nebula.par_map_async(SIZE.z, slice_of.bind(_seed))
	_busy = false
	if slices is NebulaTaskError:
		say(slices.message)
		return
	var distances := PackedFloat32Array()
	for slice: PackedFloat32Array in slices:
		distances.append_array(slice)
	terrain.write_box(FIRST, SIZE, distances)
	say("%d slices on %d workers in %d ms." % [SIZE.z, Nebula.worker_count(), Time.get_ticks_msec() - start])


## On a worker, many at once. It is static: it can touch no node, and needs none.
static func slice_of(z: int, seed: Vector2) -> PackedFloat32Array:
	var slice := PackedFloat32Array()
	slice.resize(SIZE.x * SIZE.y)
	for x in SIZE.x:
		var height := GROUND + 12.0 * _julia(Vector2(x, z) * 2.9 / SIZE.x - Vector2.ONE * 1.45, seed)
		for y in SIZE.y:
			slice[x + SIZE.x * y] = y - height
	return slice


## From 0 to 1: how long a point stays near when it is squared and moved again and again.
static func _julia(point: Vector2, seed: Vector2) -> float:
	for step in STEPS:
		var squared := point.length_squared()
		if squared > 16.0:
			return clampf((step + 1.0 - log(log(squared) / log(4.0)) / log(2.0)) / STEPS, 0.0, 1.0)
		point = Vector2(point.x * point.x - point.y * point.y, 2.0 * point.x * point.y) + seed
	return 1.0
