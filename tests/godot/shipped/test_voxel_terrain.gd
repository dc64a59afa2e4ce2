# VoxelTerrain in the real engine, without a renderer: what a game sees of loading and digging.
extends "res://voxel_suite.gd"


func test_loaded_is_emitted_once_everything_in_view_is_on_the_screen() -> void:
	var terrain := flat_terrain()
	var emitted: Array[bool] = []
	terrain.loaded.connect(func() -> void: emitted.append(terrain.is_loaded()))
	tree.root.add_child(terrain)
	await terrain.loaded
	for i in 5:
		await tree.process_frame
	check_equal(emitted, [true] as Array[bool], "emissions of loaded")
	var statistics := terrain.get_statistics()
	check_equal(statistics["loaded"], statistics["wanted"], "chunks loaded")
	check(statistics["triangles_shown"] > 0, "flat ground has triangles")
	await remove(terrain)


func test_a_crater_is_committed_in_the_frame_it_is_dug_in() -> void:
	var terrain := await loaded_terrain()
	var commits: Array[Dictionary] = []
	terrain.edit_committed.connect(func(info: Dictionary) -> void: commits.append(info))
	await tree.process_frame
	check_equal(terrain.dig_sphere(Vector3.ZERO, 4.0), OK, "dig_sphere")
	await tree.process_frame
	check_equal(commits.size(), 1, "commits by the next frame")
	check_equal(commits[0]["edits"], 1, "edits")
	check_equal(commits[0]["same_frame"], 1, "edits shown in their own frame")
	check(commits[0]["chunks"] >= 1, "a chunk was remeshed")
	await remove(terrain)


func test_ten_digs_of_one_frame_are_one_commit() -> void:
	var terrain := await loaded_terrain()
	var commits: Array[Dictionary] = []
	terrain.edit_committed.connect(func(info: Dictionary) -> void: commits.append(info))
	await tree.process_frame
	for i in 10:
		terrain.dig_sphere(Vector3(i, 0, 8), 4.0)
	await tree.process_frame
	check_equal(commits.size(), 1, "commits")
	check_equal(commits[0]["edits"], 10, "edits")
	check_equal(commits[0]["msec"].size(), 10, "times")
	await remove(terrain)


func test_a_raycast_sees_an_edit_at_once() -> void:
	var terrain := await loaded_terrain()
	check(absf(height_at(terrain, 10, 10)) < 0.05, "the ground is flat at height 0")
	terrain.dig_sphere(Vector3(10, 0, 10), 4.0)
	check(absf(height_at(terrain, 10, 10) + 4.0) < 0.1, "the crater is 4 m deep")
	terrain.add_sphere(Vector3(10, 0, 10), 6.0)
	check(absf(height_at(terrain, 10, 10) - 6.0) < 0.1, "the hill is 6 m high")
	await remove(terrain)


func test_a_raycast_tells_position_normal_and_distance_in_the_world() -> void:
	var terrain := await loaded_terrain()
	terrain.position = Vector3(0, 5, 0)
	var hit := terrain.raycast(Vector3(3, 25, 3), Vector3(0, -2, 0), 100.0)
	check(hit["position"].distance_to(Vector3(3, 5, 3)) < 0.05, "position %s" % hit["position"])
	check(hit["normal"].distance_to(Vector3.UP) < 0.05, "normal %s" % hit["normal"])
	check(absf(hit["distance"] - 20.0) < 0.05, "distance %s" % hit["distance"])
	check(terrain.raycast(Vector3(0, 25, 0), Vector3.UP, 100.0).is_empty(), "nothing above")
	await remove(terrain)


func test_a_dig_that_changes_no_chunk_is_told_too() -> void:
	var terrain := await loaded_terrain()
	var commits: Array[Dictionary] = []
	terrain.edit_committed.connect(func(info: Dictionary) -> void: commits.append(info))
	await tree.process_frame
	terrain.dig_sphere(Vector3(0, 40, 0), 4.0)
	await tree.process_frame
	check_equal(commits.size(), 1, "commits of a dig into the air")
	check_equal(commits[0]["chunks"], 0, "chunks of it")
	terrain.dig_sphere(Vector3.ZERO, 4.0)
	await tree.process_frame
	check_equal(commits[1]["edits"], 1, "edits of the next commit")
	await remove(terrain)


