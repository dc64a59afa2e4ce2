# Physics materials by voxel material. run.sh runs this under each physics engine.
extends "res://voxel_suite.gd"

const ICE := 1
const ROCK := 2
const ICE_LANE := Vector3(0, 0, 4.5)
const ROCK_LANE := Vector3(0, 0, 12.5)


# As docs/materials.md has it.
class Toucher:
	extends RigidBody3D
	var terrain: VoxelTerrain
	var touched := {}  # material numbers

	func _integrate_forces(state: PhysicsDirectBodyState3D) -> void:
		for i in state.get_contact_count():
			if state.get_contact_collider_object(i) == terrain:
				touched[terrain.material_at(state.get_contact_collider_position(i))] = true


func material(friction: float) -> VoxelMaterial:
	var made := VoxelMaterial.new()
	if not is_nan(friction):
		made.physics_material = PhysicsMaterial.new()
		made.physics_material.friction = friction
	return made


# One tile has a lane of ice beside a lane of rock, along x, and so have the next ones.
func terrain_of_lanes() -> VoxelTerrain:
	var terrain := flat_terrain()
	terrain.material_library = VoxelMaterialLibrary.new()
	terrain.material_library.materials = [material(NAN), material(0.01), material(1.0)]
	tree.root.add_child(terrain)
	await load_whole(terrain)
	check_equal(terrain.paint_box(Vector3(16, 0, 4), Vector3(40, 8, 6), ICE), OK)
	check_equal(terrain.paint_box(Vector3(16, 0, 12.5), Vector3(40, 8, 5), ROCK), OK)
	return terrain


# How far a box slides that is pushed along x.
func slide(terrain: VoxelTerrain, from: Vector3) -> float:
	var body := frozen_box(from + Vector3(1, 0.5, 0))
	check_equal(await terrain.ground_ready(body), true, "ground_ready")
	body.freeze = false
	await ticks(20)
	body.linear_velocity = Vector3(5, 0, 0)
	await ticks(90)
	var distance := body.position.x - 1.0
	check(absf(body.position.y - 0.47) < 0.06, "it is at %s" % body.position)
	body.free()
	return distance


# Godot Physics sees new shapes in the next tick.
func ready_ground(terrain: VoxelTerrain, body: Node3D) -> void:
	check_equal(await terrain.ground_ready(body), true, "ground_ready")
	await ticks(2)


func held(terrain: VoxelTerrain, x: float, z: float) -> Dictionary:
	var query := PhysicsRayQueryParameters3D.create(Vector3(x, 40, z), Vector3(x, -60, z), 1)
	return terrain.get_world_3d().direct_space_state.intersect_ray(query)


func test_a_box_slides_farther_on_ice_than_on_rock() -> void:
	var terrain := await terrain_of_lanes()
	var on_ice := await slide(terrain, ICE_LANE)
	var on_rock := await slide(terrain, ROCK_LANE)
	check(on_ice > 6.5, "on ice %s" % on_ice)
	check(on_rock < 2.5, "on rock %s" % on_rock)
	await remove(terrain)
	check_equal(Nebula.live_engine_resources(), 0, "left")


# Its front is the first to meet the other body's ground.
func test_a_box_does_not_trip_over_a_border() -> void:
	var terrain := flat_terrain()
	terrain.material_library = VoxelMaterialLibrary.new()
	terrain.material_library.materials = [material(0.0), material(0.0)]
	tree.root.add_child(terrain)
	await load_whole(terrain)
	check_equal(terrain.paint_box(Vector3(28, 0, 8), Vector3(40, 8, 80), ICE), OK)  # from x = 8 on
	var boxes: Array[RigidBody3D] = []
	for i in 4:
		var body := frozen_box(Vector3(4, 0.5, 2 + 3.5 * i))
		body.rotation.y = 0.3 * i
		body.can_sleep = false
		body.physics_material_override = PhysicsMaterial.new()
		body.physics_material_override.friction = 0.0
		boxes.append(body)
	for body in boxes:
		check_equal(await terrain.ground_ready(body), true, "ground_ready")
		body.freeze = false
	await ticks(20)
	for body in boxes:
		body.linear_velocity = Vector3(5, 0, 0)
	var highest := 0.0
	for i in 80:
		await ticks(1)
		for body in boxes:
			highest = maxf(highest, body.position.y)
	check(highest < 0.52, "thrown up to %s" % highest)
	for body in boxes:
		check(body.linear_velocity.x > 4.0, "slowed down to %s" % body.linear_velocity)
		body.free()
	await remove(terrain)


