extends Node
## Saves the game and goes back to the latest save. The terrain keeps its ground in a file of its own
## (VoxelWorldStore) and saves it by itself from time to time; where the player stands and what they
## carry is in a small file beside it.

signal said(message: String)

const BrushTool := preload("res://dig/brush_tool.gd")
const Digger := preload("res://dig/digger.gd")
const AUTOSAVE_SECONDS := 30.0

@export var terrain: VoxelTerrain
@export var player: Digger
@export var tool: BrushTool

var path := "user://dig.nebula"
## Why the file cannot be used, or why the latest save has failed.
var problem := ""

var _store := VoxelWorldStore.new()


## Gives the terrain its file, before it enters the tree.
func open() -> void:
	_store.file_path = path
	_store.autosave_interval_sec = AUTOSAVE_SECONDS
	terrain.world_store = _store
	terrain.save_failed.connect(_on_save_failed)


func _unhandled_input(event: InputEvent) -> void:
	if event is InputEventKey and event.pressed and not event.echo and not player.waits:
		match event.keycode:
			KEY_F5:
				save()
			KEY_F9:
				go_back()


## Returns whether everything is safe on the disk.
func save() -> bool:
	problem = await terrain.save()
	if problem.is_empty():
		problem = _save_player()
	said.emit(problem if problem else "Saved.")
	return problem.is_empty()


## Forgets what was changed since the latest save.
func go_back() -> void:
	# While autosave is on, the terrain would save before it lets go of the world.
	_store.autosave_interval_sec = 0
	terrain.regenerate()
	_store.autosave_interval_sec = AUTOSAVE_SECONDS
	player.waits = true
	said.emit("Loading ...")
	await terrain.wait_loaded()
	load_player()
	player.waits = false
	said.emit("Back at the latest save.")


## Puts the player where the file has them. Returns false if there is no such file.
func load_player() -> bool:
	var file := ConfigFile.new()
	if file.load(_player_path()) != OK:
		return false
	player.stand_at(file.get_value("player", "feet", player.position))
	player.eye.rotation = file.get_value("player", "view", Vector3.ZERO)
	tool.inventory.stone = file.get_value("inventory", "stone", 0.0)
	return true


func _on_save_failed(message: String) -> void:
	problem = message
	said.emit(message)


func _save_player() -> String:
	var file := ConfigFile.new()
	file.set_value("player", "feet", player.position)
	file.set_value("player", "view", player.eye.rotation)
	file.set_value("inventory", "stone", tool.inventory.stone)
	var error := file.save(_player_path())
	return "" if error == OK else "Where you stand could not be saved to %s: %s." % [_player_path(), error_string(error)]


func _player_path() -> String:
	return path.get_basename() + ".cfg"
