# Brushes, edits in the background, strokes and undo of VoxelTerrain. Edits and rays need nothing
# loaded, so most of these worlds are never shown.
extends "res://voxel_suite.gd"

const DEEP := Vector3(0, -40, 0)  # ground on all sides


func _terrain(transform := Transform3D.IDENTITY, undo_limit_mb := 0) -> VoxelTerrain:
	var terrain := flat_terrain()
	terrain.transform = transform
	terrain.undo_limit_mb = undo_limit_mb
	tree.root.add_child(terrain)
	return terrain


# How far a cave reaches from a point in it.
func _reach(terrain: VoxelTerrain, from: Vector3, direction: Vector3) -> float:
	var hit := terrain.raycast(from, direction, 100.0)
	return hit["distance"] if not hit.is_empty() else NAN


func test_a_box_has_its_place_size_and_rotation_in_global_space() -> void:
	var turn := Basis.from_euler(Vector3(0.3, 0.8, -0.2))
	var places: Array[Transform3D] = [
		Transform3D.IDENTITY,
		Transform3D(Basis.from_euler(Vector3(0.1, 2.0, 0.4)).scaled(Vector3.ONE * 2.0), Vector3(9, 5, -3)),
		Transform3D(turn * Basis.from_scale(Vector3(1, 3, -2)), Vector3(1, 2, 3)),  # parallel to it
	]
	for place in places:
		var terrain := _terrain(place)
		var center := place * DEEP
		check_equal(terrain.dig_box(center, Vector3(12, 20, 16), turn), OK, "%s" % place)
		for axis in 3:
			for direction: Vector3 in [turn[axis], -turn[axis]]:
				var reach := _reach(terrain, center, direction)
				check(absf(reach - [6, 10, 8][axis]) < 0.1, "%s: reaches %s along %d" % [place, reach, axis])
		await remove(terrain)


# A basis may scale, and the edges of a box are as long as it says.
func test_a_basis_scales_its_box() -> void:
	var terrain := _terrain()
	terrain.dig_box(DEEP, Vector3.ONE * 8, Basis.from_scale(Vector3(2, 1, -1)))
	check(absf(_reach(terrain, DEEP, Vector3.RIGHT) - 8.0) < 0.1, "twice as long")
	check(absf(_reach(terrain, DEEP, Vector3.BACK) - 4.0) < 0.1, "mirrored")
	await remove(terrain)


func test_paths_and_cones_are_global_too() -> void:
	var place := Transform3D(Basis.from_euler(Vector3(0.1, 1.0, 0)).scaled(Vector3.ONE * 2.0), Vector3(9, 5, -3))
	var terrain := _terrain(place)
	var a := place * DEEP
	var along := Vector3(1, 0, 1).normalized()
	check_equal(terrain.dig_path([a, a + along * 30.0], 5.0), OK, "a path")
	check(absf(_reach(terrain, a, along) - 35.0) < 0.2, "as long as it and its ends")
	check(absf(_reach(terrain, a + along * 15.0, Vector3.UP) - 5.0) < 0.2, "as wide as it")
	var b := place * Vector3(80, -60, 0)
	check_equal(terrain.dig_cone(b, b + Vector3.UP * 20.0, 10.0, 0.0), OK, "a cone")
	check(absf(_reach(terrain, b + Vector3.UP * 10.0, Vector3.RIGHT) - 5.0) < 0.3, "half as wide half up")
	check_equal(terrain.add_cone(b + Vector3.UP * 10.0, b + Vector3.UP * 12.0, 9.0, 9.0), OK, "a lid")
	check(absf(_reach(terrain, b + Vector3.UP, Vector3.UP) - 9.0) < 0.3, "under the lid")
	check_equal(terrain.add_path([a + along * 15.0], 6.0), OK, "a plug")
	check(absf(_reach(terrain, a, along) - 9.0) < 0.3, "up to the plug")
	await remove(terrain)