func test_rays_meet_the_terrain_on_each_of_its_grounds() -> void:
	var terrain := await terrain_of_lanes()
	var marker := frozen_box(Vector3(8, 0.5, 8))
	await ready_ground(terrain, marker)
	var bodies := {}
	for z: float in [0.5, 4.5, 8.5, 12.5, 15.9]:
		var hit := held(terrain, 5.3, z)
		check_equal(hit.get("collider"), terrain, "at %s" % z)
		bodies[hit.get("rid")] = true
		check(absf(hit["position"].y - height_at(terrain, 5.3, z)) < 0.05, "at %s" % z)
	check_equal(bodies.size(), 3, "bodies: ice, rock and the rest")
	terrain.collision_layer = 4
	await ticks(2)
	check(held(terrain, 5.3, 4.5).is_empty() and held(terrain, 5.3, 12.5).is_empty(), "all on the layer")
	marker.free()
	await remove(terrain)


func test_a_change_of_numbers_needs_no_new_shape() -> void:
	var terrain := await terrain_of_lanes()
	var library := terrain.material_library
	var marker := frozen_box(Vector3(8, 0.5, 8))
	await ready_ground(terrain, marker)
	var rid: RID = held(terrain, 5.3, 4.5)["rid"]
	var friction := func() -> float:
		return PhysicsServer3D.body_get_param(rid, PhysicsServer3D.BODY_PARAM_FRICTION)
	check(is_equal_approx(friction.call(), 0.01), "%s" % friction.call())
	library.materials[ICE].physics_material.friction = 0.5
	await ticks(2)
	check(is_equal_approx(friction.call(), 0.5), "%s" % friction.call())
	library.materials[ICE].physics_material = PhysicsMaterial.new()
	library.materials[ICE].physics_material.rough = true
	check_equal(terrain.is_ground_ready(marker), true, "nothing is made again")
	await ticks(2)
	check(is_equal_approx(friction.call(), -1.0), "%s" % friction.call())
	check_equal(held(terrain, 5.3, 4.5)["rid"], rid, "the same body")
	terrain.collision_material = PhysicsMaterial.new()
	terrain.collision_material.friction = 0.25
	await ticks(2)
	check(is_equal_approx(friction.call(), -1.0), "that is for ground without one of its own")
	marker.free()
	await remove(terrain)


func test_paint_and_other_libraries_divide_the_ground_anew() -> void:
	var terrain := await terrain_of_lanes()
	var marker := frozen_box(Vector3(8, 0.5, 8))
	await ready_ground(terrain, marker)
	var shapes: int = terrain.get_statistics()["collision_shapes"]
	var friction := func(z: float) -> float:
		return PhysicsServer3D.body_get_param(
			held(terrain, 5.3, z)["rid"], PhysicsServer3D.BODY_PARAM_FRICTION)
	check_equal(terrain.paint_box(Vector3(16, 0, 4), Vector3(40, 8, 6), ROCK), OK)
	await frames(1)
	await ready_ground(terrain, marker)
	check_equal(friction.call(4.5), 1.0, "painted")
	check_equal(terrain.get_statistics()["collision_shapes"], shapes, "a shape is a tile's, divided or not")
	terrain.material_library.materials[ROCK].physics_material = null
	await ticks(2)  # a library's changes are seen in the next tick
	await ready_ground(terrain, marker)
	check_equal(held(terrain, 5.3, 4.5)["rid"], held(terrain, 5.3, 8.5)["rid"], "one body again")
	terrain.material_library.materials[0].physics_material = PhysicsMaterial.new()
	terrain.material_library.materials[0].physics_material.friction = 0.75
	await ticks(2)
	await ready_ground(terrain, marker)
	check_equal(friction.call(-4.5), 0.75, "generated ground")
	check_equal(friction.call(12.5), 1.0, "ground without one")
	terrain.material_library = null
	await ticks(2)
	await ready_ground(terrain, marker)
	check_equal(friction.call(-4.5), 1.0, "without a library")
	marker.free()
	await remove(terrain)


