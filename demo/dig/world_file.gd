extends Node
## Saves the game: on F5, from time to time, and when the window is closed. F9 goes back to the latest
## save. The terrain keeps its ground in a file of its own (VoxelWorldStore); where the player stands
## and what they carry is in a small file beside it.

signal said(message: String)
## The world begins again, from its file.
signal going_back

const BrushTool := preload("res://dig/brush_tool.gd")
const Digger := preload("res://dig/digger.gd")
const SECONDS_BETWEEN_SAVES := 60.0

@export var terrain: VoxelTerrain
@export var player: Digger
@export var tool: BrushTool

var path := "user://dig.nebula"
## Why the file cannot be used, or why the latest save has failed.
var problem := ""

var _unsaved_seconds := 0.0


## Gives the terrain its file, before it enters the tree.
func open() -> void:
	var store := VoxelWorldStore.new()
	store.file_path = path
	# This script saves. A terrain that saves by itself does so, too, when it lets go of a world, and
	# there would be nothing to go back to.
	store.autosave_interval_sec = 0.0
	terrain.world_store = store
	terrain.save_failed.connect(_on_save_failed)


func _process(delta: float) -> void:
	_unsaved_seconds += delta
	if _unsaved_seconds > SECONDS_BETWEEN_SAVES and not player.waits:
		save()


## When the window is closed, the game waits for the save. If that fails, it says so and stays open
## until the window is closed again.
func _notification(what: int) -> void:
	if what == NOTIFICATION_ENTER_TREE:
		get_tree().auto_accept_quit = false
	elif what == NOTIFICATION_EXIT_TREE:
		get_tree().auto_accept_quit = true
	elif what == NOTIFICATION_WM_CLOSE_REQUEST:
		if problem or await save():
			get_tree().quit()


func _unhandled_input(event: InputEvent) -> void:
	if event is InputEventKey and event.pressed and not event.echo and not player.waits:
		match event.keycode:
			KEY_F5:
				save()
			KEY_F9:
				go_back()


## Returns whether everything is safe on the disk.
func save() -> bool:
	_unsaved_seconds = 0.0
	problem = await terrain.save()
	if problem.is_empty():
		problem = _save_player()
	said.emit(problem if problem else "Saved.")
	return problem.is_empty()


## Forgets what was changed since the latest save.
func go_back() -> void:
	player.waits = true
	said.emit("Loading ...")
	going_back.emit()
	terrain.regenerate()
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
	tool.inventory.from_dictionary(file.get_value("player", "inventory", {}))
	return true


func _on_save_failed(message: String) -> void:
	problem = message
	said.emit(message)


func _save_player() -> String:
	var file := ConfigFile.new()
	file.set_value("player", "feet", player.position)
	file.set_value("player", "view", player.eye.rotation)
	file.set_value("player", "inventory", tool.inventory.to_dictionary())
	var error := file.save(_player_path())
	return "" if error == OK else "Where you stand could not be saved to %s: %s." % [_player_path(), error_string(error)]


func _player_path() -> String:
	return path.get_basename() + ".cfg"
