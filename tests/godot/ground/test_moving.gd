# A terrain that moves: what stands on it goes with it. run.sh runs this under each physics engine.
extends "res://voxel_suite.gd"


# Calls each(tick) where scripts move things: inside a physics tick.
func each_tick(count: int, each: Callable) -> void:
	for i in count:
		await tree.physics_frame
		each.call(i)
		OS.delay_usec(500)


func terrain_under(parent: Node3D) -> VoxelTerrain:
	var terrain := flat_terrain()
	tree.root.add_child(parent)
	parent.add_child(terrain)
	await load_whole(terrain)
	return terrain


# That stands on the terrain since a second.
func box_on(terrain: VoxelTerrain, at: Vector3) -> RigidBody3D:
	var body := frozen_box(at)
	check_equal(await terrain.ground_ready(body), true)
	body.freeze = false
	await ticks(60)
	body.sleeping = true
	return body


func stands(terrain: VoxelTerrain, body: Node3D) -> Vector3:
	return terrain.global_transform.affine_inverse() * body.global_position


func test_a_box_stays_on_a_terrain_that_moves_and_turns() -> void:
	var ship := Node3D.new()
	var terrain := await terrain_under(ship)
	var body := await box_on(terrain, Vector3(6, 0.6, 3))
	var meshed: int = terrain.get_statistics()["meshed"]
	var before := stands(terrain, body)
	# Ten seconds: it gets to 6 m/s within one, climbs, turns once in 20 s, and comes to rest.
	await each_tick(600, func(tick: int) -> void:
		var power := minf(minf(tick, 600 - tick) / 60.0, 1.0)
		ship.position += Vector3(6.0, 1.2, 0) * power / 60.0
		ship.rotate_y(TAU / 1200.0 * power))
	var after := stands(terrain, body)
	check((after - before).length() < 0.5, "it stood at %s and stands at %s" % [before, after])
	check(ship.position.x > 50.0, "the ship got to %s" % ship.position)
	check_equal(terrain.get_statistics()["meshed"], meshed, "nothing is made anew")
	await ticks(90)
	check((stands(terrain, body) - after).length() < 0.1, "nor when it rests")
	body.free()
	ship.free()


func test_digs_and_rays_are_in_the_place_of_the_moment() -> void:
	var ship := Node3D.new()
	var terrain := await terrain_under(ship)
	var body := frozen_box(Vector3(0, 0.6, 0))
	check_equal(await terrain.ground_ready(body), true)
	body.freeze = false
	await each_tick(120, func(_tick: int) -> void:
		ship.position += Vector3(4, 0, -2) / 60.0
		ship.rotate_y(0.005))
	check(absf(stands(terrain, body).y - 0.47) < 0.1, "%s" % stands(terrain, body))
	var hole: Vector3 = terrain.global_transform * Vector3(20, 0, 10)
	terrain.dig_sphere(hole, 4.0)
	var hit := terrain.raycast(hole + Vector3(0, 10, 0), Vector3.DOWN, 40.0)
	check(absf(hit["position"].y - (hole.y - 4.0)) < 0.3, "the hole is where it was dug: %s" % hit)
	# Under the box, while the terrain goes on.
	terrain.dig_sphere(body.global_position - Vector3(0, 1, 0), 4.0)
	await each_tick(120, func(_tick: int) -> void: ship.position += Vector3(4, 0, -2) / 60.0)
	var depth := stands(terrain, body).y
	check(depth < -2.0 and depth > -5.0, "it fell into the hole and not through it: %s" % depth)
	body.free()
	ship.free()


func test_a_terrain_that_is_put_elsewhere_takes_nothing_along() -> void:
	var ship := Node3D.new()
	var terrain := await terrain_under(ship)
	var body := await box_on(terrain, Vector3(6, 0.6, 3))
	ship.position = Vector3(0, -30, 0)
	await ticks(30)
	check(body.linear_velocity.x == 0.0, "nothing pushes it: %s" % body.linear_velocity)
	check(body.position.y < -0.2 and body.position.y > -20.0, "it woke and falls: %s" % body.position)
	await ticks(200)
	check(absf(stands(terrain, body).y - 0.47) < 0.1, "and lands: %s" % stands(terrain, body))
	body.free()
	ship.free()


func test_a_body_that_carries_a_terrain_does_not_collide_with_it() -> void:
	var ship := RigidBody3D.new()
	var shape := CollisionShape3D.new()
	shape.shape = BoxShape3D.new()
	ship.add_child(shape)
	ship.gravity_scale = 0.0
	ship.linear_velocity = Vector3(3, 0, 0)
	ship.linear_damp_mode = RigidBody3D.DAMP_MODE_REPLACE
	ship.can_sleep = false
	var terrain := await terrain_under(ship)
	var body := frozen_box(ship.position + Vector3(6, 0.6, 3))
	check_equal(await terrain.ground_ready(body), true)
	check_equal(terrain.get_statistics()["collision_bodies"], 1, "the ship itself needs no ground")
	body.linear_velocity = Vector3(3, 0, 0)
	body.freeze = false
	await ticks(120)
	check((ship.linear_velocity - Vector3(3, 0, 0)).length() < 0.01, "%s" % ship.linear_velocity)
	check(absf(stands(terrain, body).y - 0.47) < 0.1, "%s" % stands(terrain, body))
	body.free()
	ship.free()


# At its place: the ship turns, so what comes off far from the middle is faster.
func test_an_island_goes_on_as_the_ground_that_it_was() -> void:
	var ship := Node3D.new()
	var terrain := await terrain_under(ship)
	terrain.islands = VoxelTerrain.ISLANDS_FALL
	terrain.add_path(PackedVector3Array([Vector3(20, -1, 8), Vector3(20, 8, 8)]), 1.5)
	terrain.add_box(Vector3(20, 8, 8), Vector3(8, 4, 8))
	await frames(3)
	var bodies: Array[RigidBody3D] = []
	terrain.island_detached.connect(func(body: RigidBody3D, _volume: float) -> void: bodies.append(body))
	var speed := Vector3(6, 0, -3)
	var turn := Vector3(0, 0.6, 0)
	var move := func() -> void:
		ship.position += speed / 60.0
		ship.rotate_y(turn.y / 60.0)
	await each_tick(60, func(_tick: int) -> void: move.call())
	check_equal(terrain.dig_box(terrain.global_transform * Vector3(20, 3, 8), Vector3(6, 2, 6), terrain.global_basis), OK)
	# By the clock, because its ground leaves physics when a worker has had the time.
	var end := Time.get_ticks_msec() + PATIENCE_MSEC
	while (bodies.is_empty() or bodies[0].freeze) and Time.get_ticks_msec() < end:
		await each_tick(1, func(_tick: int) -> void: move.call())
		OS.delay_usec(2000)
	check(not bodies.is_empty() and not bodies[0].freeze, "it came off")
	if not bodies.is_empty():
		var wanted := speed + turn.cross(bodies[0].global_position - ship.global_position)
		check(wanted.distance_to(speed) > 6.0, "what this test is about")
		var got := bodies[0].linear_velocity
		check((got - wanted).slide(Vector3.UP).length() < 0.5, "it goes on with %s of %s" % [got, wanted])
		check((bodies[0].angular_velocity - turn).length() < 0.1, "it turns: %s" % bodies[0].angular_velocity)
	ship.free()