func test_soft_brushes_move_the_surface_as_they_say() -> void:
	var terrain := _terrain()
	var ground := height_at(terrain, 0, 0)
	terrain.grow(Vector3(0, ground, 0), 8.0)
	check(absf(height_at(terrain, 0, 0) - ground - 1.0) < 0.1, "grown: %s" % height_at(terrain, 0, 0))
	terrain.shrink(Vector3(0, ground, 0), 8.0, 0.5)
	check(absf(height_at(terrain, 0, 0) - ground - 0.5) < 0.1, "shrunk: %s" % height_at(terrain, 0, 0))
	for i in 4:
		terrain.flatten(Vector3(0, ground - 2.0, 0), 8.0)
	check(absf(height_at(terrain, 0, 0) - ground + 2.0) < 0.1, "flat: %s" % height_at(terrain, 0, 0))
	terrain.add_box(Vector3(40, ground, 0), Vector3(3, 6, 3))
	var peak := height_at(terrain, 40, 0)
	for i in 4:
		terrain.smooth(Vector3(40, ground + 2.0, 0), 10.0)
	check(height_at(terrain, 40, 0) < peak - 1.0, "smoothed: %s of %s" % [height_at(terrain, 40, 0), peak])
	await remove(terrain)


# The plane of a flatten is global, however the terrain is scaled: a slope of a half stays one.
func test_flatten_takes_a_global_normal() -> void:
	var terrain := _terrain(Transform3D(Basis.from_scale(Vector3(1, 2, 1)), Vector3.ZERO))
	terrain.add_box(Vector3(0, 0, 0), Vector3(24, 40, 24))
	var center := Vector3(0, 17, 0)
	for i in 8:
		terrain.flatten(center, 12.0, Vector3(-1, 2, 0) * 0.01)
	for x: float in [-2.0, 0.0, 2.0]:
		var height := height_at(terrain, x, 0)
		check(absf(height - 17.0 - x / 2.0) < 0.2, "height at %s: %s" % [x, height])
	await remove(terrain)


