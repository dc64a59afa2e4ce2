# Where and how a VoxelTerrain is drawn, which scripts cannot ask: the probe can.
extends "res://voxel_suite.gd"

var _probe: Variant = ClassDB.instantiate("NebulaTerrainProbe")


# Moved in physics ticks, the terrain jumped from tick to tick while its children glided.
func test_physics_interpolation_moves_the_picture_with_the_children() -> void:
	var ticks := Engine.physics_ticks_per_second
	Engine.physics_ticks_per_second = 10
	tree.physics_interpolation = true
	var terrain := await loaded_terrain()
	var child := MeshInstance3D.new()
	terrain.add_child(child)
	var move := func() -> void:
		terrain.position.x += 3.0
		terrain.rotation.y += 0.2
	tree.physics_frame.connect(move)
	await frames(12)
	var between := 0
	for i in 30:
		await tree.process_frame
		var drawn: Transform3D = _probe.place(terrain)
		var wanted := child.get_global_transform_interpolated()
		check(drawn.is_equal_approx(wanted), "frame %d: drawn at %s, its child at %s" % [i, drawn, wanted])
		if drawn.origin.distance_to(terrain.global_position) > 0.2:
			between += 1
	check(between > 10, "frames between two ticks: %d" % between)
	tree.physics_frame.disconnect(move)
	tree.physics_interpolation = false
	Engine.physics_ticks_per_second = ticks
	terrain.position = Vector3(0, 0, 50)
	await frames(2)
	check(_probe.place(terrain).origin.is_equal_approx(Vector3(0, 0, 50)), "without it, it follows at once")
	await remove(terrain)


func test_the_picture_follows_a_parent_and_a_change_of_the_world() -> void:
	var terrain := await loaded_terrain()
	check_equal(_probe.scenario(terrain), tree.root.world_3d.scenario, "the scenario")
	var viewport := SubViewport.new()
	viewport.own_world_3d = true
	var home := Node3D.new()
	viewport.add_child(home)
	tree.root.add_child(viewport)
	tree.root.remove_child(terrain)
	check_equal(_probe.scenario(terrain), RID(), "outside the tree it is not drawn")
	home.add_child(terrain)
	check_equal(_probe.scenario(terrain), viewport.find_world_3d().scenario, "the new scenario")
	home.position = Vector3(7, 8, 9)
	await frames(2)
	check_equal(_probe.place(terrain).origin, Vector3(7, 8, 9), "moved by its parent")
	viewport.free()
	await frames(2)


func test_a_transform_that_cannot_work_leaves_the_picture_and_is_a_configuration_warning() -> void:
	var terrain := await loaded_terrain()
	terrain.position = Vector3(1, 2, 3)
	await frames(2)
	check_equal(_probe.warnings(terrain).size(), 0, "warnings of a terrain that works")
	for wrong: Vector3 in [Vector3.ZERO, Vector3(1, 0, 1), Vector3(NAN, 1, 1)]:
		terrain.basis = Basis.from_scale(wrong)
		await frames(2)
		check_equal(_probe.warnings(terrain).size(), 1, "warnings of scale %s" % wrong)
		check_equal(_probe.place(terrain), Transform3D(Basis.IDENTITY, Vector3(1, 2, 3)), "the place")
	terrain.basis = Basis.from_scale(Vector3.ONE * 2.0)
	await frames(2)
	check_equal(_probe.warnings(terrain).size(), 0, "warnings when it is repaired")
	check_equal(_probe.place(terrain).basis.get_scale(), Vector3.ONE * 2.0, "the place follows again")
	await remove(terrain)


func test_what_two_terrains_or_a_store_without_a_file_should_have_is_a_configuration_warning() -> void:
	var terrain := flat_terrain()
	check_equal(_probe.warnings(terrain).size(), 0, "warnings without a store")
	terrain.world_store = VoxelWorldStore.new()
	check("Starting Path" in "".join(_probe.warnings(terrain)), "a store without a file")
	terrain.world_store.file_path = "user://nebula_shared_test.nebula"
	terrain.world_store.autosave_interval_sec = 0.0
	tree.root.add_child(terrain)
	await load_whole(terrain)  # or the other one may be the first to open the file
	check_equal(_probe.warnings(terrain).size(), 0, "warnings of the only one")
	var other := flat_terrain()
	other.world_store = terrain.world_store.duplicate()
	tree.root.add_child(other)
	check("unique" in "".join(_probe.warnings(other)), "two with one file: %s" % [_probe.warnings(other)])
	await frames(5)
	await remove(other)
	check_equal(_probe.warnings(terrain).size(), 0, "warnings of the one that is left")
	await remove(terrain)
	DirAccess.remove_absolute("user://nebula_shared_test.nebula")


