extends "res://cookbook/stage/recipe.gd"
## A save slot is a file. To play another one, the terrain gets another store: what was changed is saved,
## and the world begins again from the other file.

const SLOTS := 3

var _slot := 0


func _enter_tree() -> void:
	if on_tour:
		for slot in range(1, SLOTS + 1):
			DirAccess.remove_absolute(_file_of(slot))
	$Terrain.world_store = _store_of(1)
	_slot = 1


func prepare() -> void:
	await super()
	say(_list())
	look_from(ground_at(0, 0) + Vector3(0, 12, 24), ground_at(0, 0) + Vector3.UP * 2)


func perform() -> void:
	_build(1)
	await play(2)
	_build(4)
	await play(3)
	_build(7)
	await play(2)


func _unhandled_key_input(event: InputEvent) -> void:
	var slot: int = event.keycode - KEY_0
	if event.is_pressed() and not event.is_echo() and slot >= 1 and slot <= SLOTS:
		play(slot)


func play(slot: int) -> void:
	_slot = slot
	terrain.world_store = _store_of(slot)
	await terrain.wait_loaded()
	say(_list())


func _store_of(slot: int) -> VoxelWorldStore:
	var store := VoxelWorldStore.new()
	store.file_path = _file_of(slot)
	return store


func _file_of(slot: int) -> String:
	return "user://cookbook_slot%d.nebula" % slot


## What a game's menu would show.
func _list() -> String:
	var line := ""
	for slot in range(1, SLOTS + 1):
		var there := FileAccess.file_exists(_file_of(slot))
		line += ("[slot %d: %s]  " if slot == _slot else "slot %d: %s  ") % [slot, "a world" if there else "empty"]
	return line


func _build(towers: int) -> void:
	for i in towers:
		var foot := ground_at((i - (towers - 1) * 0.5) * 5.0, 0)
		terrain.add_cone(foot + Vector3.DOWN, foot + Vector3.UP * 9.0, 1.8, 0.8)
