# The example character of the add-on. run.sh runs this under each physics engine.
extends "res://voxel_suite.gd"

const Character := preload("res://addons/nebula/character/voxel_character_body_3d.gd")
const DELTA := 1.0 / 60.0
const GAP := 0.01  # how far from the ground it may stand: a sweep stops 1/512 voxel before it


func character(terrain: VoxelTerrain, feet: Vector3) -> Character:
	var walker := Character.new()
	var shape := CollisionShape3D.new()
	shape.shape = CapsuleShape3D.new()
	shape.shape.radius = 0.4
	shape.shape.height = 1.8
	shape.position.y = 0.9
	walker.add_child(shape)
	walker.terrain = terrain
	walker.position = feet
	tree.root.add_child(walker)
	return walker


# A terrain on a layer of its own, as the character wants it.
func ground_of(generator: VoxelGenerator) -> VoxelTerrain:
	var terrain := flat_terrain()
	terrain.generator = generator
	terrain.collision_layer = 2
	tree.root.add_child(terrain)
	await load_whole(terrain)
	return terrain


func walk(walker: Character, wish: Vector3, count: int, jump := false) -> void:
	for i in count:
		await tree.physics_frame
		walker.walk(wish, jump, DELTA)


func depth_of(walker: Character) -> float:
	var inside := walker.terrain.overlap_capsule(
		Transform3D(Basis(), walker.position + Vector3.UP * 0.9), walker.radius, walker.height)
	return inside.get("depth", 0.0)


func test_a_minute_over_hills_that_are_dug_at_its_feet() -> void:
	var hills := VoxelNoiseGenerator.new()
	hills.amplitude = 20.0
	hills.period = 60.0
	var terrain := await ground_of(hills)
	var walker := character(terrain, Vector3(0, terrain.ground_height(0, 0) + 0.1, 0))
	var deepest := 0.0
	var below := 0.0
	var way := 0.0
	for i in 3600:
		if i % 60 == 30:
			# Open to the sky and not too steep to get out, so that it goes on and stays the highest ground.
			var feet := walker.position
			check_equal(terrain.dig_cone(feet + Vector3.DOWN, feet + Vector3.UP * 15, 1.0, 20.0), OK)
		var before := walker.position
		var turn := i / 3600.0 * TAU
		await walk(walker, Vector3(cos(turn), 0, sin(turn)), 1, i % 200 == 0)
		way += (walker.position - before).length()
		deepest = maxf(deepest, depth_of(walker))
		below = maxf(below, terrain.ground_height(walker.position.x, walker.position.z) - walker.position.y)
	check(deepest <= 0.001, "in the ground by %s" % deepest)
	check(below < GAP, "below the surface by %s" % below)
	check(way > 120.0, "it walked %s m of 300" % way)
	walker.free()
	await remove(terrain)


func test_it_stands_still_on_a_slope() -> void:
	var terrain := await ground_of(VoxelFlatGenerator.new())
	for i in 8:
		terrain.flatten(Vector3(0, 0, 0), 10.0, Vector3(-0.4, 1, 0.1).normalized())
	var walker := character(terrain, Vector3(0.3, terrain.ground_height(0.3, 0.2) + 0.5, 0.2))
	await walk(walker, Vector3.ZERO, 60)
	var place := walker.position
	var moved := 0.0
	for i in 120:
		await walk(walker, Vector3.ZERO, 1)
		moved = maxf(moved, (walker.position - place).length())
	check(walker.grounded, "on the ground")
	check(moved < 0.0005, "it moved by %s" % moved)
	check(absf(depth_of(walker)) < 0.001, "%s" % depth_of(walker))
	walker.free()
	await remove(terrain)


func test_it_falls_with_the_ground_in_the_tick_of_the_dig() -> void:
	var terrain := await ground_of(VoxelFlatGenerator.new())
	var walker := character(terrain, Vector3(0, 0.1, 0))
	await walk(walker, Vector3.ZERO, 10)
	var before := walker.position.y
	terrain.dig_sphere(walker.position, 5.0)
	await walk(walker, Vector3.ZERO, 2)
	check(walker.position.y < before, "it falls at once")
	await walk(walker, Vector3.ZERO, 120)
	check(walker.grounded and absf(walker.position.y + 5.0) < 0.3, "at the bottom: %s" % walker.position)
	walker.free()
	await remove(terrain)


