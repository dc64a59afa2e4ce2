extends "res://cookbook/stage/recipe.gd"
## A ramp, half of ice and half of rock, and a field of rubber: each voxel material has a
## PhysicsMaterial of its own, so crates slide or stay, and balls bounce or lie.

const Crate: PackedScene = preload("res://dig/crate.tscn")
const Ball: PackedScene = preload("res://dig/ball.tscn")
const TILT := Basis(Vector3.RIGHT, 0.42)
const RAMP := Vector3(14, 6, 30)
const ICE := AABB(Vector3(-4, 0, 0), Vector3(8, 8, 32))  # its middle, from the ramp's, and its size
const CRATES := 4  # on each half

@onready var library: VoxelMaterialLibrary = terrain.material_library

var _on_ice: Array[RigidBody3D] = []
var _on_rock: Array[RigidBody3D] = []
var _balls: Array[RigidBody3D] = []


func prepare() -> void:
	await super()
	var ramp := ground_at(0, 0) + Vector3(0, 6, 0)
	terrain.add_box(ramp, RAMP, TILT, library.find("rock"))
	terrain.paint_box(ramp + ICE.position, ICE.size, library.find("ice"), TILT)
	terrain.add_box(ground_at(13, 6) + Vector3(0, 1, 0), Vector3(10, 6, 10), Basis.IDENTITY, library.find("rubber"))
	look_from(ramp + Vector3(17, 8, 24), ramp + Vector3(3.5, -1, 0))
	for i in CRATES:
		var along := TILT * Vector3(0, RAMP.y * 0.5 + 0.5, -12.0 + 1.6 * i)
		_on_ice.append(_stand(Crate, ramp + along - Vector3(1.5 + i, 0, 0)))
		_on_rock.append(_stand(Crate, ramp + along + Vector3(1.5 + i, 0, 0)))
		_balls.append(_stand(Ball, ground_at(13, 6) + Vector3(-3 + 2 * i, 11, 3 - 2 * i)))
	for body: RigidBody3D in _on_ice + _on_rock + _balls:
		if await terrain.ground_ready(body):
			body.freeze = false


func perform() -> void:
	await ticks(130)
	say("On ice %d of %d crates slide, on rock %d; %d balls are above the rubber." % [
			_count(_on_ice, func(b: RigidBody3D) -> bool: return b.linear_velocity.length() > 1.0), CRATES,
			_count(_on_rock, func(b: RigidBody3D) -> bool: return b.linear_velocity.length() > 1.0),
			_count(_balls, func(b: RigidBody3D) -> bool: return b.position.y > terrain.ground_height(b.position.x, b.position.z) + 1.0)])


func _stand(scene: PackedScene, at: Vector3) -> RigidBody3D:
	var body: RigidBody3D = scene.instantiate()
	body.transform = Transform3D(TILT if scene == Crate else Basis.IDENTITY, at)
	body.freeze = true
	add_child(body)
	return body


func _count(bodies: Array[RigidBody3D], what: Callable) -> int:
	return bodies.filter(what).size()
