# How long a world of VoxelTerrain lives, how it starts, and how a script waits for it.
extends "res://voxel_suite.gd"


func _dug_terrain() -> VoxelTerrain:
	var terrain := await loaded_terrain()
	terrain.dig_sphere(Vector3(5, 0, 5), 4.0)
	await frames(2)
	return terrain


func _check_still_dug(terrain: VoxelTerrain, after: String) -> void:
	check(absf(height_at(terrain, 5, 5) + 4.0) < 0.1, "%s: the crater is there" % after)


# Both dropped every edit without a word.
func test_reparent_keeps_every_edit_and_makes_nothing_again() -> void:
	var terrain := await _dug_terrain()
	var home := Node3D.new()
	tree.root.add_child(home)
	var before := terrain.get_statistics()
	terrain.reparent(home)
	_check_still_dug(terrain, "reparent()")
	await frames(3)
	_check_still_dug(terrain, "reparent()")
	var after := terrain.get_statistics()
	for key: String in ["meshed", "remeshed", "shown", "edits", "triangles_shown"]:
		check_equal(after[key], before[key], key)
	terrain.dig_sphere(Vector3(-5, 0, 5), 4.0)
	await frames(2)
	check_equal(terrain.get_statistics()["edits"], 2, "edits go on")
	home.queue_free()
	await frames(2)


func test_leaving_the_tree_keeps_every_edit() -> void:
	var terrain := await _dug_terrain()
	for pause in [0, 1, 5]:
		tree.root.remove_child(terrain)
		await frames(pause)
		tree.root.add_child(terrain)
		_check_still_dug(terrain, "%d frames outside" % pause)
	await load_whole(terrain)
	check(terrain.is_loaded(), "it is whole")
	await remove(terrain)


func test_what_is_dug_just_before_leaving_is_announced() -> void:
	var terrain := await loaded_terrain()
	var told := edits_of(terrain)
	terrain.dig_sphere(Vector3(5, 0, 5), 4.0)
	tree.root.remove_child(terrain)
	await frames(2)
	tree.root.add_child(terrain)
	await frames(3)
	check_equal(sum_of(told, "edits"), 1, "edits announced")
	_check_still_dug(terrain, "dug and removed in one frame")
	await remove(terrain)


func test_outside_the_tree_it_refuses_edits_and_may_be_freed() -> void:
	var terrain := await _dug_terrain()
	tree.root.remove_child(terrain)
	expect_error("VoxelTerrain.dig_sphere: the terrain is outside the scene tree")
	check_equal(terrain.dig_sphere(Vector3.ZERO, 4.0), ERR_UNCONFIGURED, "dig_sphere")
	check(terrain.raycast(Vector3.UP, Vector3.DOWN, 10.0).is_empty(), "raycast")
	await frames(3)
	terrain.free()
	await frames(2)
	check_equal(Nebula.live_engine_resources(), 0, "meshes and instances left")
	check_equal(Nebula.live_tasks().size(), 0, "coroutines left")


# A start that was refused was never tried again.
func test_whatever_a_property_can_repair_is_repaired_by_setting_it() -> void:
	var late := VoxelTerrain.new()
	tree.root.add_child(late)
	await frames(2)
	check(not late.is_loaded(), "no generator, no world")
	late.generator = VoxelFlatGenerator.new()
	await load_whole(late)
	late.generator = null
	check(not late.is_loaded(), "taken away again")
	late.generator = VoxelFlatGenerator.new()
	await load_whole(late)
	await remove(late)


func test_a_view_distance_out_of_range_does_not_keep_a_terrain_from_loading() -> void:
	for wrong: float in [0.0, -1.0, 16385.0, NAN, INF]:
		var terrain := flat_terrain()
		expect_error("VoxelTerrain.view_distance is")
		terrain.view_distance = wrong
		expect_error("it must be from 1 to 512 voxels")
		terrain.detail_distance = wrong
		tree.root.add_child(terrain)
		await load_whole(terrain)
		check_equal(terrain.view_distance, 64.0, "view distance after %s" % wrong)
		terrain.view_distance = 32.0
		await load_whole(terrain)
		await remove(terrain)


func test_generators_refuse_what_is_out_of_range_and_name_the_range() -> void:
	var noise := VoxelNoiseGenerator.new()
	expect_error("VoxelNoiseGenerator.octaves is 99; it must be from 1 to 12")
	noise.octaves = 99
	check_equal(noise.octaves, 6, "octaves")
	for property in noise.get_property_list():
		if property.type == TYPE_FLOAT and property.usage & PROPERTY_USAGE_STORAGE:
			var before: float = noise.get(property.name)
			for wrong: float in [NAN, INF, -1e9]:
				expect_error("VoxelNoiseGenerator.%s is" % property.name)
				noise.set(property.name, wrong)
				check_equal(noise.get(property.name), before, property.name)
	var flat := VoxelFlatGenerator.new()
	for wrong: float in [NAN, -INF, 1e30]:
		expect_error("VoxelFlatGenerator.height is")
		flat.height = wrong
		check_equal(flat.height, 0.0, "height after %s" % wrong)


