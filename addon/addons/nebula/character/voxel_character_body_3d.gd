@icon("../icons/voxel_character_body_3d.svg")
class_name VoxelCharacterBody3D
extends CharacterBody3D
## A character that walks on a [VoxelTerrain] without the physics engine: it asks the voxels, which know
## every edit at once. So it never falls through ground that is being dug, and ground that is added
## onto it pushes it out. It stands on other bodies, too, and pushes them.
##
## Call [method walk] once in every physics tick. The node's origin is at its feet. It needs a
## [CollisionShape3D] only to be in the way of other bodies; against the terrain it is a capsule of
## [member radius] and [member height].
##
## Give the terrain a collision layer of its own. The character takes that layer out of its
## [member CollisionObject3D.collision_mask], because the shapes that the physics engine has of the
## ground are some ticks late.
##
## Copy this script and change it: it is an example.

## How often a motion may be turned aside in one tick.
const MAX_SLIDES := 5
## How often it is pushed out of the ground in one tick, each time out of the nearest.
const MAX_PUSHES := 4
## So much of its radius it moves onto a step at least: further out, its round bottom would touch the
## edge at an angle that is too steep to stand on.
const STEP_SHARE := 0.4

@export var terrain: VoxelTerrain

@export_group("Shape")
@export_range(0.1, 2.0, 0.01, "suffix:m") var radius := 0.4
@export_range(0.2, 8.0, 0.01, "suffix:m") var height := 1.8

@export_group("Movement")
@export_range(0.0, 50.0, 0.1, "suffix:m/s") var speed := 5.0
## How fast it gets to its speed, and comes to rest.
@export_range(1.0, 200.0, 1.0, "suffix:m/s²") var acceleration := 40.0
## The same in the air.
@export_range(0.0, 200.0, 1.0, "suffix:m/s²") var air_acceleration := 10.0
@export_range(0.0, 20.0, 0.1, "suffix:m/s") var jump_speed := 6.5
@export_range(0.0, 50.0, 0.1, "suffix:m/s²") var gravity := 16.0
## What it walks over without a jump, up and down.
@export_range(0.0, 2.0, 0.05, "suffix:m") var step_height := 0.6
## The force with which it pushes bodies.
@export_range(0.0, 1000.0, 1.0, "suffix:N") var push_force := 120.0

## Whether it stands on something on which it can walk.
var grounded := false


func _ready() -> void:
	if terrain == null:
		push_error("%s has no terrain to walk on; set its property `terrain`." % name)
		return
	collision_mask &= ~terrain.collision_layer


## Moves by one tick of [param delta] seconds. [param wish] is where to, in global space and with a
## length of at most 1; its height does not count.
func walk(wish: Vector3, jump: bool, delta: float) -> void:
	if terrain == null:
		return
	_get_out()
	_accelerate(wish, delta)
	if grounded and jump:
		velocity.y = jump_speed
		grounded = false
	if not grounded:
		velocity.y -= gravity * delta
	var was_grounded := grounded
	grounded = false
	_slide(velocity * delta, was_grounded, delta)
	if was_grounded and not grounded and velocity.y <= 0.0:
		_step_down()
	if grounded:
		velocity.y = 0.0


## Ground that was added around it pushes it out.
func _get_out() -> void:
	for push in MAX_PUSHES:
		var inside := terrain.overlap_capsule(_capsule(global_position), radius, height)
		if inside.is_empty():
			return
		global_position += inside["normal"] * inside["depth"]
		velocity -= inside["normal"] * minf(velocity.dot(inside["normal"]), 0.0)


func _accelerate(wish: Vector3, delta: float) -> void:
	var wanted := Vector3(wish.x, 0.0, wish.z).limit_length() * speed
	var change := (acceleration if grounded else air_acceleration) * delta
	var level := Vector3(velocity.x, 0.0, velocity.z).move_toward(wanted, change)
	velocity = Vector3(level.x, velocity.y, level.z)


## Moves by [param motion] and along what is in the way.
func _slide(motion: Vector3, was_grounded: bool, delta: float) -> void:
	for slide in MAX_SLIDES:
		if motion.is_zero_approx():
			return
		var hit := _advance(motion)
		if hit.is_empty():
			return
		motion *= 1.0 - hit["fraction"]
		var normal: Vector3 = hit["normal"]
		if hit["collider"] is RigidBody3D:
			_push(hit["collider"], hit["point"], -normal, delta)
		if _is_walkable(normal):
			grounded = true
			# Uphill at full speed: only the height changes.
			motion.y = maxf(motion.y, -(normal.x * motion.x + normal.z * motion.z) / normal.y)
			velocity.y = maxf(velocity.y, 0.0)
			continue
		if was_grounded and _step_up(motion):
			return
		if was_grounded or grounded:
			# Who walks does not get up what is too steep.
			normal = Vector3(normal.x, minf(normal.y, 0.0), normal.z).normalized()
		motion = motion.slide(normal)
		velocity = velocity.slide(normal)


## Until the body is as fast as the character, with no more than [member push_force].
func _push(body: RigidBody3D, point: Vector3, direction: Vector3, delta: float) -> void:
	var slower_by := (velocity - body.linear_velocity).dot(direction)
	if slower_by > 0.0:
		var impulse := minf(slower_by * body.mass, push_force * delta)
		body.apply_impulse(direction * impulse, point - body.global_position)


## Over a step: up, on, and down onto something on which it can walk. Changes nothing if that fails.
func _step_up(motion: Vector3) -> bool:
	var start := global_position
	var onwards := Vector3(motion.x, 0.0, motion.z)
	if onwards.is_zero_approx():
		return false
	_advance(Vector3.UP * step_height)
	_advance(onwards.normalized() * maxf(onwards.length(), radius * STEP_SHARE))
	var landing := _advance(Vector3.DOWN * (global_position.y - start.y))
	if not landing.is_empty() and _is_walkable(landing["normal"]):
		grounded = true
		return true
	global_position = start
	return false


## Downhill, and down from a step: stays on the ground instead of flying off it.
func _step_down() -> void:
	var start := global_position
	var landing := _advance(Vector3.DOWN * step_height)
	grounded = not landing.is_empty() and _is_walkable(landing["normal"])
	if not grounded:
		global_position = start


## Moves by [param motion] until something is in the way. Returns an empty Dictionary, or the
## [code]fraction[/code] of the motion, the [code]normal[/code], the [code]point[/code] and the
## [code]collider[/code].
func _advance(motion: Vector3) -> Dictionary:
	var start := global_position
	var hit := terrain.sweep_capsule(_capsule(start), radius, height, motion)
	var free := motion if hit.is_empty() else motion * float(hit["fraction"])
	var body := move_and_collide(free)
	if body != null:
		var done := body.get_travel().length() / maxf(motion.length(), 1e-6)
		return {
			"fraction": clampf(done, 0.0, 1.0), "normal": body.get_normal(),
			"point": body.get_position(), "collider": body.get_collider(),
		}
	if hit.is_empty():
		return {}
	# Exactly where the sweep ended, which is never in the ground.
	global_position = hit["position"] + Vector3.DOWN * height * 0.5
	return {
		"fraction": hit["fraction"], "normal": hit["normal"], "point": hit["point"], "collider": terrain,
	}


func _is_walkable(normal: Vector3) -> bool:
	return normal.y >= cos(floor_max_angle)


func _capsule(feet: Vector3) -> Transform3D:
	return Transform3D(Basis.IDENTITY, feet + Vector3.UP * height * 0.5)
