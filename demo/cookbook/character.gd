extends "res://cookbook/stage/recipe.gd"
## VoxelCharacterBody3D on a stair, at a wall, and in a trench.

const Walker := preload("res://addons/nebula/character/voxel_character_body_3d.gd")

var _trail: Array[Vector3] = []
var _level := 0.0

@onready var walker: Walker = $Walker


func prepare() -> void:
	set_physics_process(false)
	await super()
	var ground := ground_at(0, 0)
	for step in 6:
		terrain.add_box(ground + Vector3(step * 1.5, step * 0.5 - 2.0, -3), Vector3(1.5, 5.0, 6.0))
	terrain.add_box(ground + Vector3(10.5, 1.0, -3), Vector3(3.0, 5.0, 6.0))
	_level = ground.y
	walker.position = ground_at(-10, -3) + Vector3.UP
	look_from(ground + Vector3(-2, 9, 16), ground + Vector3(0.5, 1.5, -1))
	set_physics_process(not on_tour)


func perform() -> void:
	await _walk_to(ground_at(10.5, -3), false)
	await _walk_to(ground_at(10.5, 4), false)
	await _walk_to(ground_at(-9, 4), true)
	for place in _trail:
		_mark(place)
	say("The dots are where it went; the trench was dug ahead of it.")


func _physics_process(delta: float) -> void:
	var keys := Input.get_vector("ui_left", "ui_right", "ui_up", "ui_down")
	walker.walk(Basis(Vector3.UP, camera.rotation.y) * Vector3(keys.x, 0, keys.y),
			Input.is_action_pressed("ui_accept"), delta)


func _walk_to(goal: Vector3, digs: bool) -> void:
	for tick in 60 * 8:
		var way := Vector3(goal.x - walker.position.x, 0, goal.z - walker.position.z)
		if way.length() < 0.3:
			return
		await get_tree().physics_frame
		if tick % 10 == 0:
			_trail.append(walker.position)
			if digs:
				var ahead := walker.position + way.normalized()
				terrain.dig_sphere(Vector3(ahead.x, _level + 0.2, ahead.z), 1.6)
		walker.walk(way.normalized(), false, 1.0 / 60.0)


func _mark(place: Vector3) -> void:
	var dot := MeshInstance3D.new()
	dot.mesh = SphereMesh.new()
	dot.mesh.radius = 0.12
	dot.mesh.height = 0.24
	dot.position = place + Vector3.UP * 0.15
	add_child(dot)