# Seeds beyond 32 bits made the world of their lower half.
func test_all_bits_of_a_seed_count() -> void:
	var heights: Array[float] = []
	for seed: int in [7, 7 + (1 << 32), 7 + (1 << 62), -7]:
		var terrain := flat_terrain(32.0)
		var generator := VoxelNoiseGenerator.new()
		generator.seed = seed
		check_equal(generator.seed, seed, "the seed is kept whole")
		terrain.generator = generator
		tree.root.add_child(terrain)
		var hit := terrain.raycast(Vector3(10.5, 200, 10.5), Vector3.DOWN, 400.0)
		check(hit["position"].y not in heights, "seed %d makes a world of its own" % seed)
		heights.append(hit["position"].y)
		await remove(terrain)


# The second `await terrain.loaded` never returned.
func test_wait_loaded_is_right_at_any_time() -> void:
	var terrain := flat_terrain()
	tree.root.add_child(terrain)
	check_equal(await terrain.wait_loaded(), true, "while it loads")
	check(terrain.is_loaded(), "and then it is loaded")
	var frame := Engine.get_process_frames()
	check_equal(await terrain.wait_loaded(), true, "when it is loaded")
	check_equal(Engine.get_process_frames(), frame, "without waiting")
	terrain.dig_sphere(Vector3.ZERO, 4.0)
	check_equal(await terrain.wait_loaded(), true, "after a dig")
	terrain.regenerate()
	check(not terrain.is_loaded(), "regenerate() begins anew")
	check_equal(await terrain.wait_loaded(), true, "after regenerate()")
	terrain.view_distance = 128.0
	await tree.process_frame
	check_equal(await terrain.wait_loaded(), true, "with a longer view")
	check_equal(terrain.get_statistics()["loaded"], terrain.get_statistics()["wanted"], "all of it")
	await remove(terrain)


# It answered from the view of the last frame, so a game spawned its player over nothing.
func test_wait_loaded_means_the_view_as_it_is_now() -> void:
	var viewer := Node3D.new()
	tree.root.add_child(viewer)
	var terrain := flat_terrain()
	tree.root.add_child(terrain)
	terrain.viewer_path = terrain.get_path_to(viewer)
	check_equal(await terrain.wait_loaded(), true, "at first")
	viewer.position = Vector3(5000, 0, 0)
	check(not terrain.is_loaded(), "after the viewer moved")
	check_equal(await terrain.wait_loaded(), true, "and then there")
	terrain.position = Vector3(0, 0, 3000)
	check(not terrain.is_loaded(), "after the terrain moved")
	check_equal(await terrain.wait_loaded(), true, "and then there")
	terrain.basis = Basis(Vector3(1, 0, 0), Vector3(0.5, 1, 0), Vector3(0, 0, 1))
	var warnings := WarningCounter.new()
	OS.add_logger(warnings)
	check_equal(await terrain.wait_loaded(), false, "sheared")
	OS.remove_logger(warnings)
	check_equal(warnings.lines().size(), 1, "one warning")
	OS.add_logger(warnings)
	terrain.basis = Basis.from_scale(Vector3(0, 1, 1))
	check_equal(await terrain.wait_loaded(), false, "flat")
	OS.remove_logger(warnings)
	check_equal(warnings.lines().size(), 2, "one for each way in which it cannot work")
	terrain.basis = Basis()
	check_equal(await terrain.wait_loaded(), true, "repaired")
	viewer.queue_free()
	await remove(terrain)


func test_a_viewer_path_to_something_without_a_place_is_told_once() -> void:
	var viewer := Node.new()
	tree.root.add_child(viewer)
	var terrain := flat_terrain()
	tree.root.add_child(terrain)
	var warnings := WarningCounter.new()
	OS.add_logger(warnings)
	terrain.viewer_path = terrain.get_path_to(viewer)
	check_equal(await terrain.wait_loaded(), true, "around itself or the camera")
	OS.remove_logger(warnings)
	check_equal(warnings.lines().size(), 1, "warnings")
	check("is not a Node3D" in "".join(warnings.lines()), "it says why")
	viewer.queue_free()
	await remove(terrain)


func test_wait_loaded_outside_the_tree_waits_for_the_tree() -> void:
	var terrain := flat_terrain()
	tree.root.add_child.call_deferred(terrain)
	check_equal(await terrain.wait_loaded(), true, "added after the wait began")
	tree.root.remove_child(terrain)
	check_equal(await terrain.wait_loaded(), true, "loaded, and just outside")
	terrain.free()


