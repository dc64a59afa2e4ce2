# Edits of VoxelTerrain and what it announces about them.
extends "res://voxel_suite.gd"


# A handler that always digs once held its frame for ever: each crater was shown, and announced, in
# the frame it was dug in.
func test_what_a_handler_digs_belongs_to_the_next_frame() -> void:
	var terrain := await loaded_terrain()
	var frames_told: Array[int] = []
	terrain.edit_committed.connect(
		func(_info: Dictionary) -> void:
			frames_told.append(Engine.get_process_frames())
			if frames_told.size() < 100:  # so that a frame which goes on for ever fails the test
				terrain.dig_sphere(Vector3(frames_told.size() % 20, 0, 0), 3.0)
	)
	await tree.process_frame
	terrain.dig_sphere(Vector3.ZERO, 3.0)
	await frames(10)
	check(frames_told.size() >= 8, "it goes on every frame: %s" % [frames_told])
	for i in range(1, frames_told.size()):
		check(frames_told[i] > frames_told[i - 1], "one signal a frame: %s" % [frames_told])
	await remove(terrain)


func test_the_next_frames_edits_are_one_group_with_the_handlers() -> void:
	var terrain := await loaded_terrain()
	var told := edits_of(terrain)
	var dig_once := func(_info: Dictionary) -> void: terrain.dig_sphere(Vector3(9, 0, 0), 2.0)
	terrain.edit_committed.connect(dig_once, CONNECT_ONE_SHOT)
	await tree.process_frame
	terrain.dig_sphere(Vector3.ZERO, 2.0)
	await tree.process_frame
	check_equal(told.size(), 1, "signals after the first frame")
	terrain.dig_sphere(Vector3(-9, 0, 0), 2.0)
	await tree.process_frame
	check_equal(told.size(), 2, "signals after the second frame")
	check_equal(told[1]["edits"], 2, "edits of the second frame")
	check_equal(told[1]["same_frame"], 1, "the handler's was made in the frame before")
	await remove(terrain)


# The other signals that may be answered with a dig.
func test_a_dig_in_a_handler_of_loaded_ends_the_frame_too() -> void:
	var terrain := flat_terrain()
	var told := edits_of(terrain)
	var dug_in := [-1]
	var shown_in: Array[int] = []
	terrain.loaded.connect(
		func() -> void:
			dug_in[0] = Engine.get_process_frames()
			terrain.dig_sphere(Vector3.ZERO, 3.0)
	)
	terrain.edit_committed.connect(
		func(_info: Dictionary) -> void: shown_in.append(Engine.get_process_frames())
	)
	tree.root.add_child(terrain)
	await load_whole(terrain)
	await frames(3)
	check_equal(shown_in, [dug_in[0] + 1] as Array[int], "frames in which its dig is shown")
	check_equal(told[0]["same_frame"], 0, "edits shown in the frame in which they were made")
	await remove(terrain)


# What a handler digs waits for the next frame, and what is dug after it in its frame goes with it.
func test_what_is_dug_after_a_handlers_dig_does_not_bring_it_forward() -> void:
	var terrain := await loaded_terrain()
	var told := edits_of(terrain)
	terrain.edit_committed.connect(
		func(_info: Dictionary) -> void:
			terrain.dig_sphere(Vector3(9, 0, 0), 2.0)
			terrain.dig_sphere.call_deferred(Vector3(-9, 0, 0), 2.0),
		CONNECT_ONE_SHOT
	)
	await tree.process_frame
	terrain.dig_sphere(Vector3.ZERO, 2.0)
	await tree.process_frame
	check_equal(told.size(), 1, "signals in the first frame")
	await tree.process_frame
	check_equal(told.size(), 2, "signals after the second frame")
	check_equal(told[1]["edits"], 2, "edits of the second frame")
	await remove(terrain)


func test_handlers_that_dig_from_deferred_calls_end_the_frame_too() -> void:
	var terrain := await loaded_terrain()
	var told := edits_of(terrain)
	terrain.edit_committed.connect(
		func(_info: Dictionary) -> void:
			if told.size() < 5000:
				terrain.dig_sphere.call_deferred(Vector3.ZERO, 3.0)
	)
	terrain.dig_sphere(Vector3.ZERO, 3.0)
	await frames(4)
	check(told.size() >= 4, "it goes on every frame: %d" % told.size())
	check(told.size() < 5000, "and the frames end")
	await remove(terrain)