func test_each_wrong_brush_gets_one_sentence() -> void:
	var terrain := _terrain()
	var far := PackedVector3Array([Vector3.ZERO, Vector3(200, 0, 0)])
	var many := PackedVector3Array()
	many.resize(65)
	var bent := Basis(Vector3.RIGHT, Vector3(1, 1, 0), Vector3.BACK)
	var wrong: Array[Array] = [
		["dig_box: size is (0, 1, 1); it must be above 0", terrain.dig_box.bind(DEEP, Vector3(0, 1, 1))],
		["add_box: size is (1, nan, 1); it must", terrain.add_box.bind(DEEP, Vector3(1, NAN, 1))],
		["dig_box: basis has an axis that is zero", terrain.dig_box.bind(DEEP, Vector3.ONE, Basis() * 0.0)],
		["dig_box: the box is sheared", terrain.dig_box.bind(DEEP, Vector3.ONE, bent)],
		["half diagonal must be at most 64 voxels; use dig_box_async() for", terrain.dig_box.bind(DEEP, Vector3.ONE * 200)],
		["half diagonal must be at most 64 voxels.", terrain.dig_box.bind(DEEP, Vector3.ONE * 2000)],
		["dig_box: the edit's centre", terrain.dig_box.bind(Vector3.ONE * 1e30, Vector3.ONE)],
		["dig_path: points has 0 points; it must have from 1 to 64", terrain.dig_path.bind(PackedVector3Array(), 1.0)],
		["add_path: points has 65 points", terrain.add_path.bind(many, 1.0)],
		["dig_path: radius is -1; it must be a number of metres above 0", terrain.dig_path.bind(far, -1.0)],
		["dig_path: radius is nan", terrain.dig_path.bind(far, NAN)],
		["with its radius, must be at most 64 voxels; use dig_path_async", terrain.dig_path.bind(far, 1.0)],
		["dig_cone: a radius is -2; both", terrain.dig_cone.bind(DEEP, Vector3.ZERO, 1.0, -2.0)],
		["add_cone: the cone's ends must be", terrain.add_cone.bind(DEEP, DEEP, 1.0, 2.0)],
		["smooth: strength is 1.5; it must be above 0 and at most 1", terrain.smooth.bind(DEEP, 1.0, 1.5)],
		["grow: strength is nan", terrain.grow.bind(DEEP, 1.0, NAN)],
		["shrink: radius is 65; it must be above 0 and at most 64", terrain.shrink.bind(DEEP, 65.0)],
		["flatten: normal is (0, 0, 0); it must", terrain.flatten.bind(DEEP, 4.0, Vector3.ZERO)],
		["dig_sphere_async: radius is 513; it must be above 0 and at most 512", terrain.dig_sphere_async.bind(DEEP, 513.0)],
		["add_cone_async: the cone's second end", terrain.add_cone_async.bind(DEEP, Vector3.ONE * INF, 1.0, 1.0)],
		["undo: user is -1; it must be from 0 to 4294967295", terrain.undo.bind(-1)],
		["redo: undo_limit_mb is 0, so no edit is kept", terrain.redo],
	]
	for call in wrong:
		expect_error(call[0])
		check(call[1].call() != OK, "refused: %s" % call[0])
	for stroke: int in [-1, 1 << 31]:
		expect_error("begin_stroke: stroke is %d; it must be 0" % stroke)
		check_equal(terrain.begin_stroke(0, stroke), 0, "a stroke that is none")
	for limit: int in [-1, 65537]:
		expect_error("undo_limit_mb is %d; it must be from 0" % limit)
		terrain.undo_limit_mb = limit
	check_equal(terrain.undo_limit_mb, 0, "the limit")
	terrain.scale = Vector3(1, 2, 1)
	expect_error("dig_path: the terrain is scaled unevenly, and a path would not be round")
	check_equal(terrain.dig_path([DEEP], 1.0), ERR_INVALID_PARAMETER, "an oval path")
	check_equal(terrain.get_statistics()["edits"], 0, "edits that were made all the same")
	check(terrain.get_last_edit().is_empty(), "what they did")
	await remove(terrain)


func test_the_last_edit_tells_cubic_metres_and_where() -> void:
	var terrain := _terrain(Transform3D(Basis.from_scale(Vector3(2, 1, 0.5)), Vector3(0, 10, 0)), 16)
	var center := Vector3(0, -30, 0)
	terrain.dig_box(center, Vector3(16, 10, 6))
	var dug := terrain.get_last_edit()
	# Its faces lie on samples, of which those on an edge count as half a voxel, like all others.
	check(absf(dug.removed - 960.0) < 60.0, "removed %s" % dug.removed)
	check_equal(dug.added, 0.0, "added")
	var area: AABB = dug.area
	check(area.encloses(AABB(center - Vector3(8, 5, 3), Vector3(16, 10, 6)).grow(-2.1)), "area %s" % area)
	check(AABB(center - Vector3(8, 5, 3), Vector3(16, 10, 6)).grow(10.0).encloses(area), "area %s" % area)
	terrain.undo()
	check_equal(terrain.get_last_edit().added, dug.removed, "given back")
	terrain.dig_box(Vector3(0, 90, 0), Vector3.ONE)
	check_equal(terrain.get_last_edit(), {"removed": 0.0, "added": 0.0, "removed_by_material": {}, "added_by_material": {}, "area": AABB()}, "in the air")
	await remove(terrain)


