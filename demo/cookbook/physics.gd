extends "res://cookbook/stage/recipe.gd"
## Crates on a cliff. Dig it away under them, and they fall.

const Crate: PackedScene = preload("res://dig/crate.tscn")
const EDGE := 0.82
const ROWS := 6

var _crates: Array[RigidBody3D] = []


func prepare() -> void:
	await super()
	var ground := ground_at(0, 0)
	terrain.add_box(ground + Vector3(0, -4, -8), Vector3(34, 24, 18))
	look_from(ground + Vector3(-8, 13, 13), ground + Vector3(0.5, 6, -2))
	# A pyramid near the edge.
	for row in ROWS:
		for i in ROWS - row:
			var crate: RigidBody3D = Crate.instantiate()
			crate.position = ground + Vector3((i - (ROWS - row - 1) * 0.5) * EDGE * 1.1, 8.0 + (row + 0.5) * EDGE, -2.0)
			crate.freeze = true
			add_child(crate)
			_crates.append(crate)
	for crate in _crates:
		if await terrain.ground_ready(crate):
			crate.freeze = false


func perform() -> void:
	await ticks(60)
	for i in 5:
		terrain.dig_sphere(ground_at(0, -1.2) + Vector3((i - 2) * 2.0, -1.0, 0), 2.4)
		await ticks(6)
	await ticks(50)
	var fallen := _crates.filter(func(crate: RigidBody3D) -> bool: return crate.linear_velocity.length() > 0.5).size()
	say("%d of %d crates are falling or rolling." % [fallen, _crates.size()])