# Two chunks of a sphere, decoded by the engine: a border that is off by one bit is a crack.
func test_compressed_vertices_are_exact_and_equal_at_a_border() -> void:
	var borders: Array[Dictionary] = []
	for chunk in 2:
		var mesh: Dictionary = _probe.chunk_mesh(chunk)
		var positions: PackedVector3Array = mesh["arrays"][Mesh.ARRAY_VERTEX]
		var normals: PackedVector3Array = mesh["arrays"][Mesh.ARRAY_NORMAL]
		var tangents: PackedFloat32Array = mesh["arrays"][Mesh.ARRAY_TANGENT]
		var expected: PackedVector3Array = mesh["normals"]
		check_equal(mesh["bytes"], 12 * positions.size(), "bytes of vertices")
		check_equal(expected.size(), positions.size(), "vertices")
		var border := {}
		for i in positions.size():
			var at := positions[i]
			var units := at * 1024.0
			if units != units.round() or normals[i].distance_to(expected[i]) > 1e-5:
				check(false, "chunk %d: %s, %s instead of %s" % [chunk, at, normals[i], expected[i]])
				return
			var outwards := (Vector3(32.0 * chunk, 0, 0) + at - Vector3(32.3, 16.9, 14.6)).normalized()
			var tangent := Vector3(tangents[4 * i], tangents[4 * i + 1], tangents[4 * i + 2])
			if outwards.dot(normals[i]) < 0.99 or absf(tangent.dot(normals[i])) > 1e-4:
				check(false, "chunk %d: %s is not a frame at %s" % [chunk, [normals[i], tangent], at])
				return
			if at.x == 32.0 - 32.0 * chunk:
				border[Vector2(at.y, at.z)] = normals[i]
		check(border.size() > 50, "vertices of the border: %d" % border.size())
		borders.append(border)
	check_equal(borders[0], borders[1], "both sides of the border")


# Two floats that hold four numbers and four weights, and a colour: what an own shader reads.
func test_vertices_carry_their_materials() -> void:
	for count: int in [1, 3, 9]:
		for with_colors: bool in [false, true]:
			var mesh: Dictionary = _probe.material_mesh(count, with_colors)
			var positions: PackedVector3Array = mesh["arrays"][Mesh.ARRAY_VERTEX]
			var indices: PackedInt32Array = mesh["arrays"][Mesh.ARRAY_INDEX]
			var what := "%d materials, colours %s" % [count, with_colors]
			check_equal(mesh["material"], 0 if count == 1 else -1, what)
			if count == 1 and not with_colors:
				check(mesh["arrays"][Mesh.ARRAY_CUSTOM0] == null, "one material takes no attribute")
				continue
			var custom: PackedFloat32Array = mesh["arrays"][Mesh.ARRAY_CUSTOM0]
			check_equal(custom.size(), 2 * positions.size(), what)
			var words := custom.to_byte_array().to_int32_array()
			for i in positions.size():
				var wanted := int(positions[i].x) % count
				var slot := 0
				while slot < 4 and (words[2 * i + 1] >> 7 * slot) & 127 == 0:
					slot += 1
				var material := (words[2 * i] >> 7 * slot) & 127
				if material != wanted or words[2 * i + 1] != 0x40000000 | 127 << 7 * slot:
					check(false, "%s: %d at %s" % [what, material, positions[i]])
					return
				if with_colors:
					var color: Color = mesh["arrays"][Mesh.ARRAY_COLOR][i]
					if color.r8 != wanted or color.a8 != 255:
						check(false, "%s: %s at %s" % [what, color, positions[i]])
						return
			for i in indices.size():
				if words[2 * indices[i]] != words[2 * indices[i - i % 3]]:
					check(false, "%s: the vertices of triangle %d differ" % [what, i / 3])
					return
