# Units, transforms and viewers of VoxelTerrain: everything that methods take and return is global.
extends "res://voxel_suite.gd"


# A terrain with this transform in a parent of its own, loaded.
func _placed(transform: Transform3D) -> VoxelTerrain:
	var terrain := flat_terrain()
	terrain.transform = transform
	tree.root.add_child(terrain)
	await load_whole(terrain)
	return terrain


# How far the crater of a dig reaches from `center` along a global direction.
func _reach(terrain: VoxelTerrain, center: Vector3, direction: Vector3) -> float:
	var hit := terrain.raycast(center, direction, 100.0)
	return hit["distance"] if not hit.is_empty() else NAN


# A dig of 4 was 40 deep at scale 10: the radius was in the node's units, the rest global.
func test_a_radius_is_global_at_every_scale() -> void:
	for scale: float in [0.25, 0.5, 1.0, 2.0, 10.0]:
		var turn := Basis.from_euler(Vector3(0, 0.7, 0.1))
		var terrain := await _placed(
			Transform3D(turn * Basis.from_scale(Vector3.ONE * scale), Vector3(30, 5, -12))
		)
		var up := turn * Vector3.UP
		var radius := 6.0 * scale
		var center := terrain.global_position - up * radius * 2.0
		terrain.dig_sphere(center, radius)
		for direction: Vector3 in [up, -up, turn * Vector3.RIGHT, turn * Vector3.BACK, Vector3(1, 2, 3)]:
			var reach := _reach(terrain, center, direction)
			check(
				absf(reach - radius) < 0.1 * scale,
				"scale %s: the crater reaches %s along %s" % [scale, reach, direction]
			)
		await remove(terrain)


# Under uneven scale a sphere of metres is an ellipsoid of voxels.
func test_a_sphere_is_round_under_uneven_scale() -> void:
	for scale: Vector3 in [Vector3(2, 1, 1), Vector3(1, 3, 0.5), Vector3(-2, 1, 1)]:
		var turn := Basis.from_euler(Vector3(0.2, 0.5, 0))
		var terrain := await _placed(Transform3D(turn * Basis.from_scale(scale), Vector3(3, 4, 5)))
		var center := terrain.to_global(Vector3(1, -30, 2))
		terrain.dig_sphere(center, 8.0)
		for axis in 3:
			for sign: float in [1.0, -1.0]:
				var direction := turn[axis] * sign
				var reach := _reach(terrain, center, direction)
				check(
					absf(reach - 8.0) < 0.3 * scale.abs()[scale.abs().max_axis_index()],
					"scale %s: the crater reaches %s along axis %d" % [scale, reach, axis]
				)
		await remove(terrain)


func test_a_scale_that_is_too_uneven_to_dig_is_named() -> void:
	var terrain := await _placed(Transform3D(Basis.from_scale(Vector3(0.01, 20, 1)), Vector3.ZERO))
	expect_error("is scaled more than 1000 times as much along one axis")
	check_equal(terrain.dig_sphere(Vector3.ZERO, 0.05), ERR_INVALID_PARAMETER)
	await remove(terrain)


func test_a_ray_tells_global_values_at_every_scale() -> void:
	for scale: Vector3 in [Vector3.ONE * 0.1, Vector3.ONE * 10.0, Vector3(1, 5, 1), Vector3(3, 1, -2)]:
		var terrain := await _placed(
			Transform3D(Basis.from_scale(scale).rotated(Vector3.RIGHT, 0.4), Vector3(100, 20, -7))
		)
		var up := Vector3.UP.rotated(Vector3.RIGHT, 0.4)
		var hit := terrain.raycast(terrain.global_position + up * 7.5, -up * 0.3, 50.0)
		check(not hit.is_empty(), "scale %s: a hit" % scale)
		if not hit.is_empty():
			var far := 0.05 * scale.length()  # a sample's step, as large as it is here
			check(absf(hit["distance"] - 7.5) < far, "scale %s: distance %s" % [scale, hit["distance"]])
			check(hit["position"].distance_to(terrain.global_position) < far, "position %s" % hit["position"])
			check(hit["normal"].distance_to(up) < 0.01, "normal %s" % hit["normal"])
		check(
			terrain.raycast(terrain.global_position + up * 7.5, -up, 7.0).is_empty(),
			"scale %s: max_distance is global" % scale
		)
		await remove(terrain)


