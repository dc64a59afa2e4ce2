# Ground that comes off. run.sh runs this under each physics engine.
extends "res://voxel_suite.gd"

const TOP := Vector3(8, 8, 8)  # the middle of a table's top, on one leg
const CUT := Vector3(8, 3, 8)


# Everything the terrain says of islands.
class Listener:
	var found: Array[Dictionary] = []
	var bodies: Array[RigidBody3D] = []
	var volumes: Array[float] = []
	var shown_with_the_edit: Array[bool] = []

	func listen(terrain: VoxelTerrain) -> Listener:
		terrain.island_found.connect(func(info: Dictionary) -> void: found.append(info))
		terrain.island_detached.connect(_on_detached)
		terrain.edit_committed.connect(_on_committed)
		return self

	func _on_detached(body: RigidBody3D, volume: float) -> void:
		bodies.append(body)
		volumes.append(volume)

	func _on_committed(_info: Dictionary) -> void:
		if not bodies.is_empty() and is_instance_valid(bodies[-1]):
			shown_with_the_edit.append(bodies[-1].visible)


func table_of(mode: VoxelTerrain.Islands, place := Transform3D.IDENTITY) -> VoxelTerrain:
	var terrain := flat_terrain()
	terrain.islands = mode
	terrain.transform = place
	tree.root.add_child(terrain)
	await load_whole(terrain)
	var size := Vector3(10, 4, 10) * place.basis.get_scale()
	var leg := PackedVector3Array([place * Vector3(8, -1, 8), place * Vector3(8, 8, 8)])
	check_equal(terrain.add_path(leg, 1.5 * place.basis.get_scale().x), OK)
	check_equal(terrain.add_box(place * TOP, size, place.basis.orthonormalized()), OK)
	await frames(3)
	return terrain


func cut(terrain: VoxelTerrain) -> void:
	var place := terrain.global_transform
	var size := Vector3(6, 2, 6) * place.basis.get_scale()
	check_equal(terrain.dig_box(place * CUT, size, place.basis.orthonormalized()), OK)


func mesh_of(body: RigidBody3D) -> MeshInstance3D:
	return body.get_node("Mesh")


# In global space, by its vertices.
func box_of(body: RigidBody3D) -> AABB:
	var instance := mesh_of(body)
	var points: PackedVector3Array = instance.mesh.surface_get_arrays(0)[Mesh.ARRAY_VERTEX]
	var box := AABB(instance.global_transform * points[0], Vector3.ZERO)
	for point in points:
		box = box.expand(instance.global_transform * point)
	return box


func test_a_top_falls_when_its_leg_is_cut() -> void:
	var terrain := await table_of(VoxelTerrain.ISLANDS_FALL)
	var heard := Listener.new().listen(terrain)
	var before := height_at(terrain, 11, 11)
	check(absf(before - 10.0) < 0.1, "the top is at %s" % before)
	cut(terrain)
	await frames(1)
	check(height_at(terrain, 11, 11) > 9.0 or not heard.shown_with_the_edit.is_empty(), "one goes when the other comes")
	await comes(func() -> bool: return not heard.shown_with_the_edit.is_empty())
	check_equal(heard.bodies.size(), 1, "bodies")
	if heard.bodies.is_empty():
		await remove(terrain)
		return
	var body := heard.bodies[0]
	check(not heard.shown_with_the_edit.is_empty() and heard.shown_with_the_edit[-1], "shown with the edit")
	check(height_at(terrain, 11, 11) < 0.5, "its ground has gone: %s" % height_at(terrain, 11, 11))
	var volume := heard.volumes[0]
	check(absf(volume - 420.0) < 30.0, "volume is %s" % volume)
	check(absf(body.mass - volume * 2000.0) < 1.0, "mass is %s" % body.mass)
	check(absf(body.position.x - 8.0) < 0.1 and absf(body.position.y - 7.8) < 0.6, "it is at %s" % body.position)
	check_equal(terrain.get_last_edit().removed > 300.0, true, "an edit like any other")
	await ticks(200)
	check(not body.freeze, "it moves")
	var low := box_of(body).position.y
	check(low > -0.5 and low < 3.0, "it fell, and onto the ground: %s" % box_of(body))
	check(body.position.y < 6.0, "it fell: %s" % body.position)
	check_equal(terrain.audit(), "")
	await remove(terrain)
	check(not is_instance_valid(body), "it goes with the terrain")


