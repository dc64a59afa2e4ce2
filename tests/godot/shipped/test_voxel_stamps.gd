# VoxelStamp: made of meshes, ground and distances; stamped, saved, refused.
extends "res://voxel_suite.gd"

const HIGH := Vector3(0, 30, 0)


func _terrain(place := Transform3D.IDENTITY) -> VoxelTerrain:
	var terrain := flat_terrain()
	terrain.transform = place
	tree.root.add_child(terrain)
	return terrain


func _sphere(radius: float) -> SphereMesh:
	var mesh := SphereMesh.new()
	mesh.radius = radius
	mesh.height = 2.0 * radius
	return mesh


func test_a_closed_mesh_becomes_ground() -> void:
	var terrain := _terrain()
	var ball: VoxelStamp = await VoxelStamp.from_mesh(_sphere(6.0))
	check_equal(ball.size, Vector3i(21, 21, 21), "6 voxels to each side, and a margin of 4")
	check_equal(ball.offset, Vector3i(-10, -10, -10), "around the mesh's origin")
	check_equal(terrain.add_stamp(ball, Transform3D(Basis(), HIGH), 5), OK, "added")
	for way: Vector3 in [Vector3.UP, Vector3.RIGHT, Vector3(1, 1, 1).normalized()]:
		var hit := terrain.raycast(HIGH + way * 16.0, -way, 32.0)
		check(absf(hit["distance"] - 10.0) < 0.25, "its surface: %s" % hit)
		check_equal(hit["material"], 5, "its material")
	# A polyhedron inside the sphere.
	var volume := 4.0 / 3.0 * PI * 6.0 ** 3
	check(absf(terrain.get_last_edit().added / volume - 0.99) < 0.02, "added: %s of %s" % [terrain.get_last_edit().added, volume])
	check_equal(terrain.paint_stamp(ball, Transform3D(Basis(), HIGH), 7), OK, "painted")
	check_equal(terrain.material_at(HIGH), 7, "painted")
	check_equal(terrain.dig_stamp(ball, Transform3D(Basis(), HIGH)), OK, "dug")
	check(terrain.raycast(HIGH + Vector3.UP * 16.0, Vector3.DOWN, 25.0).is_empty(), "gone")
	await remove(terrain)


# The same place in global space, however the terrain lies; and the scale of what it is made with.
func test_a_stamp_is_turned_and_keeps_its_size_in_voxels() -> void:
	var bar := BoxMesh.new()
	bar.size = Vector3(4, 2, 1)
	var stamp: VoxelStamp = await VoxelStamp.from_mesh(bar, Transform3D(Basis.from_scale(Vector3.ONE * 4.0), Vector3.ZERO))
	check_equal(stamp.size, Vector3i(16 + 9, 8 + 9, 4 + 9), "four times as large")
	var turn := Basis(Vector3(1, 2, 3).normalized(), 1.1)
	for place: Transform3D in [
		Transform3D.IDENTITY,
		Transform3D(Basis(Vector3(3, 1, 2).normalized(), 0.7), Vector3(5, -3, 2)),
		Transform3D(Basis.from_scale(Vector3.ONE * 0.5), Vector3(1, 2, 3)),
	]:
		var terrain := _terrain(place)
		var edge: float = place.basis.x.length()
		check_equal(terrain.add_stamp(stamp, Transform3D(turn, HIGH)), OK, "added")
		for axis in 3:
			var half: float = [8.0, 4.0, 2.0][axis] * edge
			var hit := terrain.raycast(HIGH + turn[axis] * 14.0, -turn[axis], 28.0)
			check(absf(14.0 - hit["distance"] - half) < 0.3 * edge, "axis %d of %s: %s" % [axis, place, hit])
		await remove(terrain)
	# Scaled unevenly, a stamp lies along the terrain's axes or is refused.
	var uneven := _terrain(Transform3D(Basis.from_scale(Vector3(1, 2, 1)), Vector3.ZERO))
	check_equal(uneven.add_stamp(stamp, Transform3D(Basis(Vector3.UP, PI / 2), HIGH)), OK, "a quarter turn")
	expect_error("the stamp is sheared in the terrain's voxels")
	check_equal(uneven.add_stamp(stamp, Transform3D(turn, HIGH)), ERR_INVALID_PARAMETER, "sheared")
	await remove(uneven)