func test_ground_that_is_added_onto_it_pushes_it_out() -> void:
	var terrain := await ground_of(VoxelFlatGenerator.new())
	var walker := character(terrain, Vector3(0, 0.1, 0))
	await walk(walker, Vector3.ZERO, 10)
	terrain.add_sphere(Vector3(0.5, 0, 0), 2.0)
	check(depth_of(walker) > 0.3, "it is in the ground")
	await walk(walker, Vector3.ZERO, 30)
	check(depth_of(walker) < 0.001, "it is still in the ground by %s" % depth_of(walker))
	check((walker.position - Vector3(0, 0.1, 0)).length() < 4.0, "near: %s" % walker.position)
	walker.free()
	await remove(terrain)


func test_it_climbs_steps_and_no_walls() -> void:
	var terrain := await ground_of(VoxelFlatGenerator.new())
	terrain.add_box(Vector3(7, -2, 0), Vector3(4, 6.8, 6))  # up to 1.4 m
	terrain.add_box(Vector3(-7, 0, 0), Vector3(4, 4, 6))
	var walker := character(terrain, Vector3(0, 0.1, 0))
	walker.step_height = 0.5
	await walk(walker, Vector3.RIGHT, 90)
	check(walker.position.x < 5.0 and walker.position.y < 0.5, "before the step: %s" % walker.position)
	walker.step_height = 1.5
	await walk(walker, Vector3.RIGHT, 30)
	check(walker.position.x > 5.5 and walker.position.y > 1.2, "on the step: %s" % walker.position)
	walker.step_height = 0.5
	await walk(walker, Vector3.LEFT, 180)
	check(walker.position.x > -5.0 and walker.position.x < -4.0, "at the wall: %s" % walker.position)
	check(walker.position.y < 0.1, "below it: %s" % walker.position)
	# Along the wall it slides.
	await walk(walker, Vector3(-1, 0, 1), 30)
	check(walker.position.z > 1.0, "along the wall: %s" % walker.position)
	walker.free()
	await remove(terrain)


func test_it_does_not_climb_what_is_too_steep() -> void:
	var terrain := await ground_of(VoxelFlatGenerator.new())
	terrain.add_box(Vector3(12, 0, 0), Vector3(20, 20, 20), Basis(Vector3.BACK, 0.95))  # 54 degrees
	var walker := character(terrain, Vector3(-2, 0.1, 0))
	await walk(walker, Vector3.RIGHT, 240)
	check(walker.position.y < 0.7, "it got up to %s" % walker.position)
	var place := walker.position
	var moved := 0.0
	for i in 60:
		await walk(walker, Vector3.RIGHT, 1)
		moved = maxf(moved, (walker.position - place).length())
	check(moved < 0.01, "it does not stand still, but moves by %s" % moved)
	walker.free()
	await remove(terrain)


func test_it_jumps_and_lands() -> void:
	var terrain := await ground_of(VoxelFlatGenerator.new())
	var walker := character(terrain, Vector3(0, 0.1, 0))
	await walk(walker, Vector3.ZERO, 10)
	await walk(walker, Vector3.ZERO, 1, true)
	var highest := 0.0
	for i in 90:
		await walk(walker, Vector3.ZERO, 1)
		highest = maxf(highest, walker.position.y)
	check(highest > 1.0 and highest < 1.6, "it got up to %s" % highest)
	check(walker.grounded and walker.position.y < GAP, "it landed at %s" % walker.position)
	walker.free()
	await remove(terrain)


func test_it_stands_on_bodies_and_pushes_them() -> void:
	var terrain := await ground_of(VoxelFlatGenerator.new())
	var crate := RigidBody3D.new()
	var shape := CollisionShape3D.new()
	shape.shape = BoxShape3D.new()
	crate.add_child(shape)
	crate.position = Vector3(3, 0.5, 0)
	crate.collision_mask = 3
	crate.freeze = true
	tree.root.add_child(crate)
	check_equal(await terrain.ground_ready(crate), true)
	crate.freeze = false
	var walker := character(terrain, Vector3(3, 1.3, 0))
	await walk(walker, Vector3.ZERO, 60)
	check(walker.grounded and absf(walker.position.y - 1.0) < 0.1, "on the crate: %s" % walker.position)
	# Another one: a jump from here to there would be a blow for the crate.
	walker.free()
	walker = character(terrain, Vector3(0, 0.1, 0))
	await walk(walker, Vector3.RIGHT, 120)
	check(crate.position.x > 3.3 and crate.position.x < 12.0, "the crate moved to %s" % crate.position)
	check(walker.position.x > 1.0, "it walked to %s" % walker.position)
	crate.free()
	walker.free()
	await remove(terrain)


func test_without_a_terrain_it_says_so() -> void:
	expect_error("has no terrain to walk on")
	var walker := character(null, Vector3.ZERO)
	await walk(walker, Vector3.RIGHT, 2)
	check_equal(walker.position, Vector3.ZERO)
	walker.free()