func test_a_contact_tells_what_the_ground_is_made_of() -> void:
	var terrain := await terrain_of_lanes()
	for lane: Array in [[ICE_LANE, ICE], [ROCK_LANE, ROCK], [Vector3(0, 0, -4), 0]]:
		var body := Toucher.new()
		body.terrain = terrain
		var shape := CollisionShape3D.new()
		shape.shape = BoxShape3D.new()
		body.add_child(shape)
		body.position = lane[0] + Vector3(8, 0.5, 0)
		body.contact_monitor = true
		body.max_contacts_reported = 8
		body.freeze = true
		tree.root.add_child(body)
		check_equal(await terrain.ground_ready(body), true)
		body.freeze = false
		await ticks(20)
		check_equal(body.touched.keys(), [lane[1]], "touched")
		check_equal(terrain.raycast(body.position, Vector3.DOWN, 2.0)["material"], lane[1])
		body.free()
	await remove(terrain)


func test_a_body_that_came_off_has_the_physics_material_of_most_of_it() -> void:
	var terrain := flat_terrain()
	var library := VoxelMaterialLibrary.new()
	library.materials = [material(NAN), material(0.01), material(1.0)]
	terrain.material_library = library
	terrain.collision_material = PhysicsMaterial.new()
	tree.root.add_child(terrain)
	await load_whole(terrain)
	var place := Vector3(8.5, 20.5, 8.5)
	check_equal(terrain.add_box(place, Vector3(4, 6, 6), Basis.IDENTITY, ICE), OK)
	check_equal(terrain.add_box(place + Vector3(4.5, 0, 0), Vector3(5, 6, 6), Basis.IDENTITY, ROCK), OK)
	check_equal(terrain.add_sphere(Vector3(30, 20, 8), 3.0), OK)
	await frames(2)
	var body := terrain.detach_island(place)
	check_equal(body.physics_material_override, library.materials[ROCK].physics_material)
	var nameless := terrain.detach_island(Vector3(30, 20, 8))
	check_equal(nameless.physics_material_override, terrain.collision_material)
	await remove(terrain)


func test_the_ground_of_a_divided_tile_goes_with_those_who_need_it() -> void:
	var objects: int = PhysicsServer3D.get_process_info(PhysicsServer3D.INFO_ACTIVE_OBJECTS)
	tree.debug_collisions_hint = true
	var terrain := await terrain_of_lanes()
	tree.debug_collisions_hint = false
	for round in 3:
		var marker := frozen_box(Vector3(8, 0.5, 8))
		await ready_ground(terrain, marker)
		terrain.dig_sphere(Vector3(8, 0, 8), 3.0)
		terrain.paint_sphere(Vector3(8, 0, 8), 6.0, ICE if round % 2 == 0 else ROCK)
		terrain.rotate_y(0.5)
		terrain.dig_sphere(Vector3(4, 0, 8), 3.0)
		await frames(1)
		await ready_ground(terrain, marker)
		marker.free()
		terrain.collision_enabled = false
		await ticks(2)
		check(held(terrain, 5.3, 4.5).is_empty() and held(terrain, 5.3, 12.5).is_empty(), "all gone")
		terrain.collision_enabled = true
	await remove(terrain)
	check_equal(Nebula.live_engine_resources(), 0, "left")
	await ticks(2)
	check_equal(PhysicsServer3D.get_process_info(PhysicsServer3D.INFO_ACTIVE_OBJECTS), objects, "bodies")
