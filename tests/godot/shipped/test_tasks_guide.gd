# The GDScript of docs/tasks.md, run as it stands there.
extends "res://task_suite.gd"


class Door:
	extends RefCounted
	signal opened
	signal died


var from := Vector2i.ZERO
var to := Vector2i.ONE
var enemies_have_moved := false
var columns := PackedFloat32Array([1, 2, 3])
var image_rows := range(64).map(func(_i: int) -> Array: return [])
var door := Door.new()
var player := door
var fuel := 3


func find_path(from: Vector2i, to: Vector2i) -> Array:
	while not is_found(from, to):
		if Nebula.stop_requested():
			return []
	return [from, to]


func is_found(_from: Vector2i, _to: Vector2i) -> bool:
	return true


func height_of(column: float) -> float:
	return 2.0 * column


func fill_row(row: Array) -> void:
	row.append(1)


func make_mesh() -> ArrayMesh:
	return ArrayMesh.new()


func ask_player() -> String:
	await tree.process_frame
	return "yes"


func test_run() -> void:
	var path: Variant = await Nebula.run(find_path.bind(from, to))
	if path is NebulaTaskError:
		print(path.message)  # for example an error in find_path, with its script and line
	check_equal(path, [from, to])


func test_spawn() -> void:
	var search := Nebula.spawn(find_path.bind(from, to), Nebula.BAND_BACKGROUND, "search")
	if enemies_have_moved:
		search.cancel()
	var path: Variant = await search.wait()  # also later, and more than once
	check_equal(path, [from, to])


func test_loops() -> void:
	var heights: PackedFloat32Array = Nebula.par_map(columns, height_of)
	Nebula.par_for(64, func(row: int) -> void: fill_row(image_rows[row]))
	var later: Variant = await Nebula.par_map_async(columns, height_of)
	check_equal(heights, PackedFloat32Array([2, 4, 6]))
	check_equal(later, heights)
	check(image_rows.all(func(row: Array) -> bool: return row == [1]), "each row was filled once")


func test_waits() -> void:
	play()
	var got: Variant = await Nebula.all([Nebula.run(make_mesh), door.opened, ask_player])
	var first: Variant = await Nebula.any([door.opened, player.died])
	if first is Dictionary and first.index == 1:
		print("the player died first")
	var answer: Variant = await Nebula.timeout(ask_player, 10.0)
	var beat := Nebula.interval(0.1)
	while fuel > 0:
		fuel -= await beat.next()  # 1, or more after a long frame
	check(got is Array and got[0] is ArrayMesh and got.slice(1) == [null, "yes"], str(got))
	check_equal(first, {"index": 1, "value": null})
	check_equal(answer, "yes")


func play() -> void:
	await tree.process_frame
	door.opened.emit()
	while player.died.get_connections().is_empty():  # on a busy machine, for many frames
		await tree.process_frame
	player.died.emit()