func test_limits_are_told_in_global_units() -> void:
	var terrain := await _placed(Transform3D(Basis.from_scale(Vector3.ONE * 10.0), Vector3.ZERO))
	check_equal(terrain.dig_sphere(Vector3(0, 500, 0), 640.0), OK, "64 voxels of 10 m")
	expect_error("radius is 641; it must be above 0 and at most 640")
	check_equal(terrain.dig_sphere(Vector3.ZERO, 641.0), ERR_INVALID_PARAMETER, "beyond it")
	check(terrain.raycast(Vector3(0, 5, 0), Vector3.UP, 100000.0).is_empty(), "10000 voxels of 10 m")
	await remove(terrain)


# The scale set a line above counts, although the engine tells the node of it later.
func test_a_transform_counts_from_the_line_after_it_is_set() -> void:
	var terrain := await loaded_terrain()
	terrain.position = Vector3(0, 7, 0)
	terrain.scale = Vector3.ONE * 2.0
	var hit := terrain.raycast(Vector3(1, 20, 1), Vector3.DOWN, 100.0)
	check(absf(hit["position"].y - 7.0) < 0.1, "position %s" % hit["position"])
	terrain.dig_sphere(Vector3(1, 7, 1), 4.0)
	hit = terrain.raycast(Vector3(1, 20, 1), Vector3.DOWN, 100.0)
	check(absf(hit["position"].y - 3.0) < 0.4, "position in the crater %s" % hit["position"])
	await remove(terrain)


# It was an error in every frame, and of every call.
func test_a_transform_that_cannot_work_is_one_warning_and_recovers() -> void:
	var sheared := Basis(Vector3(1, 0, 0), Vector3(0.5, 1, 0), Vector3(0, 0, 1))
	var flat := Basis(Vector3(1, 0, 0), Vector3(0, 0, 0), Vector3(0, 0, 1))
	for wrong: Transform3D in [
		Transform3D(Basis.from_scale(Vector3.ZERO), Vector3.ZERO),
		Transform3D(flat, Vector3.ZERO),
		Transform3D(sheared, Vector3.ZERO),
		Transform3D(Basis.IDENTITY, Vector3(NAN, 0, 0)),
		Transform3D(Basis.from_scale(Vector3(INF, 1, 1)), Vector3.ZERO),
	]:
		var terrain := await loaded_terrain()
		terrain.dig_sphere(Vector3(5, 0, 5), 4.0)
		await frames(2)
		var warnings := WarningCounter.new()
		OS.add_logger(warnings)
		terrain.transform = wrong
		for i in 5:
			await tree.process_frame
			check_equal(terrain.dig_sphere(Vector3.ZERO, 4.0), ERR_UNAVAILABLE, "dig_sphere")
			check(terrain.raycast(Vector3(0, 9, 0), Vector3.DOWN, 50.0).is_empty(), "raycast")
		OS.remove_logger(warnings)
		check_equal(warnings.lines().size(), 1, "warnings of %s: %s" % [wrong, warnings.lines()])
		terrain.transform = Transform3D.IDENTITY
		await frames(2)
		check(absf(height_at(terrain, 5, 5) + 4.0) < 0.1, "the world is still there")
		check_equal(terrain.dig_sphere(Vector3.ZERO, 4.0), OK, "dig_sphere when repaired")
		await remove(terrain)


func test_a_terrain_that_enters_with_a_wrong_transform_loads_when_it_is_repaired() -> void:
	var terrain := flat_terrain()
	terrain.scale = Vector3.ZERO
	tree.root.add_child(terrain)
	await frames(3)
	check(not terrain.is_loaded(), "there is no world")
	check_equal(await terrain.wait_loaded(), false, "nothing to wait for")
	terrain.scale = Vector3.ONE
	await load_whole(terrain)
	await remove(terrain)


func _camera_at(position: Vector3) -> Camera3D:
	var camera := Camera3D.new()
	tree.root.add_child(camera)
	camera.position = position
	camera.make_current()
	return camera


# One frame without a camera threw the view away and made all of it again.
func test_without_a_camera_the_terrain_stays_where_the_viewer_last_was() -> void:
	var camera := _camera_at(Vector3(300, 10, 300))
	var terrain := await loaded_terrain()
	var meshed: int = terrain.get_statistics()["meshed"]
	camera.free()
	await frames(5)
	check_equal(terrain.get_statistics()["queued"], 0, "chunks asked for")
	check(terrain.is_loaded(), "everything is there")
	camera = _camera_at(Vector3(301, 10, 301))
	await frames(5)
	check_equal(terrain.get_statistics()["meshed"], meshed, "chunks made in all")
	camera.free()
	await remove(terrain)


