extends "res://cookbook/stage/recipe.gd"
## What the guide's first page does: a ray finds the ground, a sphere is dug there, and a body falls in.

const Ball: PackedScene = preload("res://dig/ball.tscn")
const REACH := 300.0


func prepare() -> void:
	await super()
	look_from(ground_at(0, 0) + Vector3(-3, 19, 15), ground_at(0, 0))
	if not on_tour:
		_make_crater()


func perform() -> void:
	await _make_crater()
	await ticks(100)


func _unhandled_key_input(event: InputEvent) -> void:
	if event.is_pressed() and not event.is_echo() and event.keycode == KEY_F:
		_make_crater()


func _make_crater() -> void:
	var hit := terrain.raycast(camera.global_position, -camera.global_basis.z, REACH)
	if hit.is_empty():
		return
	terrain.dig_sphere(hit["position"], 6.0)
	say("%.0f cubic metres are gone." % terrain.get_last_edit()["removed"])

	var ball: RigidBody3D = Ball.instantiate()
	ball.position = hit["position"] + Vector3(4.5, 4, 0)
	ball.freeze = true
	add_child(ball)
	# There is ground only where somebody needs it: from now on also here, but not at once.
	if await terrain.ground_ready(ball):
		ball.freeze = false
