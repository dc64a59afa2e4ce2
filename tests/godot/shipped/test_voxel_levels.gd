# Levels of detail, viewers, and waiting for a place, in the real engine.
extends "res://voxel_suite.gd"


func hilly_terrain() -> VoxelTerrain:
	var terrain := VoxelTerrain.new()
	terrain.generator = VoxelNoiseGenerator.new()
	terrain.view_distance = 500.0
	terrain.detail_distance = 40.0
	terrain.edit_budget_msec = 500.0
	return terrain


func test_far_terrain_loads_and_a_far_crater_shows_in_its_own_frame() -> void:
	var terrain := hilly_terrain()
	tree.root.add_child(terrain)
	await load_whole(terrain)
	var committed := edits_of(terrain)
	await tree.process_frame
	var far := terrain.raycast(Vector3(700, 300, 0), Vector3.DOWN, 600.0)
	check_equal(terrain.dig_sphere(far["position"], 40.0), OK)
	await tree.process_frame
	check_equal(sum_of(committed, "same_frame"), 1, "shown in its own frame")
	check(sum_of(committed, "chunks") >= 1, "chunks of a coarse level")
	await remove(terrain)


func test_an_area_is_ready_when_the_ground_is_there() -> void:
	var terrain := hilly_terrain()
	var spawn := AABB(Vector3(-4, -60, -4), Vector3(8, 120, 8))
	check(not terrain.is_area_ready(spawn), "nothing is there")
	check(terrain.why_late(Vector3.ZERO).contains("no world"), terrain.why_late(Vector3.ZERO))
	tree.root.add_child(terrain)
	check(terrain.why_late(Vector3.ZERO) != "", "it has yet to load")
	check_equal(await terrain.wait_area_ready(spawn), true)
	check(terrain.is_area_ready(spawn), "it is ready")
	var endless := AABB(Vector3.ZERO, Vector3(NAN, 1, 1))
	check(not terrain.is_area_ready(endless), "what is no number is nowhere")
	expect_error("VoxelTerrain.wait_area_ready: the area is not a finite position.")
	check_equal(await terrain.wait_area_ready(endless), false, "and not waited for")
	check_equal(terrain.why_late(Vector3.ZERO), "")
	check_equal(await terrain.wait_area_ready(spawn), true, "at once")
	await load_whole(terrain)
	var far := AABB(Vector3(450, 0, 0), Vector3.ONE)
	check(not terrain.is_area_ready(far), "full detail does not reach there")
	check(terrain.is_area_ready(far, 4), "but a coarser level does")
	check(terrain.why_late(Vector3(1e5, 0, 0)).contains("view distance"), "beyond the view")
	terrain.dig_sphere(Vector3(100, 0, 0), 40.0)
	check(terrain.is_area_ready(spawn), "an edit elsewhere changes nothing here")
	terrain.dig_sphere(Vector3.ZERO, 40.0)
	check(not terrain.is_area_ready(spawn), "an edit here is not shown yet")
	await frames(3)
	check(terrain.is_area_ready(spawn), "now it is")
	expect_error("the area")
	check_equal(await terrain.wait_area_ready(AABB(Vector3(NAN, 0, 0), Vector3.ONE)), false)
	expect_error("level is -1")
	check_equal(await terrain.wait_area_ready(spawn, -1), false)
	await remove(terrain)


func test_signals_tell_which_chunks_are_on_the_screen() -> void:
	var terrain := hilly_terrain()
	terrain.scale = Vector3(2, 2, 2)
	var shown := {}  # {[area, level]: how often}
	terrain.chunk_shown.connect(func(area: AABB, level: int) -> void:
		shown[[area, level]] = shown.get([area, level], 0) + 1)
	terrain.chunk_removed.connect(func(area: AABB, level: int) -> void:
		check(shown.erase([area, level]), "it was shown: %s, level %d" % [area, level]))
	tree.root.add_child(terrain)
	await load_whole(terrain)
	check_equal(shown.size(), terrain.get_statistics()["shown"])
	var hit := terrain.raycast(Vector3(0.5, 300, 0.5), Vector3.DOWN, 600.0)
	var here: Array = [AABB(), 0]
	for chunk: Array in shown:
		var area: AABB = chunk[0]
		if chunk[1] == 0 and area.has_point(hit["position"]):
			here = chunk
	check_equal((here[0] as AABB).size, Vector3(64, 64, 64), "the ground under the origin, in metres")
	var before: int = shown[here]
	check_equal(terrain.dig_sphere(hit["position"], 4.0), OK)
	await frames(2)
	check(shown[here] > before, "an edit changes the chunk")
	var away := Node3D.new()
	away.position = Vector3(5000, 0, 0)
	tree.root.add_child(away)
	terrain.viewer_path = terrain.get_path_to(away)
	await frames(2)
	await load_whole(terrain)
	check_equal(shown.size(), terrain.get_statistics()["shown"], "after a jump")
	check(not here in shown, "out of view")
	away.free()
	await remove(terrain)