func test_a_body_weighs_what_its_materials_do() -> void:
	var light := VoxelMaterial.new()
	light.density = 500.0
	var heavy := VoxelMaterial.new()
	heavy.density = 8000.0
	var terrain := flat_terrain()
	terrain.material_library = VoxelMaterialLibrary.new()
	terrain.material_library.materials = [null, light, heavy]
	terrain.island_density = 1000.0
	tree.root.add_child(terrain)
	await load_whole(terrain)
	for half: Array in [[-3.0, 1], [3.0, 2]]:
		var place := Vector3(8.5 + half[0], 20.5, 8.5)
		check_equal(terrain.add_box(place, Vector3(6, 6, 6), Basis.IDENTITY, half[1]), OK)
	check_equal(terrain.add_sphere(Vector3(30, 20, 8), 3.0), OK)
	await frames(2)
	var body := terrain.detach_island(Vector3(8, 20, 8))
	check(absf(body.mass - 216.0 * 8500.0) < 10000.0, "its mass is %s" % body.mass)
	check(absf(body.position.x - (8.5 + 3.0 * 7500.0 / 8500.0)) < 0.05, "its centre is %s" % body.position)
	var nameless := terrain.detach_island(Vector3(30, 20, 8))
	check(absf(nameless.mass - 113.1 * 1000.0) < 4000.0, "without a material: %s" % nameless.mass)
	await remove(terrain)


func test_a_body_keeps_the_look_of_the_ground() -> void:
	var brick := VoxelMaterial.new()
	brick.albedo_texture = ImageTexture.create_from_image(Image.create_empty(8, 8, false, Image.FORMAT_RGBA8))
	var terrain := flat_terrain()
	terrain.material_library = VoxelMaterialLibrary.new()
	terrain.material_library.materials = [VoxelMaterial.new(), brick]
	tree.root.add_child(terrain)
	await load_whole(terrain)
	var place := Vector3(8, 20, 8)
	check_equal(terrain.add_sphere(place, 3.0, 1), OK)
	await frames(2)
	var body := terrain.detach_island(place)
	var look := mesh_of(body).material_override as ShaderMaterial
	check(look != null, "the library's shader")
	if look == null:
		await remove(terrain)
		return
	check_equal(look.get_shader_parameter("came_off"), true, "it came off")
	check((look.get_shader_parameter("came_from") as Vector3).distance_to(place) < 0.05, "from there")
	var has_textures := func() -> bool: return look.get_shader_parameter("albedo_maps") is Texture2DArray
	check(await comes(has_textures), "textures that come later are its own, too")
	brick.albedo_color = Color.RED
	await frames(2)
	check_equal(look.get_shader_parameter("colors")[1], Color.RED, "it follows the library")
	body.reparent(tree.root)
	terrain.material_library = null
	brick.albedo_texture = null
	await remove(terrain)
	check(look.shader.code.contains("came_off") and has_textures.call(), "it outlives the terrain")
	body.queue_free()
	await frames(2)


func test_a_body_is_on_the_layers_of_islands() -> void:
	var terrain := flat_terrain()
	terrain.collision_layer = 2
	terrain.collision_mask = 8
	tree.root.add_child(terrain)
	await load_whole(terrain)
	for layers: Array in [[1, 1], [16, 32]]:  # the first ones are there by themselves
		if layers[0] != 1:
			terrain.island_collision_layer = layers[0]
			terrain.island_collision_mask = layers[1]
		check_equal(terrain.add_sphere(Vector3(8, 20, 8), 3.0), OK)
		await frames(2)
		var body := terrain.detach_island(Vector3(8, 20, 8))
		check_equal(body.collision_layer, layers[0], "layer")
		check_equal(body.collision_mask, layers[1] | 2, "mask")
		await frames(2)
	await remove(terrain)


