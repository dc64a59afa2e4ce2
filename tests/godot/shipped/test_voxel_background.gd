# Edits that workers make: one for each brush, with progress, cancelled or to the end.
extends "res://voxel_suite.gd"

const DEEP := Vector3(0, -600, 0)


func _terrain() -> VoxelTerrain:
	var terrain := flat_terrain()
	tree.root.add_child(terrain)
	return terrain


func test_every_brush_has_a_twin_in_the_background() -> void:
	var methods := {}
	for method in ClassDB.class_get_method_list("VoxelTerrain", true):
		methods[String(method.name)] = method
	var pairs := 0
	for name: String in methods:
		if methods[name].return.class_name != &"Error" or name in ["undo", "redo"]:
			continue
		pairs += 1
		var twin: Dictionary = methods.get(name + "_async", {})
		if not twin.is_empty():
			check_equal(twin.args, methods[name].args, "arguments of " + name)
			check_equal(twin.default_args, methods[name].default_args, "defaults of " + name)
		check(not twin.is_empty(), "there is no %s_async()" % name)
	check_equal(pairs, 22, "brushes")


# Both leave the same ground. Soft brushes of 70 voxels are refused in a call.
func test_every_brush_does_the_same_in_the_background() -> void:
	var stamp: VoxelStamp = await VoxelStamp.from_mesh(BoxMesh.new(), Transform3D(Basis.from_scale(Vector3(9, 9, 9)), Vector3.ZERO))
	var brush := VoxelBrush.new()
	var line: PackedVector3Array = [Vector3(-9, 0, 0), Vector3(0, -2, 3), Vector3(9, 0, 0)]
	var cells := PackedFloat32Array()
	cells.resize(4 * 4 * 4)
	cells.fill(2.0)
	var calls := {
		"dig_sphere": [Vector3.ZERO, 6.0], "add_sphere": [Vector3.ZERO, 6.0, 3],
		"paint_sphere": [Vector3.ZERO, 6.0, 4], "dig_box": [Vector3.ZERO, Vector3(8, 6, 4), Basis(Vector3.UP, 0.4)],
		"add_box": [Vector3.ZERO, Vector3(8, 6, 4), Basis(), 3], "paint_box": [Vector3.ZERO, Vector3(8, 6, 4), 4],
		"dig_path": [line, 3.0], "add_path": [line, 3.0, 3], "paint_path": [line, 3.0, 4],
		"dig_cone": [Vector3.DOWN * 5, Vector3.UP, 1.0, 6.0], "add_cone": [Vector3.ZERO, Vector3.UP * 6, 5.0, 0.0, 3],
		"paint_cone": [Vector3.DOWN * 5, Vector3.UP, 1.0, 6.0, 4],
		"dig_stamp": [stamp, Transform3D(Basis(Vector3.UP, 0.4), Vector3.ZERO)],
		"add_stamp": [stamp, Transform3D.IDENTITY, 3], "paint_stamp": [stamp, Transform3D.IDENTITY, 4],
		"paste_stamp": [stamp, Transform3D.IDENTITY, 3], "apply_brush": [brush, Transform3D.IDENTITY],
		"write_box": [Vector3i(-2, -2, -2), Vector3i(4, 4, 4), cells],
		"grow": [Vector3.ZERO, 6.0, 0.7], "shrink": [Vector3.ZERO, 6.0, 0.7],
		"smooth": [Vector3(6, 0, 0), 6.0], "flatten": [Vector3.ZERO, 6.0, Vector3(0.3, 1, 0)],
	}
	for method: String in calls:
		var found := []
		for suffix: String in ["", "_async"]:
			var terrain := _terrain()
			terrain.dig_box(Vector3(8, 0, 0), Vector3(6, 6, 6))
			var result: Variant = await terrain.callv(method + suffix, calls[method])
			check_equal(result, OK, method + suffix)
			check(terrain.get_last_edit().area.size != Vector3.ZERO, "%s%s did something" % [method, suffix])
			found.append([
				terrain.read_box(Vector3i(-16, -12, -16), Vector3i(32, 24, 32)),
				terrain.read_box_materials(Vector3i(-16, -12, -16), Vector3i(32, 24, 32)),
				terrain.get_last_edit(),
			])
			terrain.free()
		check(found[0] == found[1], "%s and its twin leave other ground" % method)
	check_equal(calls.size(), 22, "brushes")