func test_a_terrain_that_is_awaited_loads_with_a_budget_of_its_own() -> void:
	var terrain := hilly_terrain()
	terrain.commit_budget_msec = 0.0  # one mesh a frame
	terrain.loading_budget_msec = 1000.0
	tree.root.add_child(terrain)
	await frames(4)
	var prepared := func() -> int:  # triangles in one frame, after the workers have had time
		OS.delay_msec(300)
		var before: int = terrain.get_statistics()["triangles"]
		await frames(1)
		return terrain.get_statistics()["triangles"] - before
	var alone: int = await prepared.call()
	check(alone < 15000, "a mesh or two: %d triangles" % alone)
	var wait := func() -> void:
		await terrain.wait_loaded()
	wait.call()
	var awaited: int = await prepared.call()
	check(awaited > 50000, "all that was ready: %d triangles" % awaited)
	await load_whole(terrain)
	await remove(terrain)


# Steps are shown with edits, too: that took as long as the library's own budget allows, in addition.
func test_the_commit_budget_is_kept_in_a_frame_that_also_digs() -> void:
	var terrain := flat_terrain(128.0)
	terrain.commit_budget_msec = 0.0  # one mesh a frame
	tree.root.add_child(terrain)
	check(await comes(func() -> bool: return terrain.get_statistics()["waiting"] > 100), "chunks are built")
	var before: int = terrain.get_statistics()["triangles"]
	for i in 20:
		terrain.dig_sphere(Vector3(5000, 0, 0), 2.0 + 0.1 * i)  # shows nothing
		await tree.process_frame
	var meshes: int = (terrain.get_statistics()["triangles"] - before) / (32 * 32 * 2)
	check(meshes > 0 and meshes <= 20, "%d meshes in 20 frames" % meshes)
	check(not terrain.is_loaded(), "and more are waiting")
	await remove(terrain)


func test_waiting_for_an_area_ends_with_the_terrain() -> void:
	var terrain := hilly_terrain()
	tree.root.add_child(terrain)
	var answers: Array[bool] = []
	var wait := func() -> void:
		answers.append(await terrain.wait_area_ready(AABB(Vector3(1e5, 0, 0), Vector3.ONE)))
	wait.call()
	await frames(3)
	check_equal(answers, [] as Array[bool], "it waits")
	await remove(terrain)
	await frames(2)
	check_equal(answers, [false] as Array[bool], "and ends")
	var without := VoxelTerrain.new()
	check_equal(await without.wait_area_ready(AABB()), false, "no generator")
	without.free()


func test_viewers_say_where_a_terrain_loads() -> void:
	var terrain := hilly_terrain()
	tree.root.add_child(terrain)
	var here := VoxelViewer.new()
	var there := VoxelViewer.new()
	there.position = Vector3(5000, 0, 0)
	here.position = Vector3(NAN, 0, 0)  # as long as it has no place: around the terrain's origin
	for viewer: VoxelViewer in [here, there]:
		viewer.view_distance = 200.0
		viewer.detail_distance = 40.0
		tree.root.add_child(viewer)
	var place := AABB(there.position - Vector3.ONE, Vector3.ONE * 2.0)
	check_equal(await terrain.wait_area_ready(place), true, "around the far viewer")
	await load_whole(terrain)
	check(terrain.is_area_ready(AABB(Vector3.ZERO, Vector3.ONE)), "and around the one without a place")
	here.position = Vector3.ZERO
	await frames(2)
	await load_whole(terrain)
	check(terrain.is_area_ready(AABB(Vector3.ZERO, Vector3.ONE)), "and around the near one")
	var shown: int = terrain.get_statistics()["shown"]
	for lost: Vector3 in [Vector3(NAN, 0, 0), Vector3(1e9, 0, 0)]:
		here.position = lost
		await frames(3)
		check_equal(terrain.get_statistics()["shown"], shown, "a lost viewer stays where it was last")
	here.position = Vector3.ZERO
	there.needs_meshes = false
	await frames(2)
	await load_whole(terrain)
	check(not terrain.is_area_ready(place), "it needs no meshes any more")
	check(terrain.raycast(there.position + Vector3.UP * 200.0, Vector3.DOWN, 400.0) != {}, "but rays work")
	here.needs_meshes = false
	await frames(2)
	await load_whole(terrain)
	check_equal(terrain.get_statistics()["shown"], 0, "meshes on a server")
	here.free()
	there.free()
	await frames(2)
	await load_whole(terrain)
	check(terrain.get_statistics()["shown"] > 0, "without viewers, around its own origin")
	expect_error("VoxelViewer.view_distance is")
	var viewer := VoxelViewer.new()
	viewer.view_distance = 1e6
	check_equal(viewer.view_distance, 1024.0)
	viewer.free()
	await remove(terrain)