func test_undo_takes_back_strokes_and_edits_and_shows_it() -> void:
	var terrain := await loaded_terrain()
	terrain.undo_limit_mb = 16
	var told := edits_of(terrain)
	var ground := height_at(terrain, 0, 0)
	check_equal(terrain.undo(), ERR_DOES_NOT_EXIST, "nothing to undo")
	terrain.dig_sphere(Vector3(20, ground, 0), 4.0)
	check(terrain.begin_stroke() > 0, "a number")
	for i in 3:
		terrain.dig_sphere(Vector3(i * 2.0, ground, 0), 3.0)
	terrain.end_stroke()
	check(terrain.has_undo() and not terrain.has_redo() and not terrain.has_undo(7), "what can be undone")
	await tree.process_frame
	check_equal(sum_of(told, "edits"), 4, "edits")
	check_equal(terrain.undo(), OK, "the stroke")
	check(absf(height_at(terrain, 0, 0) - ground) < 0.01, "all of it")
	check(height_at(terrain, 20, 0) < ground - 3.0, "and it alone")
	await tree.process_frame
	check_equal(sum_of(told, "edits"), 5, "an undo is shown as an edit")
	check_equal(sum_of(told, "same_frame"), 5, "at once")
	check_equal(terrain.redo(), OK, "again")
	check(height_at(terrain, 4, 0) < ground - 2.0, "all of it")
	check_equal(terrain.redo(), ERR_DOES_NOT_EXIST, "nothing to redo")
	terrain.undo()
	terrain.undo()
	check(absf(height_at(terrain, 20, 0) - ground) < 0.01, "the edit alone")
	terrain.undo_limit_mb = 16
	check(terrain.has_redo(), "the same limit forgets nothing")
	terrain.undo_limit_mb = 17
	check(not terrain.has_redo(), "another one does")
	check_equal(terrain.audit(), "", "what is shown")
	await remove(terrain)


func test_users_have_strokes_of_their_own() -> void:
	var terrain := _terrain(Transform3D.IDENTITY, 16)
	var warnings := WarningCounter.new()
	OS.add_logger(warnings)
	var dig := func(user: int, stroke: int, at: Vector3) -> int:
		var number := terrain.begin_stroke(user, stroke)
		terrain.dig_sphere(at, 3.0)
		terrain.end_stroke()
		return number
	# Two who dig in turns, each in a stroke of several calls.
	var ones: int = dig.call(1, 0, Vector3(0, 0, 0))
	dig.call(4294967295, 9, Vector3(1000, 0, 0))
	check_equal(dig.call(1, ones, Vector3(4, 0, 0)), ones, "the stroke that goes on")
	dig.call(4294967295, 9, Vector3(1004, 0, 0))
	check_equal(terrain.undo(1), OK, "the first one's")
	check(not terrain.has_undo(1) and terrain.has_redo(1), "it was one stroke")
	check_equal(terrain.undo(4294967295), OK, "the other's")
	check(not terrain.has_undo(4294967295), "it was one stroke, too")
	# Ground that somebody else edits.
	terrain.redo(1)
	dig.call(2, 0, Vector3(1, 0, 0))
	check_equal(warnings.lines().size(), 0, "warnings")
	check_equal(terrain.undo(1), ERR_BUSY, "under another's edit")
	check_equal(warnings.lines().size(), 1, "warnings")
	check("somebody edited the same ground since" in "".join(warnings.lines()), "%s" % warnings.lines())
	check_equal(terrain.undo(2), OK, "the later one first")
	check_equal(terrain.undo(1), OK, "then the earlier one")
	OS.remove_logger(warnings)
	await remove(terrain)