func test_distances_become_a_stamp_with_materials() -> void:
	var size := Vector3i(9, 9, 9)
	var distances := PackedFloat32Array()
	var materials := PackedByteArray()
	for z in size.z:
		for y in size.y:
			for x in size.x:
				distances.append(Vector3(x - 4, y - 4, z - 4).length() - 3.0)
				materials.append(2 if x < 4 else 3)
	var stamp: VoxelStamp = await VoxelStamp.from_distances(size, distances, materials)
	check_equal([stamp.size, stamp.offset], [size, Vector3i.ZERO], "as given")
	stamp.offset = Vector3i(-4, -4, -4)
	var terrain := _terrain()
	check_equal(await terrain.paste_stamp_async(stamp, Transform3D(Basis(), HIGH)), OK, "pasted")
	check_equal([terrain.material_at(HIGH + Vector3.LEFT), terrain.material_at(HIGH + Vector3.RIGHT)], [2, 3], "materials")
	var hit := terrain.raycast(HIGH + Vector3.UP * 10.0, Vector3.DOWN, 20.0)
	check(absf(hit["distance"] - 7.0) < 0.1, "its surface: %s" % hit)
	await remove(terrain)


func test_copied_ground_is_pasted_as_it_was() -> void:
	var terrain := _terrain()
	terrain.add_box(Vector3(4, 4, 4), Vector3(5, 6, 4), Basis(), 9)
	var size := Vector3i(12, 12, 12)
	var copied: VoxelStamp = await terrain.copy_box(Vector3i(-2, -2, -2), size)
	check_equal(copied.size, size, "size")
	check_equal(terrain.paste_stamp(copied, Transform3D(Basis(), Vector3(40, 20, -7))), OK, "pasted")
	check_equal(terrain.read_box(Vector3i(40, 20, -7), size), terrain.read_box(Vector3i(-2, -2, -2), size), "distances")
	check_equal(terrain.material_at(Vector3(46, 26, -1)), 9, "material")
	expect_error("each edge of the box must be from 1 to 128 voxels")
	check(await terrain.copy_box(Vector3i.ZERO, Vector3i(300, 2, 2)) == null, "too large")
	expect_error("each edge of the box must be from 2 to 128 voxels")
	check(await terrain.copy_box(Vector3i.ZERO, Vector3i(1, 2, 2)) == null, "too small")
	await remove(terrain)
	var alone := flat_terrain()
	expect_error("VoxelTerrain.copy_box: ")
	check(await alone.copy_box(Vector3i.ZERO, size) == null, "without a world")
	alone.free()


func test_a_stamp_is_saved_with_the_brush_that_has_it() -> void:
	var stamp: VoxelStamp = await VoxelStamp.from_mesh(_sphere(3.0))
	var brush := VoxelBrush.new()
	brush.shape = VoxelBrush.SHAPE_STAMP
	brush.stamp = stamp
	brush.mode = VoxelBrush.MODE_ADD
	brush.material = 4
	for path: String in ["user://stamp_brush.tres", "user://stamp_brush.res"]:
		check_equal(ResourceSaver.save(brush, path), OK, "saved")
		var again: VoxelBrush = ResourceLoader.load(path, "", ResourceLoader.CACHE_MODE_IGNORE)
		check_equal([again.stamp.size, again.stamp.offset], [stamp.size, stamp.offset], "loaded")
		check(again.stamp.data == stamp.data, "the same distances")
		var terrain := _terrain()
		check_equal(terrain.apply_brush(again, Transform3D(Basis(), HIGH)), OK, "hard")
		check_equal(terrain.material_at(HIGH), 4, "there")
		# A soft stamp moves the surface inside it by half a voxel each time.
		again.mode = VoxelBrush.MODE_DIG
		terrain.apply_brush(again, Transform3D(Basis(), HIGH))
		terrain.add_sphere(HIGH, 1.8)
		again.strength = 0.5
		var before := terrain.raycast(HIGH + Vector3.UP * 9.0, Vector3.DOWN, 20.0)
		check_equal(await terrain.apply_brush_async(again, Transform3D(Basis(), HIGH)), OK, "soft")
		var after := terrain.raycast(HIGH + Vector3.UP * 9.0, Vector3.DOWN, 20.0)
		check(absf(after["distance"] - before["distance"] - 0.5) < 0.1, "%s to %s" % [before, after])
		await remove(terrain)
		DirAccess.remove_absolute(path)


