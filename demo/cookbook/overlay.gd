extends "res://cookbook/stage/recipe.gd"
## What costs, and what is waited for: the add-on's overlay over a game that digs in each frame.

const Overlay: PackedScene = preload("res://addons/nebula/overlay/nebula_overlay.tscn")

var _overlay: Control
var _dug := 0


func prepare() -> void:
	_overlay = Overlay.instantiate()
	_overlay.terrain = terrain
	_overlay.trace_saved.connect(say)
	$Screen.add_child(_overlay)
	_overlay.position = Vector2(24, 100)
	await super()
	look_from(ground_at(0, 0) + Vector3(-10, 34, 52), ground_at(-10, 0))


func perform() -> void:
	for i in 120:
		_dig_here_and_there()
		await get_tree().process_frame
	await _overlay.save_trace()
	if on_tour:
		DirAccess.remove_absolute(_overlay.trace_path)


## A spiral of craters: something to do for everybody.
func _dig_here_and_there() -> void:
	_dug += 1
	var turn := _dug * 0.35
	terrain.dig_sphere(ground_at(cos(turn) * (6.0 + _dug * 0.25), sin(turn) * (6.0 + _dug * 0.25)), 2.5)
