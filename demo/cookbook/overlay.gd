extends "res://cookbook/stage/recipe.gd"
## What costs, and what is waited for: the add-on's overlay over a game that digs in each frame.

const Overlay: PackedScene = preload("res://addons/nebula/overlay/nebula_overlay.tscn")

var _overlay: Control
var _dug := 0


func prepare() -> void:
	_overlay = Overlay.instantiate()
	_overlay.terrain = terrain
	$Screen.add_child(_overlay)
	_overlay.position = Vector2(24, 90)
	await super()
	look_from(ground_at(0, 0) + Vector3(-10, 34, 52), ground_at(-10, 0))


func perform() -> void:
	await _overlay.save_trace()
	DirAccess.remove_absolute(_overlay.trace_path)
	for i in 150:
		camera.position.x = 2.0 * (i - 149) - 10.0  # there is something to load, too
		_dig_here_and_there()
		await get_tree().process_frame


func _process(_delta: float) -> void:
	if not on_tour:
		_dig_here_and_there()


## A spiral of craters, over and over: something to do for everybody.
func _dig_here_and_there() -> void:
	_dug = (_dug + 1) % 400
	var turn := _dug * 0.35
	terrain.dig_sphere(ground_at(cos(turn) * (6.0 + _dug * 0.25), sin(turn) * (6.0 + _dug * 0.25)), 2.5)