func test_the_game_may_decide() -> void:
	var terrain := await table_of(VoxelTerrain.ISLANDS_SIGNAL)
	terrain.undo_limit_mb = 16
	var heard := Listener.new().listen(terrain)
	cut(terrain)
	await frames(2)
	check_equal(heard.found.size(), 1, "islands")
	if heard.found.is_empty():
		await remove(terrain)
		return
	var info := heard.found[0]
	check(absf(height_at(terrain, 11, 11) - 10.0) < 0.1, "it stays")
	check((info.area as AABB).has_point(TOP), "%s" % info.area)
	check(absf(info.volume - 420.0) < 30.0, "%s" % info.volume)
	var body := terrain.detach_island(info.position)
	check(body != null, "a body")
	if body != null:
		check(not body.visible, "it appears when its ground goes")
		await frames(1)
		check(body.visible and body.get_parent() == terrain, "here it is")
		check(height_at(terrain, 11, 11) < 0.5, "and its ground is gone")
		check_equal(terrain.undo(), OK)
		check(absf(height_at(terrain, 11, 11) - 10.0) < 0.1, "undo brings the ground back")
	check(terrain.detach_island(Vector3(0, -20, 0)) == null, "the world is no island")
	check(terrain.detach_island(Vector3(0, 30, 0)) == null, "nor is air")
	expect_error("not a finite position")
	check(terrain.detach_island(Vector3(NAN, 0, 0)) == null, "nor is nothing")
	await remove(terrain)


func test_what_stays_is_not_looked_for() -> void:
	var terrain := await table_of(VoxelTerrain.ISLANDS_STAY)
	var heard := Listener.new().listen(terrain)
	cut(terrain)
	await frames(3)
	check_equal(heard.found.size() + heard.bodies.size(), 0, "signals")
	terrain.islands = VoxelTerrain.ISLANDS_FALL
	# What is there already comes off with the next dig at it.
	check_equal(terrain.dig_sphere(Vector3(8, 10, 8), 1.5), OK)
	await comes(func() -> bool: return not heard.bodies.is_empty())
	check_equal(heard.bodies.size(), 1, "bodies")
	await remove(terrain)


func test_crumbs_are_removed() -> void:
	var terrain := await table_of(VoxelTerrain.ISLANDS_FALL)
	terrain.island_crumbs = 1000.0
	var heard := Listener.new().listen(terrain)
	cut(terrain)
	await comes(func() -> bool: return not heard.volumes.is_empty())
	check_equal(heard.volumes.size(), 1, "islands")
	check(heard.bodies.size() == 1 and heard.bodies[0] == null, "no body")
	check(height_at(terrain, 11, 11) < 0.5, "it has gone")
	await remove(terrain)


func test_a_body_stands_where_a_turned_and_scaled_terrain_had_it() -> void:
	var turned := Basis(Vector3(1, 2, 0.5).normalized(), 0.7)
	for scale: Vector3 in [Vector3.ONE * 0.5, Vector3(-0.5, 0.5, 0.5)]:
		var place := Transform3D(turned * Basis.from_scale(scale), Vector3(3, 4, 5))
		var terrain := flat_terrain()
		terrain.islands = VoxelTerrain.ISLANDS_SIGNAL
		terrain.transform = place
		terrain.island_shape = VoxelTerrain.ISLAND_SHAPE_PIECES
		tree.root.add_child(terrain)
		await load_whole(terrain)
		check_equal(terrain.add_sphere(place * Vector3(8, 20, 8), 6.0), OK)
		await frames(2)
		var body := terrain.detach_island(place * Vector3(8, 20, 8))
		check(body != null, "a body")
		if body != null:
			check(body.global_basis.is_equal_approx(body.global_basis.orthonormalized()), "it has no scale")
			check(body.global_basis.determinant() > 0.0, "it is not mirrored")
			check(body.position.distance_to(place * Vector3(8, 20, 8)) < 0.02, "its centre is %s" % body.position)
			check(absf(box_of(body).size.x - 12.0) < 0.15, "its box is %s" % box_of(body))
			check(absf(body.mass - 4.0 / 3.0 * PI * 216.0 * 2000.0) < 20000.0, "its mass is %s" % body.mass)
			check(body.find_children("*", "CollisionShape3D", true, false).size() > 1, "in pieces")
		await ticks(3)
		await remove(terrain)


