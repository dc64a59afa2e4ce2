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


# A triplanar StandardMaterial3D made the engine warn about every chunk, because it reads tangents.
# Only materials that may read them cost the memory.
func test_chunks_have_tangents_when_the_material_may_read_them() -> void:
	var triplanar := StandardMaterial3D.new()
	triplanar.uv1_triplanar = true
	var plain := _shader("void fragment() { ALBEDO = vec3(0.5); }")
	var normal_mapped := _shader("void fragment() { NORMAL_MAP = vec3(0.5); }")
	var with_pass := _shader("void fragment() { ALBEDO = vec3(0.1); }")
	with_pass.next_pass = ORMMaterial3D.new()
	var wanted := {null: false, plain: false, triplanar: true, normal_mapped: true, with_pass: true}
	for material: Material in wanted:
		var terrain := flat_terrain()
		terrain.material = material
		tree.root.add_child(terrain)
		await load_whole(terrain)
		check_equal(_probe.has_tangents(terrain), wanted[material], "from the start, %s" % material)
		await remove(terrain)
	var terrain := await loaded_terrain()
	for material: Material in [triplanar, plain, normal_mapped, null, triplanar]:
		terrain.material = material
		for i in 100:
			await tree.process_frame
			if _probe.has_tangents(terrain) == wanted[material]:
				break
		check_equal(_probe.has_tangents(terrain), wanted[material], "set later, %s" % material)
	await remove(terrain)


func _shader(body: String) -> ShaderMaterial:
	var material := ShaderMaterial.new()
	material.shader = Shader.new()
	material.shader.code = "shader_type spatial; " + body
	return material