# With no budget every group is late. The signal once came when nothing was pending any more, which
# under constant digging is seldom, and told of the last group alone.
func test_every_group_is_announced_and_the_sums_agree_with_the_statistics() -> void:
	var terrain := await loaded_terrain()
	var told := edits_of(terrain)
	terrain.edit_budget_msec = 0.0
	var dug := 0
	var told_while_more_waited := 0
	var end := Time.get_ticks_msec() + PATIENCE_MSEC
	while told_while_more_waited < 5 and Time.get_ticks_msec() < end:
		for j in 3:
			terrain.dig_sphere(Vector3(randf_range(-50, 50), 0, randf_range(-50, 50)), 8.0)
			dug += 1
		var before := told.size()
		await tree.process_frame
		if told.size() > before and sum_of(told, "edits") < dug:
			told_while_more_waited += 1
	check_equal(told_while_more_waited, 5, "groups announced while others waited")
	await load_whole(terrain)
	await frames(2)
	var statistics := terrain.get_statistics()
	check_equal(statistics["edits"], dug, "edits in the statistics")
	check_equal(sum_of(told, "edits"), dug, "edits announced")
	check_equal(sum_of(told, "chunks"), statistics["remeshed"], "chunks announced")
	for info in told:
		check_equal(info["msec"].size(), info["edits"], "times of a group's edits")
	await remove(terrain)


func test_dig_then_regenerate_at_once_announces_nothing() -> void:
	var terrain := await loaded_terrain()
	var told := edits_of(terrain)
	terrain.dig_sphere(Vector3(5, 0, 5), 4.0)
	terrain.regenerate()
	await load_whole(terrain)
	await frames(3)
	check_equal(told.size(), 0, "signals of an edit that is gone")
	check_equal(terrain.get_statistics()["edits"], 0, "edits of the new world")
	terrain.dig_sphere(Vector3(5, 0, 5), 4.0)
	await tree.process_frame
	check_equal(told.size(), 1, "signals of the new world's edit")
	check_equal(told[0]["edits"], 1, "its edits")
	await remove(terrain)


func test_handlers_may_do_anything_to_the_terrain() -> void:
	var deeds: Array[Callable] = [
		func(t: VoxelTerrain) -> void: t.queue_free(),
		func(t: VoxelTerrain) -> void: t.regenerate(),
		func(t: VoxelTerrain) -> void: t.generator = VoxelNoiseGenerator.new(),
		func(t: VoxelTerrain) -> void: t.generator = null,
		func(t: VoxelTerrain) -> void: tree.root.remove_child(t),
		func(t: VoxelTerrain) -> void: t.reparent(tree.root.get_child(0)),
		func(t: VoxelTerrain) -> void: t.view_distance = 96.0,
		func(t: VoxelTerrain) -> void: t.material = StandardMaterial3D.new(),
		func(t: VoxelTerrain) -> void: t.scale = Vector3.ZERO,
		func(t: VoxelTerrain) -> void: t.retry_failed(),
	]
	var home := Node3D.new()
	tree.root.add_child(home)
	tree.root.move_child(home, 0)
	for deed in deeds:
		for which: String in ["loaded", "edit_committed"]:
			var terrain := flat_terrain()
			tree.root.add_child(terrain)
			var done := [false]
			var act := func() -> void:
				deed.call(terrain)
				done[0] = true
			if which == "loaded":
				terrain.loaded.connect(act, CONNECT_ONE_SHOT)
			else:
				await load_whole(terrain)
				terrain.edit_committed.connect(act.unbind(1), CONNECT_ONE_SHOT)
				terrain.dig_sphere(Vector3.ZERO, 4.0)
			check(await comes(func() -> bool: return done[0]), "%s was emitted" % which)
			await frames(6)
			if is_instance_valid(terrain):
				terrain.free()
	home.free()
	await frames(2)
	check_equal(Nebula.live_engine_resources(), 0, "meshes and instances left")
	check_equal(Nebula.live_tasks().size(), 0, "coroutines left")


func test_limits_are_told_by_name_and_range() -> void:
	var terrain := await loaded_terrain()
	check_equal(terrain.dig_sphere(Vector3(0, 30, 0), 64.0), OK, "the largest brush")
	expect_error("VoxelTerrain.dig_sphere: radius is 65; it must be above 0 and at most 64")
	check_equal(terrain.dig_sphere(Vector3.ZERO, 65.0), ERR_INVALID_PARAMETER, "beyond it")
	expect_error("VoxelTerrain.raycast: max_distance is 10001; it must be from 0 to 10000")
	check(terrain.raycast(Vector3.ZERO, Vector3.DOWN, 10001.0).is_empty(), "a ray too long")
	check(terrain.raycast(Vector3(0, 90, 0), Vector3.UP, 10000.0).is_empty(), "the longest")
	await remove(terrain)