func test_a_raycast_is_right_far_from_the_origin_and_under_uneven_scale() -> void:
	var terrain := flat_terrain()
	terrain.position = Vector3(200000, 5, 0)
	terrain.rotation = Vector3(0, 1, 0.2)
	terrain.scale = Vector3(2, 1, 1)
	tree.root.add_child(terrain)
	await load_whole(terrain)
	var up := (terrain.basis.inverse().transposed() * Vector3.UP).normalized()
	var hit := terrain.raycast(terrain.position + up * 20.0, -up, 100.0)
	check(hit["normal"].distance_to(up) < 0.01, "normal %s" % hit["normal"])
	check(hit["position"].distance_to(terrain.position) < 0.2, "position %s" % hit["position"])
	check(absf(hit["distance"] - 20.0) < 0.2, "distance %s" % hit["distance"])
	await remove(terrain)


func test_wrong_input_is_refused_with_one_sentence() -> void:
	var terrain := await loaded_terrain()
	expect_error("radius")
	check_equal(terrain.dig_sphere(Vector3.ZERO, -1.0), ERR_INVALID_PARAMETER, "negative radius")
	expect_error("radius")
	check_equal(terrain.dig_sphere(Vector3.ZERO, NAN), ERR_INVALID_PARAMETER, "radius NaN")
	expect_error("centre")
	check_equal(terrain.dig_sphere(Vector3(INF, 0, 0), 4.0), ERR_INVALID_PARAMETER, "centre at infinity")
	expect_error("direction")
	check(terrain.raycast(Vector3.ZERO, Vector3.ZERO, 10.0).is_empty(), "no direction")
	await remove(terrain)


func test_a_distance_out_of_range_leaves_the_world_as_it_was() -> void:
	var terrain := await loaded_terrain()
	for wrong: float in [0.0, -5.0, NAN, INF, 1e9]:
		expect_error("distance")
		terrain.view_distance = wrong
		check_equal(terrain.view_distance, 64.0, "view distance after %s" % wrong)
	for budget: StringName in [&"commit_budget_msec", &"loading_budget_msec", &"edit_budget_msec"]:
		terrain.set(budget, 3.0)
		expect_error("%s is not a number; it must be from 0 to 1000. It stays at 3." % budget)
		terrain.set(budget, NAN)
		check_equal(terrain.get(budget), 3.0, "%s after NAN" % budget)
		terrain.set(budget, -INF)
		check_equal(terrain.get(budget), 0.0, "%s after -INF" % budget)
		terrain.set(budget, INF)
		check_equal(terrain.get(budget), 1000.0, "%s after INF" % budget)
	await remove(terrain)


func test_digging_before_there_is_a_world_is_refused() -> void:
	var terrain := flat_terrain()
	expect_error("has no world yet")
	check_equal(terrain.dig_sphere(Vector3.ZERO, 4.0), ERR_UNCONFIGURED, "dig_sphere")
	check(terrain.raycast(Vector3.ZERO, Vector3.DOWN, 10.0).is_empty(), "nothing to hit")
	check(not terrain.is_loaded(), "nothing is loaded")
	terrain.free()


func test_freeing_a_terrain_while_it_loads_leaves_nothing_behind() -> void:
	for i in 5:
		var terrain := flat_terrain(256.0)
		tree.root.add_child(terrain)
		for frame in i:
			await tree.process_frame
		await remove(terrain)
	check_equal(Nebula.live_engine_resources(), 0, "meshes and instances left")
	check_equal(Nebula.live_tasks().size(), 0, "coroutines left")


