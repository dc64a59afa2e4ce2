extends "res://cookbook/stage/recipe.gd"
## What no brush does: read_box() gives the distances of a box of voxels as an array, a script changes
## them, and write_box() makes them ground. Here what is steeper than loose stones lie slides down.

const SIZE := Vector3i(44, 40, 44)
const FIRST := [Vector3i(-48, -8, -22), Vector3i(4, -8, -22)]
const STEEPEST := 0.8  # metres of height for each metre


func prepare() -> void:
	await super()
	terrain.dig_box(Vector3(0, 25, 0), Vector3(100, 48, 56))
	terrain.add_box(Vector3(0, -5, 0), Vector3(100, 12, 56))
	for first: Vector3i in FIRST:
		_build_castle(Vector3(first) + Vector3(SIZE.x / 2.0, 9, SIZE.z / 2.0))
	look_from(Vector3(0, 26, 44), Vector3(0, 6, 0))


func perform() -> void:
	erode(FIRST[1], 60)
	say("The right one has been eroded.")


func _unhandled_key_input(event: InputEvent) -> void:
	if event.is_pressed() and event.keycode == KEY_E:
		erode(FIRST[1], 10)


func erode(first: Vector3i, passes: int) -> void:
	var heights := _heights_of(terrain.read_box(first, SIZE))
	for i in passes:
		_let_slide(heights)
	var distances := PackedFloat32Array()
	distances.resize(SIZE.x * SIZE.y * SIZE.z)
	for z in SIZE.z:
		for x in SIZE.x:
			for y in SIZE.y:
				distances[x + SIZE.x * (y + SIZE.y * z)] = y - heights[x + SIZE.x * z]
	terrain.write_box(first, SIZE, distances)


## Of the highest ground in each column, in voxels above the box's first.
func _heights_of(distances: PackedFloat32Array) -> PackedFloat32Array:
	var heights := PackedFloat32Array()
	heights.resize(SIZE.x * SIZE.z)
	for z in SIZE.z:
		for x in SIZE.x:
			var above := 1.0
			for y in range(SIZE.y - 1, -1, -1):
				var here := distances[x + SIZE.x * (y + SIZE.y * z)]
				if here < 0.0:
					heights[x + SIZE.x * z] = y + here / (here - above)
					break
				above = here
	return heights


## A part of what is too steep moves to the neighbour below. The rim stays as it is.
func _let_slide(heights: PackedFloat32Array) -> void:
	for z in range(1, SIZE.z - 1):
		for x in range(1, SIZE.x - 1):
			var here := x + SIZE.x * z
			for there: int in [here - 1, here + 1, here - SIZE.x, here + SIZE.x]:
				var too_much := heights[here] - heights[there] - STEEPEST
				if too_much > 0.0:
					heights[here] -= too_much * 0.2
					heights[there] += too_much * 0.2


func _build_castle(middle: Vector3) -> void:
	terrain.add_box(middle + Vector3.UP * 4, Vector3(16, 10, 16))
	for x: float in [-8.0, 8.0]:
		for z: float in [-8.0, 8.0]:
			terrain.add_box(middle + Vector3(x, 8, z), Vector3(5, 18, 5))