func test_a_world_that_ends_lets_go_of_its_islands() -> void:
	var terrain := await table_of(VoxelTerrain.ISLANDS_SIGNAL)
	cut(terrain)
	var body := terrain.detach_island(TOP)
	check(body != null, "a body")
	terrain.regenerate()
	if body != null:
		check(body.visible and not body.freeze, "it is not held for ever")
	await frames(3)
	await remove(terrain)


# Each of these runs a script in the middle of what the terrain does, and the script ends the world.
func test_a_world_may_end_while_an_island_comes_off() -> void:
	for fall: bool in [false, true]:
		var terrain := await table_of(
				VoxelTerrain.ISLANDS_FALL if fall else VoxelTerrain.ISLANDS_SIGNAL)
		terrain.child_entered_tree.connect(
				func(_body: Node) -> void: terrain.generator = null, CONNECT_ONE_SHOT)
		cut(terrain)
		if fall:
			check(await comes(func() -> bool: return terrain.generator == null), "one came off")
		else:
			check(terrain.detach_island(TOP) != null, "a body that joined")
		check_equal(terrain.get_child_count(), 1, "bodies")
		await frames(3)
		await remove(terrain)

	var freeing := await table_of(VoxelTerrain.ISLANDS_SIGNAL)
	freeing.child_entered_tree.connect(
			func(body: Node) -> void: body.free.call_deferred(), CONNECT_ONE_SHOT)
	cut(freeing)
	freeing.detach_island(TOP)
	await frames(3)
	await remove(freeing)

	var shown := await table_of(VoxelTerrain.ISLANDS_SIGNAL)
	cut(shown)
	var body := shown.detach_island(TOP)
	check(body != null, "a body that is shown")
	if body != null:
		body.visibility_changed.connect(
				func() -> void: shown.generator = null, CONNECT_ONE_SHOT)
	cut(shown)
	await frames(3)
	await remove(shown)

	# While workers get it ready.
	for how: Callable in [
			func(at_work: VoxelTerrain) -> void: at_work.generator = null,
			func(at_work: VoxelTerrain) -> void: at_work.islands = VoxelTerrain.ISLANDS_STAY,
			func(at_work: VoxelTerrain) -> void: at_work.regenerate()]:
		var at_work := await table_of(VoxelTerrain.ISLANDS_FALL)
		cut(at_work)
		await tree.process_frame
		var bodies := at_work.get_child_count()  # where a frame takes long, they were ready
		how.call(at_work)
		await frames(5)
		check_equal(at_work.get_child_count(), bodies, "bodies")
		await remove(at_work)


func test_bad_values_are_refused() -> void:
	var terrain := flat_terrain()
	for bad: Array in [
		["islands", 3], ["islands", -1], ["island_max_size", 0], ["island_max_size", 97],
		["island_density", 0.0], ["island_density", NAN], ["island_density", -INF],
		["island_collision_layer", -1], ["island_collision_mask", 1 << 32], ["island_crumbs", -1.0], ["island_crumbs", NAN], ["island_shape", 2],
	]:
		var before: Variant = terrain.get(bad[0])
		expect_error("VoxelTerrain.%s is" % bad[0])
		terrain.set(bad[0], bad[1])
		check_equal(terrain.get(bad[0]), before, bad[0])
	expect_error("no world yet")
	check(terrain.detach_island(Vector3.ZERO) == null, "without a world")
	terrain.free()