func test_a_terrain_may_be_freed_by_its_own_signals() -> void:
	var terrain := flat_terrain()
	terrain.loaded.connect(func() -> void: terrain.queue_free())
	tree.root.add_child(terrain)
	await terrain.loaded
	await tree.process_frame
	await tree.process_frame
	check(not is_instance_valid(terrain), "it is gone")
	var other := await loaded_terrain()
	other.edit_committed.connect(func(_info: Dictionary) -> void: tree.root.remove_child(other))
	other.dig_sphere(Vector3.ZERO, 4.0)
	await tree.process_frame
	check(not other.is_inside_tree(), "it left the tree in its own signal")
	other.free()
	check_equal(Nebula.live_engine_resources(), 0, "meshes and instances left")


func test_two_terrains_share_the_workers() -> void:
	var a := flat_terrain()
	var b := flat_terrain()
	tree.root.add_child(a)
	tree.root.add_child(b)
	await load_whole(a)
	await load_whole(b)
	check_equal(Nebula.worker_stats().size(), Nebula.worker_count(), "workers")
	await remove(a)
	check(b.is_loaded(), "the other one stays")
	await remove(b)


func test_the_pool_tells_what_it_does() -> void:
	var terrain := await loaded_terrain()
	check(Nebula.worker_count() >= 1, "there is a worker")
	check_equal(Nebula.utilization_per_worker().size(), Nebula.worker_count(), "shares")
	for share in Nebula.utilization_per_worker():
		check(share >= 0.0 and share <= 1.0, "a share of %s" % share)
	for worker: Dictionary in Nebula.worker_stats():
		check(worker["name"].begins_with("nebula-worker-"), "name %s" % worker["name"])
	check("already running" in Nebula.set_thread_count(3), "a running pool is not reconfigured")
	check("already running" in Nebula.configure("res://nothing.toml"), "nor from a file")
	await remove(terrain)


func test_regenerate_forgets_what_was_dug() -> void:
	var terrain := await loaded_terrain()
	terrain.dig_sphere(Vector3(5, 0, 5), 4.0)
	terrain.regenerate()
	await load_whole(terrain)
	check(absf(height_at(terrain, 5, 5)) < 0.05, "the ground is flat again")
	await remove(terrain)


func test_hiding_moving_and_painting_a_terrain_is_quiet() -> void:
	var terrain := await loaded_terrain()
	terrain.material = StandardMaterial3D.new()
	terrain.hide()
	await tree.process_frame
	terrain.show()
	terrain.position = Vector3(100, 0, 0)
	terrain.view_distance = 96.0
	await load_whole(terrain)
	check(terrain.is_loaded(), "it loaded where it went")
	await remove(terrain)


func test_a_generator_tells_its_heights_without_a_terrain() -> void:
	var flat := VoxelFlatGenerator.new()
	flat.height = 7.25
	check_equal(flat.heights(Vector2i(-3, 5), Vector2i(2, 3)), PackedFloat32Array([7.25, 7.25, 7.25, 7.25, 7.25, 7.25]), "flat")
	var terrain := await loaded_terrain()
	var hills := VoxelNoiseGenerator.new()
	terrain.generator = hills
	check(await terrain.wait_loaded(), "the hills load")
	var heights := hills.heights(Vector2i(16, -8), Vector2i(2, 2), 8)
	for i in 4:
		var shown := terrain.ground_height(16 + i % 2 * 8, -8 + i / 2 * 8)
		check(absf(heights[i] - shown) < 1.0, "column %d: %s, and %s with a terrain" % [i, heights[i], shown])
	await remove(terrain)
	for wrong: Array in [
		["size.y is 0", Vector2i.ZERO, Vector2i(1, 0), 1], ["size.x is 257", Vector2i.ZERO, Vector2i(257, 1), 1],
		["corner.x is 8000001", Vector2i(8000001, 0), Vector2i.ONE, 1], ["spacing is 4096", Vector2i.ZERO, Vector2i.ONE, 4096],
		["power of two", Vector2i.ZERO, Vector2i.ONE, 3],
	]:
		expect_error(wrong.pop_front())
		check(hills.callv(&"heights", wrong).is_empty(), "wrong arguments give nothing")