func test_a_task_tells_its_progress_and_what_was_done() -> void:
	var terrain := _terrain()
	var digging := NebulaTask.of(terrain.dig_sphere_async(DEEP, 160.0))
	check(digging.is_pending(), "pending")
	check_equal(digging.progress, 0.0, "at the start")
	check_equal(digging.details, {}, "details before the end")
	var seen: Array[float] = []
	while digging.is_pending():
		seen.append(digging.progress)
		await tree.process_frame
	var sorted := seen.duplicate()
	sorted.sort()
	check_equal(seen, sorted, "it never falls")
	check(seen[-1] > 0.0 and seen.max() <= 1.0, "it moved: %s" % seen[-1])
	check_equal([digging.progress, digging.result, digging.cancelled], [1.0, OK, false], "at the end")
	check_equal(await digging.wait(), OK, "awaited late")
	terrain.dig_sphere(Vector3.ZERO, 2.0)
	check(absf(digging.details.removed / (4.0 / 3.0 * PI * 160.0 ** 3) - 1.0) < 0.01, "removed: %s" % digging.details)
	check(terrain.get_last_edit().removed < 40.0, "another edit since")
	await remove(terrain)


func test_a_cancelled_edit_leaves_the_ground_as_it_is() -> void:
	var terrain := _terrain()
	terrain.undo_limit_mb = 16
	var ground := height_at(terrain, 0, 0)
	var waiting: Variant = terrain.dig_sphere_async(Vector3.ZERO, 300.0)
	var digging := NebulaTask.of(waiting)
	check_equal(digging, NebulaTask.of(waiting), "one task")
	await frames(2)
	digging.cancel()
	check_equal(await waiting, ERR_SKIP, "the result")
	check_equal([digging.result, digging.cancelled, digging.failed, digging.is_done()], [ERR_SKIP, true, false, true], "the task")
	check(digging.progress < 1.0, "not done: %s" % digging.progress)
	digging.cancel()
	await frames(3)
	check_equal(terrain.get_statistics()["edits"], 0, "edits")
	check_equal(terrain.undo(), ERR_DOES_NOT_EXIST, "nothing to undo")
	check_equal(height_at(terrain, 0, 0), ground, "the ground is there")
	check_equal(await terrain.dig_sphere_async(DEEP, 20.0), OK, "the next one")
	await remove(terrain)
	check_equal(Nebula.live_tasks().size(), 0, "coroutines left")


func test_an_edit_is_cancelled_from_anywhere() -> void:
	var terrain := _terrain()
	# Before it has done anything, from another thread, and by who waits for another one.
	var at_once := NebulaTask.of(terrain.dig_sphere_async(DEEP, 80.0))
	at_once.cancel()
	check_equal(await at_once.wait(), ERR_SKIP, "at once")
	var threaded := NebulaTask.of(terrain.dig_sphere_async(DEEP, 300.0))
	var thread := Thread.new()
	thread.start(threaded.cancel)
	thread.wait_to_finish()
	check_equal(await threaded.wait(), ERR_SKIP, "from a thread")
	var quick := NebulaTask.of(terrain.dig_sphere_async(DEEP, 10.0))
	var slow := NebulaTask.of(terrain.dig_sphere_async(DEEP, 400.0))
	quick.completed.connect(func(_result: Variant) -> void: slow.cancel())
	check_equal(await slow.wait(), ERR_SKIP, "by another's end")
	check_equal(terrain.get_statistics()["edits"], 1, "edits")
	# The world's end is told apart, also from a cancel that comes after it.
	var dropped := NebulaTask.of(terrain.dig_sphere_async(DEEP, 300.0))
	terrain.regenerate()
	dropped.cancel()
	check_equal([await dropped.wait(), dropped.cancelled], [ERR_UNCONFIGURED, true], "without a world")
	await remove(terrain)


func test_what_is_no_task_is_one_that_has_ended_or_an_error() -> void:
	var terrain := _terrain()
	expect_error("radius is -1; it must be above 0")
	var refused := NebulaTask.of(terrain.dig_sphere_async(DEEP, -1.0))
	check_equal([refused.is_done(), refused.result, refused.progress], [true, ERR_INVALID_PARAMETER, 1.0], "refused at once")
	check_equal(await refused.wait(), ERR_INVALID_PARAMETER, "awaited")
	expect_error("NebulaTask.of: awaited is a signal of something else than a task")
	check(NebulaTask.of(tree.process_frame).failed, "a foreign signal")
	check_equal(NebulaTask.of(null).result, null, "null")
	check_equal(NebulaTask.of(refused), refused, "a task")
	var loading := NebulaTask.of(terrain.wait_loaded())
	check_equal(await loading.wait(), true, "another method's task")
	check_equal([loading.progress, loading.details], [1.0, {}], "which tells nothing")
	await remove(terrain)
