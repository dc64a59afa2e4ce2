extends Node
## Ground that hangs on nothing falls: the terrain finds it after a dig and makes a body of it.

signal said(message: String)

@export var terrain: VoxelTerrain

var _bodies: Array[RigidBody3D] = []


func _ready() -> void:
	terrain.islands = VoxelTerrain.ISLANDS_FALL
	terrain.island_shape = VoxelTerrain.ISLAND_SHAPE_PIECES
	terrain.island_detached.connect(_on_island_detached)


## Removes what has fallen, as when the world begins again.
func clear() -> void:
	for body in _bodies:
		if is_instance_valid(body):
			body.queue_free()
	_bodies.clear()


func _on_island_detached(body: RigidBody3D, volume: float) -> void:
	if body == null:
		return  # a crumb
	_bodies.append(body)
	said.emit("%.0f m³ came off." % volume)
