extends "res://cookbook/stage/recipe.gd"
## Strokes: undo takes back all of one at once.

const TOWERS := 6
const STOREYS := 15


func prepare() -> void:
	terrain.undo_limit_mb = 64.0
	await super()
	look_from(ground_at(0, 0) + Vector3(-6, 14, 26), ground_at(0, 0) + Vector3(0, 4, 0))
	for i in TOWERS:
		await _build_tower(ground_at((i - 2.5) * 7.0, 0))


func perform() -> void:
	terrain.undo()
	terrain.undo()
	terrain.undo()
	terrain.redo()
	say("Six towers were built, three undone, and one redone.")


func _unhandled_input(event: InputEvent) -> void:
	if event is InputEventKey and event.pressed:
		if event.keycode == KEY_Z and terrain.undo() == ERR_DOES_NOT_EXIST:
			say("There is nothing to undo.")
		elif event.keycode == KEY_Y and terrain.redo() == ERR_DOES_NOT_EXIST:
			say("There is nothing to redo.")


## A stroke may last as long as a button is held down. This one takes a frame for each storey.
func _build_tower(foot: Vector3) -> void:
	terrain.begin_stroke()
	for storey in STOREYS:
		var turn := storey * 0.55
		var aside := Vector3(cos(turn), 0, sin(turn)) * 0.9
		terrain.add_sphere(foot + aside + Vector3.UP * storey * 0.75, 1.9 - storey * 0.06)
		await get_tree().process_frame
	terrain.end_stroke()
