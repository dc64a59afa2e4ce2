extends Node
## Digs, builds and paints where the player looks. What is dug goes into the inventory, and what is built comes
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
			MOUSE_BUTTON_LEFT, MOUSE_BUTTON_RIGHT, MOUSE_BUTTON_MIDDLE:
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


## Holds a button down: the left one digs, the right one builds, the middle one paints.
func press(button: MouseButton) -> void:
	release()
	_held = button
	_wait = 0.0
	terrain.begin_stroke()


func release() -> void:
	if _held != MOUSE_BUTTON_NONE:
		terrain.end_stroke()
	_held = MOUSE_BUTTON_NONE


## Digs, builds or paints once where the player looks.
func use() -> void:
	var hit := aim()
	if hit.is_empty():
		return
	match _held:
		MOUSE_BUTTON_LEFT:
			dig(hit["position"])
		MOUSE_BUTTON_RIGHT:
			build(hit["position"])
		MOUSE_BUTTON_MIDDLE:
			paint(hit["position"])


## The ground that the player looks at, if it is near enough; see VoxelTerrain.raycast().
func aim() -> Dictionary:
	return terrain.raycast(player.eye.position, player.forward(), REACH)


func dig(at: Vector3) -> void:
	if _is_made(terrain.dig_sphere(at, radius)):
		_account()


func build(at: Vector3) -> void:
	# About what half of a sphere needs; the other half is mostly in the ground.
	if inventory.volume(inventory.chosen) < 2.0 * radius ** 3:
		said.emit("You need more %s for a sphere of this size: dig some first." % _name_of(inventory.chosen))
	elif _is_made(terrain.add_sphere(at, radius, inventory.chosen)):
		_account()


## Costs nothing.
func paint(at: Vector3) -> void:
	_is_made(terrain.paint_sphere(at, radius, inventory.chosen))


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


## The inventory gets what the latest edit has removed, and loses what it has added. An undo is an edit
## like others.
func _account() -> void:
	var edit := terrain.get_last_edit()
	for material: int in edit["removed_by_material"]:
		inventory.put(material, edit["removed_by_material"][material])
	for material: int in edit["added_by_material"]:
		inventory.put(material, -edit["added_by_material"][material])


func _name_of(material: int) -> String:
	return terrain.material_library.get_material(material).resource_name


func _turn_back(result: Error, nothing: String) -> void:
	match result:
		OK:
			_account()
		ERR_DOES_NOT_EXIST:
			said.emit(nothing)
		_:
			said.emit("That cannot be taken back now.")
