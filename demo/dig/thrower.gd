extends Node3D
## Throws crates and balls. They are ordinary bodies of the physics engine: the terrain notices them and
## keeps ground under them.

const Digger := preload("res://dig/digger.gd")
const THROW_SPEED := 13.0
## Older things disappear.
const MOST_THINGS := 40
const CRATE: PackedScene = preload("res://dig/crate.tscn")
const BALL: PackedScene = preload("res://dig/ball.tscn")

@export var terrain: VoxelTerrain
@export var player: Digger


func _unhandled_input(event: InputEvent) -> void:
	if event is InputEventKey and event.pressed and not event.echo and not player.waits:
		match event.keycode:
			KEY_Q:
				throw(CRATE)
			KEY_E:
				throw(BALL)


func throw(kind: PackedScene) -> RigidBody3D:
	if get_child_count() >= MOST_THINGS:
		get_child(0).free()
	var thing: RigidBody3D = kind.instantiate()
	var place := player.eye.position + player.forward() * 1.3
	# With the nose at a wall, it appears where the player is and not in the wall.
	if not terrain.overlap_sphere(place, 0.5).is_empty():
		place = player.eye.position
	thing.transform = Transform3D(player.eye.basis, place)
	thing.linear_velocity = player.velocity + player.forward() * THROW_SPEED
	thing.angular_velocity = player.eye.basis * Vector3(-3, 1, 0)
	add_child(thing)
	return thing


func clear() -> void:
	for thing in get_children():
		thing.queue_free()
