extends "res://cookbook/stage/recipe.gd"
## An island that flies and turns: a VoxelTerrain that is moved. What stands on it goes along, and it is
## dug like any other ground.

const Crate: PackedScene = preload("res://dig/crate.tscn")
const SPEED := 4.0  # metres per second
const TURN := 0.12  # radians per second
const STACK := 4

var _crates: Array[RigidBody3D] = []
var _power := 0.0  # 0 to 1


func prepare() -> void:
	await super()
	look_from(Vector3(-5, 12, 24), Vector3(1, -3, 0))
	terrain.add_box(Vector3(0, -2, 0), Vector3(26, 4, 16))
	for i in 4:
		terrain.add_sphere(Vector3(0, -7.0 - 2.5 * i, 0), 7.0 - 1.5 * i)
	terrain.add_sphere(Vector3(0, -1, -4), 4.0)
	for i in STACK * 2:
		var crate: RigidBody3D = Crate.instantiate()
		crate.position.x = -7.0 if i < STACK else 7.0
		crate.position.y = ground_at(crate.position.x, 0).y + 0.45 + (i % STACK) * 0.83
		crate.freeze = true
		add_child(crate)
		_crates.append(crate)
	for crate in _crates:
		if await terrain.ground_ready(crate):
			crate.freeze = false
	await ticks(60)
	_power = 0.01


func _physics_process(delta: float) -> void:
	if _power == 0.0:
		return
	_power = minf(_power + delta * 0.2, 1.0)
	terrain.position.x += SPEED * _power * delta
	terrain.rotate_y(TURN * _power * delta)
	if on_tour:
		camera.position.x += SPEED * _power * delta


func perform() -> void:
	await ticks(240)
	# Everything that is asked of a terrain is in global space, wherever it is.
	terrain.dig_sphere(terrain.to_global(Vector3(0, 1, 5)), 4.0)
	await ticks(120)
	var aboard := _crates.filter(func(crate: RigidBody3D) -> bool:
		return terrain.to_local(crate.position).y > -1.0).size()
	say("%d of %d crates are aboard after %.0f m." % [aboard, _crates.size(), terrain.position.x])