func test_wait_loaded_gives_false_when_it_cannot_come_true() -> void:
	var orphan := VoxelTerrain.new()
	check_equal(await orphan.wait_loaded(), false, "without a generator")
	orphan.free()
	for when: String in ["outside the tree", "while it loads"]:
		var terrain := flat_terrain(512.0)
		var answers := []
		var wait := func() -> void: answers.append(await terrain.wait_loaded())
		if when == "while it loads":
			tree.root.add_child(terrain)
		wait.call()
		wait.call()
		await frames(2)
		terrain.free()
		await frames(2)
		check_equal(answers, [false, false], "freed %s" % when)
	check_equal(Nebula.live_tasks().size(), 0, "coroutines left")


# Every mesh has what any material reads, so a material replaces another at once. Nothing may be lost
# on the way.
func test_materials_may_change_at_any_time() -> void:
	var terrain := await _dug_terrain()
	var shown: int = terrain.get_statistics()["triangles_shown"]
	var triplanar := StandardMaterial3D.new()
	triplanar.uv1_triplanar = true
	var shader := ShaderMaterial.new()
	shader.shader = Shader.new()
	shader.shader.code = "shader_type spatial; void fragment() { ALBEDO = vec3(0.5); }"
	for material: Material in [triplanar, null, shader, StandardMaterial3D.new(), triplanar]:
		terrain.material = material
		await tree.process_frame
	await frames(30)
	check_equal(terrain.get_statistics()["triangles_shown"], shown, "triangles shown")
	await remove(terrain)


# The first terrain once started the pool, which waits 5 to 20 ms for the kernel.
func test_a_terrain_that_enters_the_tree_starts_no_thread() -> void:
	var terrain := flat_terrain(448.0)
	var threads := DirAccess.get_directories_at("/proc/self/task").size()
	tree.root.add_child(terrain)
	check_equal(DirAccess.get_directories_at("/proc/self/task").size(), threads, "threads")
	check_equal(Nebula.worker_stats().size(), Nebula.worker_count(), "workers that run already")
	await remove(terrain)


func test_the_inspector_cuts_off_no_name() -> void:
	var prefix := ""
	for property in ClassDB.class_get_property_list("VoxelTerrain", true):
		if property.usage & (PROPERTY_USAGE_GROUP | PROPERTY_USAGE_SUBGROUP):
			prefix = property.hint_string
		elif property.usage & PROPERTY_USAGE_EDITOR:
			var label: String = property.name.trim_prefix(prefix).capitalize()
			check(label.length() <= 17, "the inspector cuts off '%s'" % label)


# A Logger runs inside our call: it once freed the node, and the call then went on with it.
class FreesAtTheNextLine:
	extends Logger
	var victim: Node

	func _log_error(
		_function: String, _file: String, _line: int, _code: String, _rationale: String,
		_editor: bool, _type: int, _backtraces: Array[ScriptBacktrace]
	) -> void:
		if victim != null:
			var freed := victim
			victim = null
			freed.free()


# But not at a line of a notification: the engine itself goes on with the node after that.
func test_a_logger_may_free_the_terrain_at_any_line_of_a_call() -> void:
	var logger := FreesAtTheNextLine.new()
	var camera := _current_camera()
	var cases := {
		"view_distance is -1": func(t: VoxelTerrain) -> void: t.set("view_distance", -1.0),
		"radius is -1": func(t: VoxelTerrain) -> void: t.dig_sphere(Vector3.ZERO, -1.0),
		"max_distance is -1":
		func(t: VoxelTerrain) -> void: t.raycast(Vector3.UP, Vector3.DOWN, -1.0),
		"radius is -2": func(t: VoxelTerrain) -> void: t.dig_sphere_async(Vector3.ZERO, -2.0),
		"undo_limit_mb is 0": func(t: VoxelTerrain) -> void: t.undo(),
		"no undo":
		func(t: VoxelTerrain) -> void:
			t.undo_limit_mb = 1
			for user in 2:
				t.begin_stroke(user)
				t.dig_sphere(Vector3.ZERO, 2.0 + user)
			t.undo(),
		"no dig": func(t: VoxelTerrain) -> void: t.scale = Vector3.ZERO; t.dig_sphere(Vector3.UP, 1.0),
		"no ray":
		func(t: VoxelTerrain) -> void:
			t.scale = Vector3.ZERO
			t.raycast(Vector3.UP, Vector3.DOWN, 9.0),
		"viewer":
		func(_t: VoxelTerrain) -> void:
			camera.position = Vector3(1e9, 0, 0)
			await frames(2),
	}
	for told: String in cases:
		camera.position = Vector3.ZERO
		var terrain := await loaded_terrain()
		OS.add_logger(logger)
		logger.victim = terrain
		if told.contains(" is "):
			expect_error(told)
		await cases[told].call(terrain)
		check(not is_instance_valid(terrain), "freed by the line of: %s" % told)
		OS.remove_logger(logger)
		await frames(2)
		check_equal(Nebula.live_engine_resources(), 0, "meshes left after: %s" % told)
	camera.free()


func _current_camera() -> Camera3D:
	var camera := Camera3D.new()
	tree.root.add_child(camera)
	camera.make_current()
	return camera