func test_an_edit_in_the_background_appears_as_a_whole() -> void:
	var terrain := await loaded_terrain()
	terrain.undo_limit_mb = 256
	var ground := height_at(terrain, 0, 0)
	var told := edits_of(terrain)
	var waiting: Variant = terrain.dig_sphere_async(Vector3(0, ground, 0), 100.0)
	check_equal(typeof(waiting), TYPE_SIGNAL, "something to wait for")
	check(absf(height_at(terrain, 0, 0) - ground) < 0.01, "nothing has happened yet")
	check_equal(terrain.add_sphere(Vector3(0, ground + 20.0, 0), 4.0), OK, "an edit meanwhile")
	var before := Engine.get_process_frames()
	check_equal(await waiting, OK, "the result")
	check(Engine.get_process_frames() > before, "the frames went on")
	# What the sphere would have dug when it appeared: the ball is in it, and gone.
	check(is_nan(height_at(terrain, 0, 0)), "dug: %s" % height_at(terrain, 0, 0))
	check(terrain.get_last_edit().removed > 2e6, "half a sphere: %s" % terrain.get_last_edit())
	await load_whole(terrain)
	await frames(1)
	check_equal(sum_of(told, "same_frame"), 2, "shown in the frame in which it was made")
	check_equal(terrain.audit(), "", "what is shown")
	check_equal(terrain.undo(), OK, "undone")
	check(absf(height_at(terrain, 0, 0) - ground - 24.0) < 0.1, "as before: %s" % height_at(terrain, 0, 0))
	check_equal(await terrain.dig_path_async([Vector3(-150, -30, 0), Vector3(150, -30, 0)], 6.0), OK, "a tunnel")
	for way: float in [-1.0, 1.0]:
		var reach := _reach(terrain, Vector3(way * 60, -30, 0), Vector3(way, 0, 0))
		check(absf(reach - 96.0) < 0.2, "from end to end: %s" % reach)
	check_equal(await terrain.add_box_async(Vector3(0, -30, 0), Vector3(60, 20, 20)), OK, "a plug")
	check(is_equal_approx(_reach(terrain, Vector3(0, -30, 0), Vector3.RIGHT), 0.0), "filled")
	await remove(terrain)


func test_an_edit_in_the_background_ends_with_its_world() -> void:
	var ends: Array[Callable] = [
		func(t: VoxelTerrain) -> void: t.regenerate(),
		func(t: VoxelTerrain) -> void: t.free(),
		func(t: VoxelTerrain) -> void: t.generator = null,
	]
	for end in ends:
		var terrain := _terrain()
		var waiting: Variant = terrain.dig_sphere_async(DEEP, 200.0)
		end.call(terrain)
		check_equal(await waiting, ERR_UNCONFIGURED, "the result")
		if is_instance_valid(terrain):
			check_equal(terrain.get_statistics()["edits"], 0, "edits")
			await remove(terrain)
	check_equal(Nebula.live_tasks().size(), 0, "coroutines left")


func test_an_edit_in_the_background_waits_for_the_tree() -> void:
	var terrain := _terrain()
	var result := [-1]
	var wait := func() -> void: result[0] = await terrain.dig_sphere_async(DEEP, 20.0)
	wait.call()
	tree.root.remove_child(terrain)
	# A frame takes no time here. When another terrain's edit is there, this one's workers have ended.
	var other := _terrain()
	check_equal(await other.dig_sphere_async(DEEP, 60.0), OK, "another terrain's")
	await frames(2)
	check_equal(result[0], -1, "outside of the tree")
	check_equal(terrain.get_statistics()["edits"], 0, "edits")
	tree.root.add_child(terrain)
	check(await comes(func() -> bool: return result[0] == OK), "back in it")
	check(absf(_reach(terrain, DEEP, Vector3.RIGHT) - 20.0) < 0.1, "dug")
	await remove(other)
	await remove(terrain)