func test_geometry_settings_are_kept_and_harmless() -> void:
	var terrain := hilly_terrain()
	terrain.layers = 3
	terrain.cast_shadow = GeometryInstance3D.SHADOW_CASTING_SETTING_OFF
	terrain.gi_mode = GeometryInstance3D.GI_MODE_DYNAMIC
	tree.root.add_child(terrain)
	await load_whole(terrain)
	terrain.layers = 4
	terrain.visibility_range_begin = 5.0
	terrain.visibility_range_end = 300.0
	expect_error("visibility_range_begin is -5; it must be 0 or a number of metres. It stays at 5.")
	terrain.visibility_range_begin = -5.0
	expect_error("visibility_range_end is nan")
	terrain.visibility_range_end = NAN
	expect_error("cast_shadow is 9; it must be from 0 to 3. It stays at 0.")
	terrain.cast_shadow = 9
	expect_error("layers is 1099511627776; it must be a mask of 32 bits")
	terrain.layers = 1 << 40
	expect_error("gi_mode is -1; it must be from 0 to 2. It stays at 2.")
	terrain.gi_mode = -1
	check_equal(terrain.layers, 4)
	check_equal(terrain.visibility_range_begin, 5.0)
	check_equal(terrain.visibility_range_end, 300.0)
	check_equal(terrain.cast_shadow, GeometryInstance3D.SHADOW_CASTING_SETTING_OFF)
	check_equal(terrain.gi_mode, GeometryInstance3D.GI_MODE_DYNAMIC)
	await remove(terrain)
	check_equal(Nebula.live_engine_resources(), 0, "meshes and instances left")


# Steps are shown with edits, too; there nobody asked who listens.
func test_every_chunk_that_is_shown_is_told() -> void:
	var terrain := hilly_terrain()
	terrain.commit_budget_msec = 16.0
	terrain.edit_budget_msec = 32.0
	var told := {}
	terrain.chunk_shown.connect(
		func(area: AABB, level: int) -> void: told[[area, level]] = true
	)
	var unknown := [0]
	terrain.chunk_removed.connect(
		func(area: AABB, level: int) -> void:
			if not told.erase([area, level]):
				unknown[0] += 1
	)
	tree.root.add_child(terrain)
	await tree.process_frame
	OS.delay_msec(100)
	terrain.dig_sphere(Vector3(2000, 0, 0), 3.0)
	await load_whole(terrain)
	await tree.process_frame
	check_equal(unknown[0], 0, "removed, and never told of")
	check_equal(told.size(), int(terrain.get_statistics()["shown"]), "chunks told of")
	await remove(terrain)


# They answered for where the terrain was in the last frame.
func test_area_questions_are_about_where_the_terrain_is_now() -> void:
	var terrain := hilly_terrain()
	tree.root.add_child(terrain)
	await load_whole(terrain)
	var box := AABB(Vector3(-4, -60, -4), Vector3(8, 120, 8))
	check(terrain.is_area_ready(box), "at first")
	terrain.position = Vector3(100000, 0, 0)
	check(not terrain.is_area_ready(box), "after it moved")
	check(terrain.why_late(Vector3.ZERO) != "", "and why")
	terrain.position = Vector3.ZERO
	terrain.scale = Vector3.ZERO
	check(not terrain.is_area_ready(box), "without a size")
	await remove(terrain)
