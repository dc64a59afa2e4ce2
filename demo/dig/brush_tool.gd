extends Node
## Digs and builds where the player looks. What is dug goes into the inventory, and what is built comes
## from there. All from pressing a button to letting go is one stroke, which undo takes back whole.

signal said(message: String)

const Inventory := preload("res://dig/inventory.gd")
const Digger := preload("res://dig/digger.gd")
const REACH := 9.0
const SECONDS_BETWEEN_EDITS := 0.09
const SMALLEST := 1.0
const LARGEST := 4.0

@export var terrain: VoxelTerrain
@export var player: Digger

var inventory := Inventory.new()
## Of the sphere that is dug or built, in metres.
var radius := 2.0

var _held := MOUSE_BUTTON_NONE
var _wait := 0.0


func _unhandled_input(event: InputEvent) -> void:
	if player.waits:
		return
	if event is InputEventMouseButton:
		match event.button_index:
			MOUSE_BUTTON_LEFT, MOUSE_BUTTON_RIGHT:
				if event.pressed:
					press(event.button_index)
				elif event.button_index == _held:
					release()
			MOUSE_BUTTON_WHEEL_UP:
				radius = minf(radius + 0.25, LARGEST)
			MOUSE_BUTTON_WHEEL_DOWN:
				radius = maxf(radius - 0.25, SMALLEST)
	elif event is InputEventKey and event.pressed:
		match event.keycode:
			KEY_Z:
				undo()
			KEY_Y:
				redo()


func _process(delta: float) -> void:
	if _held == MOUSE_BUTTON_NONE:
		return
	_wait -= delta
	if _wait <= 0.0:
		_wait = SECONDS_BETWEEN_EDITS
		use()


## Holds a button down: the left one digs, the right one builds.
func press(button: MouseButton) -> void:
	release()
	_held = button
	_wait = 0.0
	terrain.begin_stroke()


func release() -> void:
	if _held != MOUSE_BUTTON_NONE:
		terrain.end_stroke()
	_held = MOUSE_BUTTON_NONE


## Digs or builds once where the player looks.
func use() -> void:
	var hit := aim()
	if hit.is_empty():
		return
	if _held == MOUSE_BUTTON_LEFT:
		dig(hit["position"])
	else:
		build(hit["position"])


## The ground that the player looks at, if it is near enough; see VoxelTerrain.raycast().
func aim() -> Dictionary:
	return terrain.raycast(player.eye.position, player.forward(), REACH)


func dig(at: Vector3) -> void:
	if _is_made(terrain.dig_sphere(at, radius)):
		inventory.stone += terrain.get_last_edit()["removed"]


func build(at: Vector3) -> void:
	if inventory.stone < radius ** 3:
		said.emit("You need more stone: dig some first.")
	elif _is_made(terrain.add_sphere(at, radius)):
		inventory.stone -= terrain.get_last_edit()["added"]


## Says why not.
func _is_made(result: Error) -> bool:
	match result:
		OK:
			return true
		ERR_BUSY:
			said.emit("The world is still loading.")
		ERR_FILE_CANT_OPEN:
			said.emit("Nothing can be changed, because the world's file cannot be opened.")
		_:
			said.emit("Nothing can be changed here (%s)." % error_string(result))
	return false


func undo() -> void:
	_turn_back(terrain.undo(), "There is nothing to undo.")


func redo() -> void:
	_turn_back(terrain.redo(), "There is nothing to redo.")


## What an undo gives back to the ground, the inventory loses, and the other way round.
func _turn_back(result: Error, nothing: String) -> void:
	match result:
		OK:
			var edit := terrain.get_last_edit()
			inventory.stone += edit["removed"] - edit["added"]
		ERR_DOES_NOT_EXIST:
			said.emit(nothing)
		_:
			said.emit("That cannot be taken back now.")