func test_a_box_is_read_and_written_as_an_array() -> void:
	var terrain := _terrain(Transform3D.IDENTITY, 16)
	var low := Vector3i(-5, -4, -6)
	var size := Vector3i(10, 9, 12)
	var distances := terrain.read_box(low, size)
	check_equal(distances.size(), 10 * 9 * 12, "one for each voxel")
	for y in 9:
		var there := distances[3 + 10 * (y + 9 * 7)]
		check(absf(there - clampf(y - 4, -127.0 / 32, 127.0 / 32)) <= 1.0 / 32, "%d above the ground: %s" % [y - 4, there])
	for i in distances.size():
		distances[i] = 4.0  # air
	check_equal(terrain.write_box(low, size, distances), OK, "write_box")
	check(absf(height_at(terrain, 0, 0) + 4.5) < 0.5, "a pit: %s" % height_at(terrain, 0, 0))
	check(terrain.get_last_edit()["removed"] > 400.0, "get_last_edit: %s" % terrain.get_last_edit())
	check_equal(terrain.read_box(low, size)[0], 127.0 / 32, "as far as a voxel tells")
	check_equal(terrain.undo(), OK, "undo")
	check(absf(height_at(terrain, 0, 0)) < 0.1, "the pit is gone")
	var large := PackedFloat32Array()
	large.resize(140 * 4 * 4)
	large.fill(-4.0)
	expect_error("use write_box_async() for larger ones")
	check_equal(terrain.write_box(Vector3i.ZERO, Vector3i(140, 4, 4), large), ERR_INVALID_PARAMETER, "too large")
	check_equal(await terrain.write_box_async(Vector3i.ZERO, Vector3i(140, 4, 4), large), OK, "write_box_async")
	check(height_at(terrain, 120, 2) > 2.5, "a wall: %s" % height_at(terrain, 120, 2))
	await remove(terrain)


func test_boxes_that_cannot_be_are_refused() -> void:
	var terrain := _terrain()
	var eight := PackedFloat32Array([1, 1, 1, 1, 1, 1, 1, 1])
	var wrong: Array[Array] = [
		[Vector3i.ZERO, Vector3i(2, 2, 3), eight, "the box has 12 points, but there are 8 distances"],
		[Vector3i.ZERO, Vector3i(1, 2, 4), eight, "2 to 256 points"],
		[Vector3i.ONE * 2_000_000_000, Vector3i.ONE * 2, eight, "the box reaches more than 16000000 voxels from the origin"],
		[Vector3i(16_000_000, 0, 0), Vector3i.ONE * 2, eight, "the box reaches more than 16000000 voxels from the origin"],
		[Vector3i.ZERO, Vector3i.ONE * 2, PackedFloat32Array([1, 1, 1, NAN, 1, 1, 1, 1]), "distance number 3 is not a finite number"],
	]
	for each in wrong:
		expect_error(each[3])
		check_equal(terrain.write_box(each[0], each[1], each[2]), ERR_INVALID_PARAMETER, each[3])
	for size: Vector3i in [Vector3i(0, 4, 4), Vector3i(4, 129, 4), Vector3i.ONE * -3]:
		expect_error("each edge of the box must be from 1 to 128 voxels")
		check_equal(terrain.read_box(Vector3i.ZERO, size).size(), 0, "%s" % size)
	var outside := VoxelTerrain.new()
	expect_error("VoxelTerrain.read_box: the terrain has no world to read")
	check_equal(outside.read_box(Vector3i.ZERO, Vector3i.ONE).size(), 0, "distances without a world")
	expect_error("VoxelTerrain.read_box_materials: the terrain has no world to read")
	check_equal(outside.read_box_materials(Vector3i.ZERO, Vector3i.ONE).size(), 0, "materials without a world")
	outside.free()
	expect_error("the box reaches more than 16000000 voxels from the origin")
	check_equal(terrain.read_box(Vector3i.ONE * -2_147_483_648, Vector3i.ONE).size(), 0, "outside")
	# What can be written can be read, and the other way round.
	expect_error("the box reaches more than 16000000 voxels from the origin")
	check_equal(terrain.read_box(Vector3i(16_000_000, 0, 0), Vector3i.ONE * 2).size(), 0, "one voxel beyond")
	for low: Vector3i in [Vector3i.ONE * -16_000_000, Vector3i.ONE * 15_999_999]:
		check_equal(terrain.write_box(low, Vector3i.ONE * 2, eight), OK, "the last voxels")
		var read := terrain.read_box(low, Vector3i.ONE * 2)
		check_equal(read, eight, "as they were written")
	await remove(terrain)