func test_when_the_viewer_is_freed_the_camera_does_not_take_its_place() -> void:
	var camera := _camera_at(Vector3(-400, 10, 0))
	var viewer := Node3D.new()
	viewer.name = "Viewer"
	tree.root.add_child(viewer)
	viewer.position = Vector3(300, 10, 300)
	var terrain := flat_terrain()
	terrain.viewer_path = NodePath("../Viewer")
	tree.root.add_child(terrain)
	await load_whole(terrain)
	var meshed: int = terrain.get_statistics()["meshed"]
	viewer.free()
	await frames(5)
	check(terrain.is_loaded(), "everything is there")
	check_equal(terrain.get_statistics()["meshed"], meshed, "chunks made in all")
	terrain.viewer_path = NodePath()
	await frames(2)
	await load_whole(terrain)
	check(terrain.get_statistics()["meshed"] > meshed, "with an empty path the camera is the viewer")
	camera.free()
	await remove(terrain)


# Without a camera. It loaded around its own origin again.
func test_when_the_last_viewer_leaves_the_terrain_stays_where_it_was() -> void:
	var terrain := flat_terrain()
	var viewer := VoxelViewer.new()
	viewer.view_distance = terrain.view_distance
	viewer.detail_distance = terrain.detail_distance
	viewer.position = Vector3(3000, 10, -2000)
	tree.root.add_child(viewer)
	tree.root.add_child(terrain)
	await load_whole(terrain)
	var meshed: int = terrain.get_statistics()["meshed"]
	var ground := AABB(viewer.position - Vector3(20, 20, 20), Vector3(40, 20, 40))
	check(terrain.is_area_ready(ground), "loaded around the viewer")
	viewer.free()
	await frames(3)
	await load_whole(terrain)
	check(terrain.is_area_ready(ground), "it is still there")
	check_equal(terrain.get_statistics()["meshed"], meshed, "chunks made in all")
	await remove(terrain)


func test_a_viewer_that_is_nowhere_moves_nothing() -> void:
	var camera := _camera_at(Vector3(0, 10, 0))
	var terrain := await loaded_terrain()
	var meshed: int = terrain.get_statistics()["meshed"]
	for nowhere: Vector3 in [Vector3(NAN, 0, 0), Vector3(1e9, 0, 0)]:
		camera.position = nowhere  # one warning
		await frames(3)
	check_equal(terrain.get_statistics()["meshed"], meshed, "chunks made in all")
	camera.free()
	await remove(terrain)


# The camera stood in for one frame, was noted as the viewer, and then nobody moved the terrain.
func test_the_camera_stands_in_until_the_node_of_viewer_path_exists() -> void:
	var camera := _camera_at(Vector3(0, 10, 0))
	var terrain := flat_terrain()
	terrain.viewer_path = NodePath("../Later")
	tree.root.add_child(terrain)
	await load_whole(terrain)
	var meshed: int = terrain.get_statistics()["meshed"]
	camera.position.x = 1000.0
	await frames(3)
	await load_whole(terrain)
	check(terrain.get_statistics()["meshed"] > meshed, "it follows the camera")
	var viewer := Node3D.new()
	viewer.name = "Later"
	tree.root.add_child(viewer)
	viewer.position = Vector3(-1000, 10, 0)
	await frames(3)
	await load_whole(terrain)
	meshed = terrain.get_statistics()["meshed"]
	camera.position.x = 2000.0
	await frames(5)
	check_equal(terrain.get_statistics()["meshed"], meshed, "chunks made once the viewer is there")
	viewer.free()
	camera.free()
	await remove(terrain)


# Nothing was loaded, and nobody said why.
func test_a_first_viewer_outside_the_world_is_one_warning_and_the_origin_loads() -> void:
	var warnings := WarningCounter.new()
	OS.add_logger(warnings)
	var camera := _camera_at(Vector3(3e7, 10, 0))
	var terrain := await loaded_terrain()
	check(terrain.get_statistics()["wanted"] > 0, "chunks wanted around the origin")
	await frames(5)
	check_equal(warnings.lines().size(), 1, "warnings: %s" % [warnings.lines()])
	check("cannot follow its viewer" in "".join(warnings.lines()), "what it says")
	camera.position = Vector3(500, 10, 0)
	var meshed: int = terrain.get_statistics()["meshed"]
	await frames(3)
	await load_whole(terrain)
	check(terrain.get_statistics()["meshed"] > meshed, "back in the world it is followed")
	OS.remove_logger(warnings)
	camera.free()
	await remove(terrain)