func test_what_is_no_stamp_is_refused_with_a_sentence() -> void:
	var nan := Transform3D(Basis(), Vector3(NAN, 0, 0))
	var huge := Transform3D(Basis.from_scale(Vector3.ONE * 1e3), Vector3.ZERO)
	var flat := Transform3D(Basis.from_scale(Vector3(1, 1, 0)), Vector3.ZERO)
	var four := PackedFloat32Array([1, 1, 1, 1, 1, 1, 1, 1])
	var two := Vector3i(2, 2, 2)
	var cases: Array[Array] = [
		["the mesh is not closed", func() -> Variant: return await VoxelStamp.from_mesh(PlaneMesh.new(), Transform3D())],
		["mesh is null", func() -> Variant: return await VoxelStamp.from_mesh(null, Transform3D())],
		["must have triangles", func() -> Variant: return await VoxelStamp.from_mesh(ArrayMesh.new(), Transform3D())],
		["transform contains a number that is not finite", func() -> Variant: return await VoxelStamp.from_mesh(BoxMesh.new(), nan)],
		["larger than 255 voxels", func() -> Variant: return await VoxelStamp.from_mesh(BoxMesh.new(), huge)],
		["must have 2 to 256 points", func() -> Variant: return await VoxelStamp.from_distances(Vector3i(1, 2, 2), four, PackedByteArray())],
		["must have 2 to 256 points", func() -> Variant: return await VoxelStamp.from_distances(Vector3i(-2, 2, 2), four, PackedByteArray())],
		["has 12 points, but there are 8 distances", func() -> Variant: return await VoxelStamp.from_distances(Vector3i(3, 2, 2), four, PackedByteArray())],
		["is not a finite number", func() -> Variant: return await VoxelStamp.from_distances(two, PackedFloat32Array([1, 1, 1, NAN, 1, 1, 1, 1]), PackedByteArray())],
		["are 1 materials", func() -> Variant: return await VoxelStamp.from_distances(two, four, PackedByteArray([1]))],
		["material number 7 is 128", func() -> Variant: return await VoxelStamp.from_distances(two, four, PackedByteArray([0, 0, 0, 0, 0, 0, 0, 128]))],
	]
	for each in cases:
		expect_error(each[0])
		check_equal(await each[1].call(), null, each[0])
	check(await VoxelStamp.from_mesh(BoxMesh.new(), flat) != null, "a mesh without a volume is closed, and empty")
	var stamp := VoxelStamp.new()
	for bytes: PackedByteArray in [PackedByteArray([1, 2, 3]), PackedByteArray([9])]:
		expect_error("VoxelStamp.data is no stamp")
		stamp.data = bytes
	expect_error("VoxelStamp.offset is 2000000 along an axis")
	stamp.offset = Vector3i(2000000, 0, 0)
	check_equal([stamp.size, stamp.offset, stamp.data], [Vector3i.ZERO, Vector3i.ZERO, PackedByteArray()], "kept")

	var terrain := _terrain()
	var ball: VoxelStamp = await VoxelStamp.from_mesh(_sphere(2.0))
	var big: VoxelStamp = await VoxelStamp.from_mesh(_sphere(90.0))
	var brush := VoxelBrush.new()
	brush.shape = VoxelBrush.SHAPE_STAMP
	var edits: Array[Array] = [
		["stamp is null", terrain.dig_stamp.bind(null, Transform3D())],
		["the stamp is empty", terrain.dig_stamp.bind(stamp, Transform3D())],
		["stamp is null", terrain.apply_brush.bind(brush, Transform3D())],
		["at has a scale of 2 along an axis", terrain.dig_stamp.bind(ball, Transform3D(Basis.from_scale(Vector3.ONE * 2.0), HIGH))],
		["at has a scale of 0 along an axis", terrain.dig_stamp.bind(ball, flat)],
		["at has a scale of nan along an axis", terrain.dig_stamp.bind(ball, Transform3D(Basis.from_scale(Vector3(NAN, 1, 1)), HIGH))],
		["the stamp would be mirrored", terrain.dig_stamp.bind(ball, Transform3D(Basis.from_scale(Vector3(-1, 1, 1)), HIGH))],
		["the stamp's place is not a finite position", terrain.dig_stamp.bind(ball, nan)],
		["material is 128", terrain.add_stamp.bind(ball, Transform3D(), 128)],
		["half of the stamp's extent must be at most 64 voxels; use dig_stamp_async() for", terrain.dig_stamp.bind(big, Transform3D())],
	]
	for each in edits:
		expect_error(each[0])
		check_equal(each[1].call(), ERR_INVALID_PARAMETER, each[0])
	check_equal(terrain.get_statistics()["edits"], 0, "edits")
	check_equal(await terrain.dig_stamp_async(big, Transform3D()), OK, "in the background")
	await remove(terrain)


func test_a_stamp_that_is_being_made_can_be_cancelled() -> void:
	var making := NebulaTask.of(VoxelStamp.from_mesh(_sphere(40.0)))
	making.cancel()
	check_equal([await making.wait(), making.cancelled], [null, true], "cancelled")
	var results := [0]
	var thread := Thread.new()
	expect_error("VoxelStamp.from_mesh: it was called on another thread than the main one")
	thread.start(func() -> void: results[0] = VoxelStamp.from_mesh(BoxMesh.new()))
	thread.wait_to_finish()
	check_equal(results[0], null, "from a thread")
	check_equal(Nebula.live_tasks().size(), 0, "coroutines left")
